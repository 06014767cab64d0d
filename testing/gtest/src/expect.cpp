// SPDX-License-Identifier: MIT
// Collects what GoogleTest would report of each run, and tells it of the last one: explore() ends
// with the run that it shows.
#include <heddle/gtest/expect.hpp>

#include <gtest/gtest-spi.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <optional>
#include <stdexcept>
#include <string>
#include <utility>

namespace heddle::testing {

namespace {

/// While it lives, failures on this thread are kept here in the place of the test's.
class intercepted_failures {
 public:
  /// From here on a run begins. What has failed since the last one ended is kept as a stray.
  void begin_run() {
    if (end_run()) strays_ += last_;
  }

  /// Returns whether something has failed since the run began.
  bool end_run() {
    std::string text;
    for (; seen_ < parts_.size(); ++seen_) {
      const ::testing::TestPartResult& part = parts_.GetTestPartResult(seen_);
      if (part.skipped()) skipped_ = part.message();
      if (part.failed()) text += told(part);
    }
    last_ = std::move(text);
    return !last_.empty();
  }

  /// Returns the failures of the last run.
  const std::string& last() const noexcept { return last_; }
  /// Returns what failed between runs.
  const std::string& strays() const noexcept { return strays_; }
  /// Returns why a run has asked for the test to be skipped.
  const std::optional<std::string>& skipped() const noexcept { return skipped_; }

 private:
  static std::string told(const ::testing::TestPartResult& part) {
    const char* const file = part.file_name() != nullptr ? part.file_name() : "unknown file";
    return std::string(file) + ":" + std::to_string(part.line_number()) + ": " + part.message() +
           "\n";
  }

  ::testing::TestPartResultArray parts_;
  ::testing::ScopedFakeTestPartResultReporter reporter_{
      ::testing::ScopedFakeTestPartResultReporter::INTERCEPT_ONLY_CURRENT_THREAD, &parts_};
  int seen_ = 0;
  std::string last_;
  std::string strays_;
  std::optional<std::string> skipped_;
};

/// What alone runs the running test.
std::string filter_of_running_test() {
  const auto* const info = ::testing::UnitTest::GetInstance()->current_test_info();
  if (info == nullptr) {
    throw std::logic_error("heddle::testing: expect_explored or expect_swept outside a test");
  }
  const std::string name = std::string(info->test_suite_name()) + "." + info->name();
  const bool disabled = name.find("DISABLED_") != std::string::npos;
  return "--gtest_filter=" + name + (disabled ? " --gtest_also_run_disabled_tests" : "");
}

/// Returns the end of a trace, at most so many lines of it; not how what cannot end was unwound.
std::string tail_of(std::string trace, std::size_t most_lines) {
  if (const auto unwinding = trace.find("(it cannot end"); unwinding != std::string::npos) {
    trace.erase(trace.find('\n', unwinding) + 1);
  }
  const auto lines = static_cast<std::size_t>(std::count(trace.begin(), trace.end(), '\n'));
  if (lines <= most_lines) return trace;
  std::size_t begin = 0;
  for (std::size_t left = lines - most_lines; left > 0; --left) begin = trace.find('\n', begin) + 1;
  return "(" + std::to_string(lines - most_lines) + " lines before)\n" + trace.substr(begin);
}

std::string text_of(const failure& found, const std::string& expectations) {
  constexpr std::size_t shown_lines = 40;
  std::string text = "the program fails under a schedule";
  if (found.seed != 0) text += ", found with seed " + std::to_string(found.seed);
  text += ":\n" + expectations;
  if (expectations.empty() || !found.by_predicate) text += found.what + "\n";
  return text + "trace:\n" + tail_of(found.trace, shown_lines) + "replay: " + found.command + "\n";
}

void skip(const std::string& why) { GTEST_SKIP() << why; }

void add_failure(spawn_site where, const std::string& text) {
  ADD_FAILURE_AT(where.file, static_cast<int>(where.line)) << text;
}

}  // namespace

void expect_explored(const std::function<void()>& program, explore_options options,
                     spawn_site where) {
  if (options.arguments.empty()) options.arguments = filter_of_running_test();
  std::optional<failure> found;
  std::optional<std::string> skipped;
  std::string expectations;
  {
    intercepted_failures failures;
    options.failed = [&failures, own = std::move(options.failed)] {
      const bool theirs = own && own();
      return failures.end_run() || theirs;
    };
    found = explore(program, options, where);
    expectations = failures.last();
    skipped = failures.skipped();
  }
  if (found) return add_failure(where, text_of(*found, expectations));
  if (skipped) skip(*skipped);
}

sweep_report expect_swept(const std::function<void()>& program, sweep_options options,
                          spawn_site where) {
  const std::string command = std::string(program_invocation_name) + " " + filter_of_running_test();
  sweep_report report;
  std::string strays;
  std::optional<std::string> skipped;
  {
    intercepted_failures failures;
    options.before = [&failures, own = std::move(options.before)] {
      failures.begin_run();
      if (own) own();
    };
    options.after = [&failures, own = std::move(options.after)] {
      if (own) own();
      if (failures.end_run()) throw std::runtime_error(failures.last());
    };
    report = cancel_sweep(program, options, where);
    failures.begin_run();
    strays = failures.strays();
    skipped = failures.skipped();
  }
  if (!strays.empty()) strays = "after the program had ended:\n" + strays;
  if (!report.ok() || !strays.empty()) {
    add_failure(where, "swept with seed " + std::to_string(options.seed) + ": " + report.text() +
                           strays + "again: " + command + "\n");
  } else if (skipped) {
    skip(*skipped);
  }
  return report;
}

}  // namespace heddle::testing
