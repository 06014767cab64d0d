// SPDX-License-Identifier: MIT
// The scenarios of runtime and sync under fresh schedules, random and by priorities, and swept by
// cancels, of all or of one task, at each of their suspension points. A round is a schedule of each
// scenario; one in a hundred sweeps them as well. A failure prints its shrunk schedule, which
// HEDDLE_SEED=... heddle_testing_tests --gtest_filter=every/seeds_of.find_nothing/NAME replays.
#include <heddle/testing/cancel_sweep.hpp>
#include <heddle/testing/explore.hpp>

#include "stress/stress.hpp"
#include "testing/scenarios/scenario.hpp"

#include <cstdio>
#include <cstdlib>
#include <optional>

namespace {

namespace stress = heddle::stress;
using heddle::test::scenario;
using heddle::testing::exploration;
using heddle::testing::sweep_target;

constexpr std::uint64_t rounds_of_a_sweep = 100;

struct counts {
  unsigned long long schedules = 0;
  unsigned long long cancels = 0;
};

void explore_once(const scenario& one, std::uint64_t seed, unsigned loops, counts& all) {
  heddle::testing::explore_options options;
  options.mode = seed % 2 == 0 ? exploration::random : exploration::pct;
  options.first_seed = seed;
  options.seeds = 1;
  options.loops = loops;
  const auto found = heddle::testing::explore(
      [&one] {
        const scenario::instance run = one.make();
        run.program();
        run.after();
      },
      options);
  ++all.schedules;
  if (!found) return;
  std::fprintf(stderr, "%s, schedule %s: %s\n%s", one.name.c_str(), found->schedule.c_str(),
               found->what.c_str(), found->trace.c_str());
  std::exit(1);
}

void sweep_once(const scenario& one, sweep_target target, std::uint64_t seed, unsigned loops,
                counts& all) {
  scenario::instance run;
  heddle::testing::sweep_options options;
  options.target = target;
  options.seed = seed;
  options.loops = loops;
  options.before = [&] { run = one.make(); };
  options.after = [&] {
    run.after();
    run = {};
  };
  const auto report = heddle::testing::cancel_sweep([&run] { run.program(); }, options);
  all.cancels += report.runs - 1;
  if (report.ok()) return;
  std::fprintf(stderr, "%s, seed %llu, %u loops, %s: %s", one.name.c_str(),
               static_cast<unsigned long long>(seed), loops,
               target == sweep_target::task ? "one task" : "the program", report.text().c_str());
  std::exit(1);
}

}  // namespace

int main(int argc, char** argv) {
  const stress::options asked = stress::parse(argc, argv, {.rounds = 1000, .loops = 4});
  heddle::test::random_numbers random(0);
  ::unsetenv("HEDDLE_SEED");  // explore() would run that one only
  stress::round_counter rounds(asked);
  const std::vector<scenario> scenarios = heddle::test::all_scenarios();
  counts all;
  while (rounds.next()) {
    const std::uint64_t seed = random.next();
    const unsigned loops = 1 + static_cast<unsigned>(random.next() % asked.loops);
    for (const scenario& one : scenarios) {
      explore_once(one, seed, loops, all);
      if (rounds.done() % rounds_of_a_sweep != 1) continue;
      sweep_once(one, sweep_target::program, seed, loops, all);
      if (one.tasks_stand_alone) sweep_once(one, sweep_target::task, seed, loops, all);
    }
  }
  std::printf("%zu scenarios, %llu schedules, %llu cancels and time-outs: nothing lost\n",
              scenarios.size(), all.schedules, all.cancels);
  return 0;
}
