// SPDX-License-Identifier: MIT
// The plain thread that GoogleTest calls is the watcher of the fibers: it waits for the first one's
// end, up to the deadline, and looks at what is left. A fiber that neither ends by itself nor when
// it is cancelled cannot be got rid of: the process ends then, with the list of fibers.
#include "test_run.hpp"

#include <heddle/runtime/runtime.hpp>
#include <heddle/runtime/this_fiber.hpp>
#include <heddle/testing/detail/descriptors.hpp>

#include "environment.hpp"

#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <future>
#include <mutex>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>

namespace heddle::testing::detail {

namespace {

using namespace std::chrono_literals;
using std::chrono::nanoseconds;

// A fiber that nobody joins may be on its way out when the first one ends.
constexpr nanoseconds settles_within = 200ms;

/// How long what has been cancelled may take to end.
nanoseconds grace_of(const test_timeout& timeout) {
  return timeout.length == 0ns ? 5s : std::clamp<nanoseconds>(timeout.length, 1s, 5s);
}

std::string running_test() {
  const auto* const info = ::testing::UnitTest::GetInstance()->current_test_info();
  if (info == nullptr) return "a test";
  return std::string(info->test_suite_name()) + "." + info->name();
}

void report(spawn_site where, const std::string& what) {
  ADD_FAILURE_AT(where.file, static_cast<int>(where.line)) << what;
}

std::string fibers_of(const runtime& of) {
  std::ostringstream text;
  of.dump(text);
  return text.str();
}

[[noreturn]] void give_up(const std::string& why, const runtime& of) {
  std::fflush(nullptr);
  const std::string text = "heddle: " + why + ": the process is aborted\n" + fibers_of(of);
  std::fputs(text.c_str(), stderr);
  std::fflush(nullptr);
  std::abort();
}

bool is_quiet_within(const runtime& of, nanoseconds length) {
  const auto limit = std::chrono::steady_clock::now() + length;
  while (of.stats().live_tasks != 0) {
    if (std::chrono::steady_clock::now() >= limit) return false;
    std::this_thread::sleep_for(1ms);
  }
  return true;
}

/// Errors that reach nobody.
class error_list {
 public:
  void add(const unhandled_error& error) {
    const std::lock_guard hold(lock_);
    text_ += "  " + error.describe() + "\n";
  }
  std::string text() const {
    const std::lock_guard hold(lock_);
    return text_;
  }

 private:
  mutable std::mutex lock_;
  std::string text_;
};

class test_run {
 public:
  test_run(config settings, const test_program& program, spawn_site where)
      : where_(where), runtime_(std::move(settings)) {
    std::promise<void> ending;  // kept, broken, when the fiber's captures are destroyed
    ended_ = ending.get_future();
    const std::string name = running_test();
    body_ = runtime_.spawn(
        spawn_options{.name = name, .pinned = true},
        [this, &program, ending = std::move(ending)] { program(scope_); }, where);
  }

  /// Returns whether the first fiber ended in time; it has ended in any case.
  bool wait(const test_timeout& timeout) {
    if (timeout.length == 0ns) {
      ended_.wait();
      return true;
    }
    if (ended_.wait_for(timeout.length) == std::future_status::ready) return true;
    report(where_, "the test has not ended in time, which is HEDDLE_TEST_TIMEOUT=" + timeout.text +
                       "\n" + fibers_of(runtime_));
    cancel(grace_of(timeout));
    return false;
  }

  /// Returns what left the program.
  std::exception_ptr error() {
    try {
      body_.join();
    } catch (...) {
      return std::current_exception();
    }
    return nullptr;
  }

  /// Ends the fibers that are left, and returns a list of them; empty if there are none.
  std::string end_leftovers(nanoseconds grace) {
    if (is_quiet_within(runtime_, settles_within)) return {};
    std::string left = fibers_of(runtime_);
    if (!runtime_.shutdown(0ns) && !is_quiet_within(runtime_, grace)) {
      give_up("fibers that " + running_test() + " left behind do not end when they are cancelled",
              runtime_);
    }
    return left;
  }

 private:
  void cancel(nanoseconds grace) {
    scope_.cancel("HEDDLE_TEST_TIMEOUT");
    if (ended_.wait_for(grace / 2) == std::future_status::ready) return;
    runtime_.shutdown(0ns);
    if (ended_.wait_for(grace / 2) == std::future_status::ready) return;
    give_up(running_test() + " is past its HEDDLE_TEST_TIMEOUT and does not end when cancelled",
            runtime_);
  }

  spawn_site where_;
  cancel_scope scope_;
  runtime runtime_;
  std::future<void> ended_;
  task<void> body_;
};

bool is_cancellation(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const task_cancelled&) {
    return true;
  } catch (...) {
    return false;
  }
}

}  // namespace

void run_test(const test_program& program, const test_origin& from) {
  if (this_fiber::exists()) {
    throw std::logic_error("heddle: a test whose body is a fiber cannot be run in a fiber");
  }
  const test_timeout timeout = timeout_of_environment();
  error_list unhandled;
  config settings = settings_of_environment();
  if (from.configure != nullptr) from.configure(settings);
  if (!settings.on_unhandled) {
    settings.on_unhandled = [&unhandled](const unhandled_error& error) { unhandled.add(error); };
  }
  GTEST_FLAG_SET(death_test_style, "threadsafe");  // the test object restores it
  const descriptor_list before = open_descriptors();
  bool in_time = false;
  std::exception_ptr thrown;
  std::string fibers;
  {
    test_run run(std::move(settings), program, from.where);
    in_time = run.wait(timeout);
    thrown = run.error();
    fibers = run.end_leftovers(grace_of(timeout));
  }
  if (in_time && !fibers.empty()) {
    report(from.where, "the test has ended, but fibers that it left behind have not:\n" + fibers);
  }
  if (const std::string text = unhandled.text(); !text.empty()) {
    report(from.where, "errors of tasks that nobody joined:\n" + text);
  }
  if (const std::string text = descriptors_since(before); in_time && !text.empty()) {
    report(from.where, "the test has left descriptors open:\n" + text);
  }
  if (thrown && (in_time || !is_cancellation(thrown))) std::rethrow_exception(thrown);
}

}  // namespace heddle::testing::detail
