// SPDX-License-Identifier: MIT
// heddle's demo: four measurements and a report of them. With --client it is the second one's load
// generator.
#include "child_process.hpp"
#include "client.hpp"
#include "console.hpp"
#include "contrast_report.hpp"
#include "output_file.hpp"
#include "report.hpp"
#include "settings.hpp"
#include "timeline.hpp"

#include <cstdio>
#include <exception>
#include <string>

namespace {

void show(const lab::table& what) {
  std::printf("\n%s", lab::as_text(what).c_str());
  std::fflush(stdout);
}

void measure_contrast(const lab::settings& with, lab::results& into) {
  lab::say_part("part 4: one job, five ways, with an echo beside it");
  into.contrast = lab::run_contrast(with);
  for (const lab::job_contrast* job : {&into.contrast.computing, &into.contrast.mixed}) {
    show(times_of(into.contrast, *job));
    show(echo_of(into.contrast, *job));
    show(scaling_of(into.contrast, *job));
  }
}

lab::results measure(const lab::settings& with) {
  lab::results all;
  lab::say_part("part 1: 20 pages of 50 ms, one after another and at once");
  all.pages = lab::run_pages(with);
  show(table_of(all.pages));
  lab::say_part("part 2: a service under " + lab::grouped(with.load.connections) +
                " keep-alive connections");
  all.service = lab::run_load(with);
  show(rates_of(all.service));
  show(loops_of(all.service.without_pause));
  show(loops_of(all.service.with_pause));
  lab::say_part("part 3: a picture computed by " + std::to_string(with.rows) + " fibers");
  all.cpu = lab::run_cpu_job(with);
  show(times_of(all.cpu));
  show(jobs_of(all.cpu));
  measure_contrast(with, all);
  return all;
}

int demo(const lab::settings& with) {
  lab::require_writable(with.output);  // or one would learn of a wrong path after a minute
  if (!with.picture.empty()) lab::require_writable(with.picture);
  const lab::results all = measure(with);
  lab::say_part("part 5: what the loops did, in the report");
  lab::write_file(with.output, lab::report_of(all, with));
  lab::say("written: " + with.output);
  if (!with.picture.empty()) {
    const std::string title = "A picture computed by " + std::to_string(with.rows) + " fibers on " +
                              std::to_string(with.loops) + " loops";
    lab::write_file(with.picture, lab::loops_file(all.cpu.all_loops.spans, title));
    lab::say("written: " + with.picture);
  }
  show(summary_of(all));
  if (all.good()) return 0;
  std::fprintf(stderr, "\nFAILED: %llu pages, %llu requests or connections%s%s\n",
               static_cast<unsigned long long>(all.pages.failed),
               static_cast<unsigned long long>(all.service.failed()),
               all.cpu.agree() ? "" : "; the pictures differ",
               all.contrast.right() ? "" : "; not all ways counted the same primes");
  return 1;
}

}  // namespace

int main(int count, char** arguments) {
  try {
    lab::settings with;
    int status = 0;
    if (!lab::read_command_line(count, arguments, with, status)) return status;
    if (!with.client) return demo(with);
    lab::end_with_parent();
    return lab::run_client(with) ? 0 : 1;
  } catch (const std::exception& error) {
    std::fprintf(stderr, "heddle_demo: %s\n", error.what());
    return 1;
  }
}
