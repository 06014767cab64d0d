// SPDX-License-Identifier: MIT
// Runs GoogleTest's cases again and again, each round with another seed: N --rounds from seed 1 on,
// or, in the soak, as many as fit into --minutes, from a seed that no run has had before. Ends
// after the first round in which a case has failed. HEDDLE_SEED=n: that round only.
// The cases are those of a program with threads but not_simulated(), a list that is kept true: what
// is in it exists, and what is not in it enters a simulation.
#include "runtime/support/random.hpp"
#include "testing/simulated/not_simulated.hpp"
#include "testing/simulated/rounds.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include <fnmatch.h>

namespace heddle::test {

std::uint64_t seed() { return simulated_rounds::now().seed; }

namespace {

using steady = std::chrono::steady_clock;

struct asked {
  int rounds = 1;
  std::optional<steady::time_point> until;
  std::uint64_t first_seed = 1;
};

asked parse(int argc, char** argv) {
  asked chosen;
  for (int n = 1; n < argc; n += 2) {
    const std::string_view name = argv[n];
    if ((name != "--rounds" && name != "--minutes") || n + 1 == argc) {
      std::fprintf(stderr, "usage: %s [--rounds N | --minutes N] [--gtest_...]\n", argv[0]);
      std::exit(2);
    }
    const int value = std::atoi(argv[n + 1]);
    if (name == "--rounds") chosen.rounds = value;
    if (name == "--minutes") chosen.until = steady::now() + std::chrono::minutes(value);
  }
  if (chosen.until) {
    chosen.rounds = -1;
    chosen.first_seed = static_cast<std::uint64_t>(steady::now().time_since_epoch().count());
  }
  if (const char* const given = std::getenv("HEDDLE_SEED")) {
    chosen.first_seed = std::strtoull(given, nullptr, 10);
    chosen.rounds = 1;
  }
  return chosen;
}

/// Gives GoogleTest's repetition its seeds, and its end: the first failure, or the time.
class seeded_rounds : public ::testing::EmptyTestEventListener {
 public:
  explicit seeded_rounds(const asked& what) : asked_(what) {}

 private:
  void OnTestIterationStart(const ::testing::UnitTest&, int round) override {
    simulated_rounds::now().seed = asked_.first_seed + static_cast<std::uint64_t>(round);
  }
  void OnTestStart(const ::testing::TestInfo&) override {
    simulated_rounds::now().runs_of_case = 0;
  }
  void OnTestPartResult(const ::testing::TestPartResult& part) override {
    if (!asked_.until || !part.failed()) return;  // without --minutes GoogleTest tells it
    std::printf("%s:%d: %s\n", part.file_name(), part.line_number(), part.message());
  }
  void OnTestEnd(const ::testing::TestInfo& info) override {
    // GoogleTest counts what fails here to the case still.
    if (info.result()->Skipped() || simulated_rounds::now().runs_of_case > 0) return;
    ADD_FAILURE() << "enters no simulation: it belongs to not_simulated()";
  }
  void OnTestIterationEnd(const ::testing::UnitTest& all, int round) override {
    const bool over = asked_.until && steady::now() >= *asked_.until;
    if (!all.Failed() && !over && round + 1 != asked_.rounds) return;
    std::printf("%d cases, %d rounds, %llu simulations\n", all.test_to_run_count(), round + 1,
                static_cast<unsigned long long>(simulated_rounds::now().runs));
    std::fflush(stdout);
    std::exit(all.Failed() ? EXIT_FAILURE : EXIT_SUCCESS);
  }

  asked asked_;
};

std::string name_of(const ::testing::TestInfo& one) {
  return std::string(one.test_suite_name()) + "." + one.name();
}

bool is_there(const char* pattern) {
  const ::testing::UnitTest& all = *::testing::UnitTest::GetInstance();
  for (int n = 0; n < all.total_test_suite_count(); ++n) {
    const ::testing::TestSuite& suite = *all.GetTestSuite(n);
    for (int m = 0; m < suite.total_test_count(); ++m) {
      if (::fnmatch(pattern, name_of(*suite.GetTestInfo(m)).c_str(), 0) == 0) return true;
    }
  }
  return false;
}

/// Takes them out of what runs, and of what is listed.
void leave_out(std::span<const char* const> patterns) {
  std::string filter = GTEST_FLAG_GET(filter);
  filter += filter.find('-') == std::string::npos ? "-" : ":";
  for (const char* const each : patterns) {
    if (!is_there(each)) {
      std::fprintf(stderr, "not_simulated() has '%s', which is no case\n", each);
      std::exit(2);
    }
    filter += std::string(each) + ":";
  }
  GTEST_FLAG_SET(filter, filter);
}

}  // namespace

}  // namespace heddle::test

int main(int argc, char** argv) {
  GTEST_FLAG_SET(brief, true);
  ::testing::InitGoogleTest(&argc, argv);
  const heddle::test::asked asked = heddle::test::parse(argc, argv);
  heddle::test::leave_out(heddle::test::not_simulated());
  GTEST_FLAG_SET(repeat, asked.rounds);
  ::testing::TestEventListeners& listeners = ::testing::UnitTest::GetInstance()->listeners();
  if (asked.until) delete listeners.Release(listeners.default_result_printer());
  // GoogleTest owns the listener.
  listeners.Append(new heddle::test::seeded_rounds(asked));
  return RUN_ALL_TESTS();
}
