// SPDX-License-Identifier: MIT
// The Mandelbrot set, a fiber a row. Rows through its middle cost a hundred times those at its
// edge, so sharing the rows out in advance would leave loops idle: they are taken by whoever is
// free.
#include "cpu_job.hpp"

#include "console.hpp"
#include "loop_map.hpp"
#include "stopwatch.hpp"

#include <heddle/runtime/runtime.hpp>
#include <heddle/runtime/task.hpp>

#include <algorithm>
#include <utility>

namespace lab {
namespace {

constexpr unsigned most_steps = 3000;

/// Returns how many steps a row of the picture takes.
std::uint64_t compute_row(unsigned row, unsigned rows, unsigned columns) {
  std::uint64_t steps = 0;
  const double y = -1.2 + 2.4 * row / rows;
  for (unsigned column = 0; column < columns; ++column) {
    const double x = -2.2 + 3.0 * column / columns;
    double re = 0;
    double im = 0;
    unsigned n = 0;
    for (; n < most_steps && re * re + im * im < 4; ++n) {
      const double next = re * re - im * im + x;
      im = 2 * re * im + y;
      re = next;
    }
    steps += n;
  }
  return steps;
}

void stop(const stopwatch& time, cpu_run& into) {
  into.rounds_ms = {time.wall_ms()};
  into.cpu_ms = time.cpu_ms();
}

struct computed_row {
  std::uint64_t steps = 0;
  unsigned loop = 0;
};

struct job_size {
  unsigned rows;
  unsigned columns;
};

cpu_run plain_calls(job_size size) {
  cpu_run done;
  const stopwatch time;
  for (unsigned row = 0; row < size.rows; ++row) {
    done.steps += compute_row(row, size.rows, size.columns);
  }
  stop(time, done);
  return done;
}

/// Spawns a fiber for each row and adds up what they return. Nothing here says where they run.
cpu_run as_fibers(job_size size, const loop_map& map) {
  cpu_run done;
  done.loops.resize(map.loops());
  std::vector<heddle::fiber_id> ids;
  const heddle::fiber_id first = mark();
  const stopwatch time;
  std::vector<heddle::task<computed_row>> rows;
  for (unsigned row = 0; row < size.rows; ++row) {
    rows.push_back(heddle::spawn([&map, size, row] {
      return computed_row{compute_row(row, size.rows, size.columns), map.here()};
    }));
    ids.push_back(rows.back().id());
  }
  for (auto& row : rows) {
    const computed_row result = row.join();
    done.steps += result.steps;
    ++done.loops[result.loop].run;
  }
  stop(time, done);
  const heddle::fiber_id last = mark();
  done.spans = between(heddle::runtime::current().trace(), first, last);
  for (std::size_t n = 0; n < ids.size(); ++n) {
    done.spans.names[ids[n]] = "row " + std::to_string(n);
  }
  return done;
}

void count_stolen(cpu_run& of) {
  for (std::size_t loop = 0; loop < of.spans.loops.size(); ++loop) {
    for (const span& one : of.spans.loops[loop]) {
      if (one.what == span::kind::stolen && of.spans.names.count(one.who) != 0) {
        ++of.loops.at(loop).stolen;
      }
    }
  }
}

cpu_run on_loops(unsigned loops, job_size size) {
  heddle::config runtime_settings;
  runtime_settings.loops = loops;
  runtime_settings.trace_events = 1 << 14;
  cpu_run done = heddle::run(runtime_settings, [&] {
    const loop_map map(heddle::runtime::current());
    return as_fibers(size, map);
  });
  count_stolen(done);
  return done;
}

/// Keeps all times, and the rest of the faster one.
void keep_better(cpu_run& best, cpu_run&& next) {
  std::vector<double> all = best.rounds_ms;
  all.insert(all.end(), next.rounds_ms.begin(), next.rounds_ms.end());
  if (best.rounds_ms.empty() || next.best_ms() < best.best_ms()) {
    const std::string name = best.name;
    best = std::move(next);
    best.name = name;
  }
  best.rounds_ms = all;
}

}  // namespace

double cpu_run::best_ms() const { return *std::min_element(rounds_ms.begin(), rounds_ms.end()); }

double cpu_run::median_ms() const {
  std::vector<double> sorted = rounds_ms;
  std::sort(sorted.begin(), sorted.end());
  return sorted[sorted.size() / 2];
}

bool cpu_result::agree() const {
  return plain.steps == one_loop.steps && plain.steps == all_loops.steps;
}

cpu_result run_cpu_job(const settings& with) {
  const job_size size{with.rows, with.columns};
  cpu_result result;
  result.rows = with.rows;
  result.plain.name = "plain calls, no fiber";
  result.one_loop.name = "fibers on 1 loop";
  result.all_loops.name = "fibers on " + std::to_string(with.loops) +
                          (with.loops == 1 ? " loop (all there are)" : " loops");
  // The ways take turns: a neighbour's load then falls on all of them.
  for (unsigned round = 1; round <= with.rounds; ++round) {
    cpu_run plain = plain_calls(size);
    cpu_run one = on_loops(1, size);
    cpu_run all = on_loops(with.loops, size);
    say("round " + std::to_string(round) + ": plain calls " + milliseconds(plain.best_ms()) + ", " +
        result.one_loop.name + " " + milliseconds(one.best_ms()) + ", " + result.all_loops.name +
        " " + milliseconds(all.best_ms()));
    keep_better(result.plain, std::move(plain));
    keep_better(result.one_loop, std::move(one));
    keep_better(result.all_loops, std::move(all));
  }
  return result;
}

table times_of(const cpu_result& result) {
  table made{{std::to_string(result.rows) + " rows", "best", "median", "CPUs at work", "speed-up"},
             {}};
  for (const cpu_run* run : {&result.plain, &result.one_loop, &result.all_loops}) {
    made.rows.push_back({run->name, milliseconds(run->best_ms()), milliseconds(run->median_ms()),
                         decimal(run->cpus(), 2), times(result.plain.best_ms() / run->best_ms())});
  }
  return made;
}

table jobs_of(const cpu_result& result) {
  table made{{"", "rows computed", "of them stolen", "computing", "asleep"}, {}};
  const auto percent = [](double part) { return decimal(100 * part, 0) + " %"; };
  for (const cpu_run* run : {&result.one_loop, &result.all_loops}) {
    for (std::size_t n = 0; n < run->loops.size(); ++n) {
      const double busy =
          share(run->spans, n, span::kind::own) + share(run->spans, n, span::kind::stolen);
      made.rows.push_back(
          {(run == &result.one_loop ? "1 loop: loop " : "all loops: loop ") + std::to_string(n),
           grouped(run->loops[n].run), grouped(run->loops[n].stolen), percent(busy),
           percent(share(run->spans, n, span::kind::asleep))});
    }
  }
  return made;
}

}  // namespace lab
