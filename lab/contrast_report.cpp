// SPDX-License-Identifier: MIT
// Part 4 in words and numbers.
#include "contrast_report.hpp"

#include "contrast_pictures.hpp"
#include "contrast_scaling.hpp"
#include "report_parts.hpp"
#include "timeline.hpp"

namespace lab {
namespace {

std::string job_words(const prime_job& job) {
  const std::string wait = std::to_string(job.wait.count()) + " ms wait";
  return std::to_string(job.pieces) + " pieces" +
         (job.wait.count() > 0 ? ", " + wait + " each" : "");
}

std::string late(const contrast_run& run) { return milliseconds(percentile(run.busy_ms, 0.99)); }

/// Returns a run that is known to be there.
const contrast_run& run_of(const job_contrast& of, setup with) {
  const contrast_run* const found = of.find(with);
  return found != nullptr ? *found : of.runs.front();
}

template <class Row>
table of_usual_runs(const contrast_result& all, const job_contrast& of, table into, Row row) {
  for (const setup& with : usual_setups(all.cpus, of.job)) {
    if (const contrast_run* const run = of.find(with)) into.rows.push_back(row(*run));
  }
  return into;
}

std::string fraction(const std::optional<double>& value) {
  return value ? decimal(*value, 3) : "-";
}

std::string question() {
  return paragraph(
      "What is concurrency without parallelism, what is parallelism, and what does either do to "
      "everybody else? One job, to count primes, in five ways: fibers on one loop; threads under "
      "one lock, as Python's have it, which give way every 5&nbsp;ms; a thread for each piece; "
      "fibers on all loops; the CPU pool. Beside each, on the same loops, an echo over TCP is "
      "asked every millisecond. The threads' echo has a loop of its own; under the lock it also "
      "waits for its turn at that, as everything does in such a program.",
      "question");
}

/// Returns a remark if the machine had other things to do: then the times say little.
std::string busy_words(const contrast_result& all) {
  double cpu_ms = 0;
  double wall_ms = 0;
  for (const way how : {way::loops, way::cpu_pool}) {
    const contrast_run& run = run_of(all.computing, {how, all.cpus});
    cpu_ms += run.cpu_ms;
    wall_ms += run.wall_ms;
  }
  if (cpu_ms > 0.9 * all.cpus * wall_ms) return "";
  return " Other programs were busy on this machine: loops and pool had " +
         decimal(cpu_ms / wall_ms, 2) + " of the " + plural(all.cpus, "CPU") +
         ", so the times here are larger, and the gains smaller, than it can give.";
}

std::string computing_words(const contrast_result& all) {
  const job_contrast& job = all.computing;
  const contrast_run& one = run_of(job, {way::one_loop, 1});
  const contrast_run& lock = run_of(job, {way::global_lock, all.cpus});
  const contrast_run& loops = run_of(job, {way::loops, all.cpus});
  const contrast_run& pool = run_of(job, {way::cpu_pool, all.cpus});
  return paragraph(
      "One loop and one lock are concurrency without parallelism: " + times(job.speed_up(one)) +
      " and " + times(job.speed_up(lock)) +
      " as fast as plain calls. All loops and the pool are "
      "parallel: " +
      times(job.speed_up(loops)) + " and " + times(job.speed_up(pool)) +
      ". The "
      "echo tells them apart: one in a hundred is more than " +
      late(one) + " late on one loop, " + late(loops) + " on loops that all compute, " +
      late(pool) + " beside the pool." + busy_words(all));
}

std::string mixed_words(const contrast_result& all) {
  const job_contrast& job = all.mixed;
  const contrast_run& one = run_of(job, {way::one_loop, 1});
  const contrast_run& pool = run_of(job, {way::cpu_pool, all.cpus});
  return paragraph("Here each piece first waits 2&nbsp;ms. One loop gains by that, " +
                   times(job.speed_up(one)) +
                   ": the pieces wait at the same time, and only what computes is "
                   "left. The most is a fiber for each wait and the pool for what computes: " +
                   times(job.speed_up(pool)) + ".");
}

std::string job_part(const contrast_result& all, const job_contrast& of) {
  std::string text = as_html(times_of(all, of));
  text +=
      figure("Short blue is a job that is soon done, short orange an echo that does not notice it.",
             ways_legend() + draw_ways(of, all.cpus));
  return text + as_html(echo_of(all, of));
}

std::string scaling_words(const contrast_result& all) {
  const std::string cpus = plural(all.cpus, "CPU");
  return paragraph(
      "Against one worker of the same way, with two laws fitted. Amdahl's serial fraction is the "
      "share of the work that does not get quicker; the universal scalability law splits it in "
      "sigma, what only one at a time can do, and kappa, what each pair of workers costs. <strong>"
      "There are " +
      cpus +
      " here</strong>: more workers than that share them, so the curve has "
      "its knee at " +
      std::to_string(all.cpus) +
      ", and what a fit over all points calls serial "
      "is mostly the CPUs that are not there. The fraction up to " +
      cpus + " is the program's own, if nothing else wanted them.");
}

/// Returns what there is to see in a picture of speed-ups, as measured.
std::string gains(const contrast_result& all, const job_contrast& of) {
  const std::string cpus = std::to_string(all.cpus);
  std::string text = of.job.wait.count() > 0 ? "The mixed job" : "The computing job";
  text += ": points as measured, lines as the universal law fits them. With n = " + cpus;
  for (const scaling_curve& curve : curves_of(all, of)) {
    for (const scaling_point& point : curve.points) {
      if (point.workers != all.cpus) continue;
      text += ", " + std::string(curve.of.name) + " " + times(point.speed_up);
    }
  }
  return text + (of.job.wait.count() > 0
                     ? "; the lock gains as far as its threads wait without it."
                     : "; the lock has nothing to gain, however many threads it has.");
}

std::string scaling_part(const contrast_result& all) {
  std::string text = "<h3>More workers</h3>\n" + scaling_words(all);
  for (const job_contrast* job : {&all.computing, &all.mixed}) {
    text += figure(gains(all, *job), scaling_legend() + draw_scaling(all, *job));
    text += as_html(scaling_of(all, *job));
  }
  return text;
}

std::string timelines(const contrast_result& all) {
  std::string text =
      "<h3>What loops, threads and the echo did</h3>\n" + waits_legend() + loops_legend();
  const auto add = [&](setup with, std::string_view says) {
    const contrast_run* const run = all.computing.find(with);
    if (run == nullptr) return;
    text += "<h3>" + escaped(name_of(with)) + "</h3>\n";
    text +=
        figure(says, draw_waits(*run) + (run->turns.empty() ? draw_loops(run->spans, name_of(with))
                                                            : draw_turns(*run, name_of(with))));
  };
  add({way::one_loop, 1},
      "Green is somebody who waits for an echo: the pieces stand in line before it.");
  add({way::global_lock, all.cpus},
      "Blue is a thread that has the lock: however many there are, no two compute at once.");
  add({way::loops, all.cpus},
      "Orange pieces are stolen, so the job is shorter; but no loop is free, and the echo waits.");
  add({way::loops_one_free, all.cpus},
      "A loop that has no piece takes the echo over: dots, and a bar where it was not quick.");
  add({way::cpu_pool, all.cpus},
      "The loop sleeps between questions: the pool's threads compute, and all CPUs are in use.");
  return text;
}

}  // namespace

table times_of(const contrast_result& all, const job_contrast& of) {
  table made{{job_words(of.job), "time", "CPU time", "speed-up", "efficiency"}, {}};
  const auto row = [&](const std::string& name, double wall_ms, double cpu_ms) {
    const double gain = of.serial_ms / wall_ms;
    return std::vector<std::string>{name, milliseconds(wall_ms), milliseconds(cpu_ms), times(gain),
                                    decimal(100 * gain / all.cpus, 0) + " %"};
  };
  made.rows.push_back(row("plain calls", of.serial_ms, of.serial_cpu_ms));
  return of_usual_runs(all, of, made, [&](const contrast_run& run) {
    return row(name_of(run.with), run.wall_ms, run.cpu_ms);
  });
}

table echo_of(const contrast_result& all, const job_contrast& of) {
  table made{{"echo, late by", "idle p50", "p99", "max", "beside the job p50", "p99", "max"}, {}};
  return of_usual_runs(all, of, made, [&](const contrast_run& run) {
    std::vector<std::string> cells{name_of(run.with)};
    for (const auto* late_ms : {&run.idle_ms, &run.busy_ms}) {
      for (const double part : {0.5, 0.99, 1.0}) {
        cells.push_back(milliseconds(percentile(*late_ms, part)));
      }
    }
    return cells;
  });
}

table scaling_of(const contrast_result& all, const job_contrast& of) {
  table made{{job_words(of.job)}, {}};
  for (const unsigned n : all.workers) made.head.push_back("n = " + std::to_string(n));
  const std::string cpus = std::to_string(all.cpus);
  for (const std::string& name :
       {"serial, to " + cpus, std::string("serial, all"), std::string("sigma"),
        std::string("kappa"), std::string("peak at")}) {
    made.head.push_back(name);
  }
  for (const scaling_curve& curve : curves_of(all, of)) {
    std::vector<std::string> cells{std::string(curve.of.name)};
    for (const scaling_point& point : curve.points) cells.push_back(times(point.speed_up));
    cells.push_back(fraction(curve.serial_to_cpus));
    cells.push_back(fraction(curve.serial));
    cells.push_back(curve.usl ? decimal(curve.usl->sigma, 3) : "-");
    cells.push_back(curve.usl ? decimal(curve.usl->kappa, 4) : "-");
    const auto peak = curve.usl ? curve.usl->best_workers() : std::nullopt;
    cells.push_back(peak ? decimal(*peak, 1) : "-");
    made.rows.push_back(cells);
  }
  return made;
}

std::string contrast_section(const contrast_result& all, unsigned part) {
  std::string body = question();
  body += "<h3>A job that only computes</h3>\n" + computing_words(all);
  body += job_part(all, all.computing);
  body += "<h3>A job that waits and computes</h3>\n" + mixed_words(all);
  body += job_part(all, all.mixed);
  body += scaling_part(all) + timelines(all);
  const contrast_run& pool = run_of(all.computing, {way::cpu_pool, all.cpus});
  const contrast_run& one = run_of(all.computing, {way::one_loop, 1});
  return section("contrast", std::to_string(part) + ". One job, five ways",
                 {{"right", all.right() ? "yes" : "no"},
                  {"primes", std::to_string(all.computing.primes)},
                  {"runs", std::to_string(all.computing.runs.size() + all.mixed.runs.size())},
                  {"rounds", std::to_string(all.rounds)},
                  {"pool-speedup", decimal(all.computing.speed_up(pool), 3)},
                  {"pool-echo-p99-ms", decimal(percentile(pool.busy_ms, 0.99), 3)},
                  {"loop-echo-p99-ms", decimal(percentile(one.busy_ms, 0.99), 3)}},
                 body);
}

}  // namespace lab
