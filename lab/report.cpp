// SPDX-License-Identifier: MIT
// The page, section by section.
#include "report.hpp"

#include "contrast_report.hpp"
#include "report_parts.hpp"
#include "report_style.hpp"
#include "timeline.hpp"

#include <array>
#include <ctime>
#include <string_view>
#include <utility>
#include <vector>

#include <sys/utsname.h>

namespace lab {
namespace {

std::string pages_section(const pages_result& result) {
  const page_run& one = result.one_loop;
  const double awake = 100 * (1 - share(one.at_once.loops, 0, span::kind::asleep));
  std::string body = paragraph(
      "Does a program have to wait twenty times for twenty answers? Each page sleeps 50&nbsp;ms in "
      "its "
      "fiber, as if it asked a database; service and client share one runtime.",
      "question");
  body += as_html(table_of(result));
  body += figure(
      "One loop, that is one thread, served and fetched all of this. A bar is a page "
      "from its connection to its last byte.",
      draw_fetches(one));
  body += paragraph(
      "Nothing went faster: the pages waited at the same time. While all twenty were "
      "under way the loop was awake for " +
      decimal(awake, 0) + " % of the time.");
  return section("pages", "1. Twenty pages that take a while",
                 {{"speedup", decimal(one.speed_up(), 3)},
                  {"fetched", std::to_string(result.fetched)},
                  {"failed", std::to_string(result.failed)}},
                 body);
}

std::string service_section(const load_result& result) {
  const load_run& full = result.without_pause;
  const load_run& paced = result.with_pause;
  const std::string pause = std::to_string(result.pause.count()) + " ms";
  std::string body = paragraph(
      "What does a fiber for each of " + grouped(result.connections) +
          " clients cost, and who serves whom? The pages are made at once; the clients are a "
          "process of their own on the same machine.",
      "question");
  body += as_html(rates_of(result));
  const auto asked = 1000 * result.connections / static_cast<std::uint64_t>(result.pause.count());
  body += paragraph(
      "Clients that never pause ask for all that the machine can give: that row's pages/s is the "
      "throughput of both ends together, and its times are mostly the queue of the others. Clients "
      "that pause " +
      pause + " on average, as people and programs do, ask for " + grouped(asked) +
      " pages/s at most, which leaves the machine room: that row's p50 and p99 are what a client "
      "feels.");
  body += as_html(loops_of(full)) + as_html(loops_of(paced));
  body += paragraph(
      "A connection counts for the loop that made most of its pages. Its fiber is stolen when its "
      "own loop is busy and another one free; then several loops make its pages. This happened "
      "to " +
      grouped(full.moved) + " of the connections that never pause, and to " + grouped(paced.moved) +
      " of those that do.");
  return section("service", "2. A service under " + plural(result.connections, "connection"),
                 {{"connections", decimal(paced.client.connected, 0)},
                  {"rate", decimal(full.requests_per_second(), 0)},
                  {"p99-ms", decimal(paced.client.p99_ms, 3)},
                  {"requests", decimal(full.client.requests + paced.client.requests, 0)},
                  {"failed", std::to_string(result.failed())}},
                 body);
}

std::string cpu_section(const cpu_result& result) {
  const double gain = result.plain.best_ms() / result.all_loops.best_ms();
  std::string body = paragraph(
      "Do fibers make computing faster? A picture is computed by a fiber for each row, all spawned "
      "by one fiber that says nothing of where they are to run.",
      "question");
  body += as_html(times_of(result)) + as_html(jobs_of(result));
  const auto loops = result.all_loops.loops.size();
  const double cpus = result.all_loops.cpus();
  std::string answer = "On one loop they do not: nobody waits, so there is nothing to overlap. ";
  if (loops > 1) {
    answer += "On " + std::to_string(loops) +
              " loops the idle ones steal rows from the one that has them, and the job is done " +
              times(gain) + " as fast as by plain calls. ";
  }
  if (cpus < 0.9 * static_cast<double>(loops)) {
    answer += "Other programs were busy on this machine: the " + plural(loops, "loop") + " had " +
              decimal(cpus, 2) + " CPUs between them.";
  }
  body += paragraph(answer);
  return section("cpu", "3. A picture to compute",
                 {{"speedup", decimal(gain, 3)},
                  {"loops", std::to_string(loops)},
                  {"agree", result.agree() ? "yes" : "no"}},
                 body);
}

std::string timeline_section(const results& all) {
  std::string body = paragraph(
      "What did the loops do meanwhile? Drawn from the records that each loop keeps of itself: who "
      "ran when, what was stolen, when it slept.",
      "question");
  body += loops_legend();
  const auto add = [&body](std::string_view title, std::string_view says, const timeline& spans) {
    body += "<h3>" + escaped(title) + "</h3>\n";
    body += figure(escaped(says), draw_loops(spans, title));
  };
  add("20 pages at once, one loop", "Some work at both ends, and sleep while everybody waits.",
      all.pages.one_loop.at_once.loops);
  add("The picture, one loop", "One row after the other; no sleep, and no time to win.",
      all.cpu.one_loop.spans);
  add("The picture, " + plural(all.cpu.all_loops.loops.size(), "loop"),
      "The loop that spawned the rows keeps some; the others steal theirs.",
      all.cpu.all_loops.spans);
  const std::string clients = plural(all.service.connections, "connection");
  add("The service, " + clients + " that pause",
      "Some milliseconds half way. A loop runs a fiber for each page and sleeps in between.",
      all.service.with_pause.spans);
  add("The service, " + clients + " that never pause",
      "The same, with no room left to sleep. Clients and service share the CPUs: a bar of a "
      "millisecond or more is a loop that the kernel put aside meanwhile, not a long page.",
      all.service.without_pause.spans);
  std::size_t records = 0;
  for (const timeline* one :
       {&all.pages.one_loop.at_once.loops, &all.cpu.one_loop.spans, &all.cpu.all_loops.spans,
        &all.service.with_pause.spans, &all.service.without_pause.spans}) {
    for (const auto& loop : one->loops) records += loop.size();
  }
  return section("timeline", "5. What the loops did", {{"spans", std::to_string(records)}}, body);
}

std::string machine(const settings& with) {
  utsname system{};
  ::uname(&system);
  std::array<char, 64> when{};
  const std::time_t now = std::time(nullptr);
  std::tm local{};
  ::localtime_r(&now, &local);
  std::strftime(when.data(), when.size(), "%Y-%m-%d %H:%M", &local);
  return "heddle " HEDDLE_VERSION ", " + std::string(when.data()) + ", " +
         plural(with.loops, "loop") + ", " + system.sysname + " " + system.release + " " +
         system.machine + ", compiler " __VERSION__ + (with.quick ? "; a quick run" : "");
}

std::string summary(const results& all) {
  return "<div class=\"answer\">\n" + as_html(summary_of(all)) + "</div>\n" +
         paragraph(
             "Concurrency is many things under way; parallelism is many things at the same "
             "moment. Who waits needs the first and gets it from one thread; who computes "
             "needs the second, and one loop, with however many fibers, has none to give.");
}

}  // namespace

bool results::good() const {
  return pages.failed == 0 && service.failed() == 0 && cpu.agree() && contrast.right() &&
         service.with_pause.client.requests > 0 && service.without_pause.client.requests > 0;
}

table summary_of(const results& all) {
  const std::string loops = "fibers, " + plural(all.cpu.all_loops.loops.size(), "loop");
  table made{{"", "one after another", "fibers, 1 loop", loops}, {}};
  const auto gained = [](double time, double before) {
    return milliseconds(time) + "  (" + times(before / time) + ")";
  };
  const page_run& one = all.pages.one_loop;
  const page_run& many = all.pages.all_loops;
  made.rows.push_back({"waiting: " + std::to_string(page_count) + " pages of 50 ms",
                       milliseconds(one.one_by_one.total_ms),
                       gained(one.at_once.total_ms, one.one_by_one.total_ms),
                       gained(many.at_once.total_ms, one.one_by_one.total_ms)});
  const double plain = all.cpu.plain.best_ms();
  made.rows.push_back({"computing: " + std::to_string(all.cpu.rows) + " rows of a picture",
                       milliseconds(plain), gained(all.cpu.one_loop.best_ms(), plain),
                       gained(all.cpu.all_loops.best_ms(), plain)});
  return made;
}

std::string report_of(const results& all, const settings& with) {
  return "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
         "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
         "<title>heddle: waiting, serving, computing</title>\n<style>\n" +
         palette() + chart_style() + page_style() +
         "</style>\n</head>\n<body>\n<h1>Waiting costs a fiber, computing costs a core</h1>\n" +
         paragraph(escaped(machine(with)), "quiet") + summary(all) + pages_section(all.pages) +
         service_section(all.service) + cpu_section(all.cpu) + contrast_section(all.contrast, 4) +
         timeline_section(all) + "</body>\n</html>\n";
}

}  // namespace lab
