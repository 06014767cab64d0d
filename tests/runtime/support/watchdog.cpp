// SPDX-License-Identifier: MIT
// Ends the process when a case hangs, with the case's name: a hang is a failure of that case, not
// of the run.
#include "runtime/support/random.hpp"
#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <array>
#include <cstdio>
#include <cstring>

#include <signal.h>
#include <unistd.h>

namespace {

std::array<char, 256> running_case;

void on_alarm(int) {
  [[maybe_unused]] const auto written =
      ::write(STDERR_FILENO, running_case.data(), std::strlen(running_case.data()));
  ::abort();
}

class watchdog : public ::testing::EmptyTestEventListener {
  static constexpr unsigned seconds = heddle::test::sanitized ? 170 : 50;

  void OnTestStart(const ::testing::TestInfo& info) override {
    std::snprintf(running_case.data(), running_case.size(), "%s.%s hangs, HEDDLE_SEED=%llu\n",
                  info.test_suite_name(), info.name(),
                  static_cast<unsigned long long>(heddle::test::seed()));
    ::signal(SIGALRM, &on_alarm);
    ::alarm(seconds);
  }
  void OnTestEnd(const ::testing::TestInfo& info) override {
    ::alarm(0);
    if (info.result()->Failed()) {
      std::printf("HEDDLE_SEED=%llu\n", static_cast<unsigned long long>(heddle::test::seed()));
    }
  }
};

// GoogleTest owns the listener.
[[maybe_unused]] const bool installed = [] {
  ::testing::UnitTest::GetInstance()->listeners().Append(new watchdog);
  return true;
}();

}  // namespace
