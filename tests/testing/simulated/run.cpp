// SPDX-License-Identifier: MIT
// Makes the options of a simulation from the seed of the round, and holds the account afterwards.
#include "testing/simulated/run.hpp"

#include "runtime/support/random.hpp"
#include "testing/simulated/rounds.hpp"

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <string>

namespace heddle::test {

namespace {

using heddle::testing::schedule_mode;
using heddle::testing::simulation_options;

config told_of_unhandled(config settings) {
  if (settings.on_unhandled) return settings;
  settings.on_unhandled = [](const unhandled_error& error) {
    ADD_FAILURE() << "an error that nobody joins: " << error.describe();
  };
  return settings;
}

/// Every run of a case has a seed of its own; the modes take turns from round to round.
simulation_options options_of(config settings) {
  simulated_rounds& round = simulated_rounds::now();
  simulation_options options;
  options.seed = random_numbers(++round.runs_of_case).next();
  options.loops = settings.loops;
  options.mode = round.seed % 2 == 0 ? schedule_mode::pct : schedule_mode::random;
  options.settings = told_of_unhandled(std::move(settings));
  ++round.runs;
  return options;
}

std::string command_that_replays() {
  const auto* const info = ::testing::UnitTest::GetInstance()->current_test_info();
  return "HEDDLE_SEED=" + std::to_string(seed()) + " " + program_invocation_name +
         " --gtest_filter=" + info->test_suite_name() + "." + info->name();
}

/// Returns the last lines of a trace, at most so many.
std::string tail_of(const std::string& trace, std::size_t most_lines) {
  std::size_t begin = trace.size();
  for (std::size_t lines = 0; begin > 0 && lines <= most_lines; ++lines) {
    begin = trace.rfind('\n', begin - 1);
    if (begin == std::string::npos) return trace;
  }
  return begin == 0 ? trace : "...\n" + trace.substr(begin + 1);
}

}  // namespace

simulated_config with_loops(unsigned loops) {
  simulated_config settings;
  settings.loops = loops == 1 ? 1 : loops + static_cast<unsigned>(seed() / 2 % 3);
  return settings;
}

simulated_config with_any_loops() {
  simulated_config settings;
  settings.loops = 1 + static_cast<unsigned>(seed() / 2 % 4);
  return settings;
}

simulated_run::simulated_run(config settings, spawn_site where)
    : where_(where),
      failed_before_(::testing::Test::HasFailure()),
      simulation_(options_of(std::move(settings))),
      told_with_failures_(where.file, static_cast<int>(where.line),
                          "simulated; replay: " + command_that_replays()) {}

simulated_run::~simulated_run() {
  if (!simulation_.left_behind().empty()) {
    ADD_FAILURE_AT(where_.file, static_cast<int>(where_.line))
        << "left running: " << simulation_.left_behind();
  }
  if (failed_before_ || !::testing::Test::HasFailure()) return;
  std::printf("the end of its trace:\n%s", tail_of(simulation_.trace(), 40).c_str());
}

void simulated_run::fail(const std::exception& found) {
  ADD_FAILURE_AT(where_.file, static_cast<int>(where_.line)) << found.what();
}

}  // namespace heddle::test
