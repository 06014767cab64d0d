// SPDX-License-Identifier: MIT
// Rounds of setups, each with its own runtime and echo.
#include "contrast.hpp"

#include "console.hpp"
#include "echo.hpp"
#include "global_lock.hpp"
#include "stopwatch.hpp"
#include "text.hpp"
#include "ways.hpp"

#include <heddle/io/tcp.hpp>
#include <heddle/runtime/runtime.hpp>
#include <heddle/runtime/task.hpp>

#include <algorithm>
#include <thread>
#include <utility>

namespace lab {
namespace {

using namespace std::chrono_literals;
using heddle::clock;

constexpr auto idle_time = 60ms;    // of the echo, before the job begins
constexpr double budget_ms = 25e3;  // no round begins that would end later
constexpr auto wait_of_mixed = 2ms;

double ms_between(clock::time_point from, clock::time_point to) {
  return std::chrono::duration<double, std::milli>(to - from).count();
}

bool on_loops(way how) { return how != way::global_lock && how != way::thread_each; }

heddle::config config_of(setup with) {
  heddle::config made;
  const bool many = with.how == way::loops || with.how == way::loops_one_free;
  made.loops = many ? with.workers : 1;
  made.cpu_threads = with.how == way::cpu_pool ? with.workers : 1;
  made.trace_events = on_loops(with.how) ? 1 << 14 : 0;
  return made;
}

std::uint64_t count_in_fiber(setup with, const prime_job& job) {
  if (with.how == way::cpu_pool) return with_cpu_pool(job);
  if (with.how == way::loops_one_free) return with_few_fibers(job, with.workers - 1);
  return with_fibers(job);
}

/// In the event rings, around the job.
struct marks {
  heddle::fiber_id first = heddle::fiber_id::none;
  heddle::fiber_id last = heddle::fiber_id::none;
};

/// Does the job in `own`'s fibers, or on threads that know nothing of it.
std::uint64_t count(setup with, const prime_job& job, heddle::runtime& own, global_lock& lock,
                    marks& around) {
  if (with.how == way::global_lock) return with_lock(job, with.workers, lock);
  if (with.how == way::thread_each) return with_thread_each(job);
  return own.run([&] {
    around.first = mark();
    const std::uint64_t found = count_in_fiber(with, job);
    around.last = mark();
    return found;
  });
}

std::vector<setup> all_setups(const contrast_result& of, const prime_job& job) {
  std::vector<setup> all = usual_setups(of.cpus, job);
  for (const way how : {way::global_lock, way::loops, way::cpu_pool}) {
    for (const unsigned workers : of.workers) {
      const setup more{how, workers};
      if (std::find(all.begin(), all.end(), more) == all.end()) all.push_back(more);
    }
  }
  return all;
}

void merge_sorted(std::vector<double>& into, const std::vector<double>& more) {
  const auto old = static_cast<std::ptrdiff_t>(into.size());
  into.insert(into.end(), more.begin(), more.end());
  std::inplace_merge(into.begin(), into.begin() + old, into.end());
}

/// Keeps all lateness, and the rest of the faster one.
void keep_better(contrast_run& best, contrast_run&& next) {
  merge_sorted(next.idle_ms, best.idle_ms);
  merge_sorted(next.busy_ms, best.busy_ms);
  next.right = next.right && best.right;
  if (next.wall_ms < best.wall_ms) {
    best = std::move(next);
    return;
  }
  best.idle_ms = std::move(next.idle_ms);
  best.busy_ms = std::move(next.busy_ms);
  best.right = next.right;
}

void run_round(const contrast_result& plan, job_contrast& into) {
  const stopwatch time;
  const std::uint64_t primes = one_after_another(into.job);
  if (into.runs.empty() || time.wall_ms() < into.serial_ms) {
    into.serial_ms = time.wall_ms();
    into.serial_cpu_ms = time.cpu_ms();
  }
  into.primes = primes;
  const bool first = into.runs.empty();
  std::size_t at = 0;
  for (const setup& with : all_setups(plan, into.job)) {
    contrast_run run = measure_once(with, into.job, primes);
    if (first) {
      into.runs.push_back(std::move(run));
    } else {
      keep_better(into.runs[at++], std::move(run));
    }
  }
}

/// The best of the rounds so far.
void say_round(const contrast_result& of) {
  const setup loops{way::loops, of.cpus};
  const setup pool{way::cpu_pool, of.cpus};
  for (const job_contrast* job : {&of.computing, &of.mixed}) {
    say("best of " + std::to_string(of.rounds) +
        (job == &of.mixed ? ", mixed: one by one " : ", computing: one by one ") +
        milliseconds(job->serial_ms) + ", " + name_of(loops) + " " +
        milliseconds(job->find(loops)->wall_ms) + ", " + name_of(pool) + " " +
        milliseconds(job->find(pool)->wall_ms));
  }
}

}  // namespace

const contrast_run* job_contrast::find(setup with) const {
  const auto found = std::find_if(runs.begin(), runs.end(),
                                  [&](const contrast_run& run) { return run.with == with; });
  return found == runs.end() ? nullptr : &*found;
}

bool job_contrast::right() const {
  return !runs.empty() &&
         std::all_of(runs.begin(), runs.end(), [](const auto& run) { return run.right; });
}

std::vector<unsigned> worker_counts(unsigned cpus) {
  constexpr unsigned few = 4;
  std::vector<unsigned> counts;
  for (unsigned n = 1; n <= 2 * cpus; n = cpus <= few ? n + 1 : 2 * n) counts.push_back(n);
  for (const unsigned n : {cpus, 2 * cpus}) counts.push_back(n);
  std::sort(counts.begin(), counts.end());
  counts.erase(std::unique(counts.begin(), counts.end()), counts.end());
  return counts;
}

std::vector<setup> usual_setups(unsigned cpus, const prime_job& job) {
  std::vector<setup> all{{way::one_loop, 1},
                         {way::global_lock, cpus},
                         {way::thread_each, job.pieces},
                         {way::loops, cpus}};
  if (cpus > 1) all.push_back({way::loops_one_free, cpus});
  all.push_back({way::cpu_pool, cpus});
  return all;
}

std::string name_of(setup with) {
  const std::string workers = std::to_string(with.workers);
  switch (with.how) {
    case way::one_loop:
      return "fibers on one loop";
    case way::global_lock:
      return workers + (with.workers == 1 ? " thread" : " threads") + ", one lock";
    case way::thread_each:
      return workers + " threads, one a piece";
    case way::loops:
      return "fibers on " + workers + (with.workers == 1 ? " loop" : " loops");
    case way::loops_one_free:
      return "fibers on 2 loops, one left free";
    case way::cpu_pool:
      return "one loop, CPU pool of " + workers;
  }
  return "";
}

double percentile(const std::vector<double>& sorted, double part) {
  if (sorted.empty()) return 0;
  return sorted[static_cast<std::size_t>(part * static_cast<double>(sorted.size() - 1))];
}

contrast_run measure_once(setup with, const prime_job& job, std::uint64_t primes) {
  contrast_run done;
  done.with = with;
  global_lock lock;
  heddle::io::tcp_listener listener = heddle::io::tcp_listener::bind("127.0.0.1:0");
  heddle::runtime own(config_of(with));
  heddle::task<void> serving = own.spawn({.name = "echo"}, [&] {
    serve_echo(listener, with.how == way::global_lock ? &lock : nullptr);
  });
  echo_observer observer(listener.local_endpoint());
  const clock::time_point before = clock::now();
  std::this_thread::sleep_for(idle_time);
  const clock::time_point start = clock::now();
  const stopwatch time;
  marks around;
  done.right = count(with, job, own, lock, around) == primes;
  done.wall_ms = time.wall_ms();
  done.cpu_ms = time.cpu_ms();
  const clock::time_point end = clock::now();
  const std::vector<trip> trips = observer.finish();
  serving.join();
  if (on_loops(with.how)) done.spans = between(own.trace(), around.first, around.last);
  for (const global_lock::turn& one : lock.turns()) {
    if (one.to < start || one.from > end) continue;
    done.turns.push_back({one.thread, ms_between(start, one.from), ms_between(start, one.to)});
  }
  done.idle_ms = lateness(trips, before, start);
  done.busy_ms = lateness(trips, start, end);
  for (const trip& one : trips) {
    if (one.answered < start || one.asked > end) continue;
    done.waits.push_back({ms_between(start, one.asked), ms_between(start, one.answered)});
  }
  return done;
}

contrast_result run_contrast(const settings& with) {
  contrast_result result;
  result.cpus = with.loops;
  result.workers = worker_counts(with.loops);
  result.computing.job.below = with.quick ? 1'000'000 : 2'400'000;
  result.mixed.job = result.computing.job;
  result.mixed.job.wait = wait_of_mixed;
  const stopwatch time;
  for (double a_round_ms = 0;
       result.rounds < with.rounds && time.wall_ms() + a_round_ms < budget_ms;
       a_round_ms = time.wall_ms() / result.rounds) {
    ++result.rounds;
    run_round(result, result.computing);
    run_round(result, result.mixed);
    say_round(result);
  }
  return result;
}

}  // namespace lab
