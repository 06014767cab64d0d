// SPDX-License-Identifier: MIT
// The runs, and the audit after each.
#include <heddle/testing/fault.hpp>

#include <heddle/runtime/error.hpp>
#include <heddle/runtime/runtime.hpp>

#include "calls.hpp"

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <filesystem>
#include <iterator>
#include <new>
#include <optional>
#include <stdexcept>
#include <system_error>
#include <thread>
#include <utility>

// Of a sanitizer, if the program has one: whatever heddle itself was built with.
// NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)
extern "C" {
__attribute__((weak)) void __asan_init();
__attribute__((weak)) void __tsan_init();
__attribute__((weak)) void __msan_init();
}
// NOLINTEND(bugprone-reserved-identifier,cert-dcl37-c,cert-dcl51-cpp)

namespace heddle::testing {

namespace {

std::int64_t entries_of(const char* folder) {
  const std::filesystem::directory_iterator all(folder);
  return std::distance(begin(all), end(all));
}

/// What a program may leave over.
struct holdings {
  std::int64_t descriptors = entries_of("/proc/self/fd");
  std::int64_t threads = entries_of("/proc/self/task");
  std::int64_t blocks = detail::live_blocks();
};

/// A thread that was joined may still be on its way out of the kernel's list.
holdings settled(std::int64_t threads) {
  constexpr int most_looks = 1000;
  holdings now;
  for (int looks = 0; now.threads > threads && looks < most_looks; ++looks) {
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
    now = holdings();
  }
  return now;
}

std::optional<std::string> difference(const char* what, std::int64_t before, std::int64_t after) {
  if (before == after) return std::nullopt;
  return std::string(what) + ": " + std::to_string(before) + " before, " + std::to_string(after) +
         " after";
}

/// One user at a time: requests are counted for the whole process.
class only_user {
 public:
  only_user() {
    if (in_use.exchange(true, std::memory_order_relaxed)) {
      throw std::logic_error("heddle::testing::fail_each: it is under way on another thread");
    }
  }
  ~only_user() { in_use.store(false, std::memory_order_relaxed); }
  only_user(const only_user&) = delete;
  only_user& operator=(const only_user&) = delete;

 private:
  static inline std::atomic<bool> in_use{false};
};

/// Throws unless the requests of the program and of heddle come by.
void check_reach() {
  if (__asan_init != nullptr || __tsan_init != nullptr || __msan_init != nullptr) {
    throw std::logic_error("heddle::testing::fail_each: the program is built with a sanitizer");
  }
  constexpr std::array all{resource::allocation, resource::mapping, resource::descriptor};
  std::array<std::uint64_t, all.size()> before{};
  std::transform(all.begin(), all.end(), before.begin(), detail::requests);
  {
    config settings;
    settings.loops = 1;
    const runtime asks_for_all(settings);
  }
  for (std::size_t n = 0; n < all.size(); ++n) {
    if (detail::requests(all[n]) != before[n]) continue;
    throw std::logic_error(
        "heddle::testing::fail_each: requests of heddle do not come by: is it a shared library? "
        "Link the static ones, and heddle::faults");
  }
}

constexpr const char* no_exception = "something that is no std::exception was thrown";

class fault_runs {
 public:
  fault_runs(resource what, const std::function<void()>& program, const fault_options& options)
      : what_(what), program_(program), options_(options) {}

  fault_report run() {
    const std::int64_t threads = holdings().threads;
    run_once(0);  // what is made once in a process
    if (!report_.ok()) return std::move(report_);
    held_ = settled(threads);
    while (run_once(report_.requests + 1)) {
      if (++report_.requests < options_.most_requests) continue;
      throw std::length_error("heddle::testing::fail_each: more than " +
                              std::to_string(options_.most_requests) + " requests");
    }
    return std::move(report_);
  }

 private:
  /// What the report takes itself is no leak of the program.
  void leak(std::uint64_t request, const std::string& what) {
    const std::int64_t before = detail::live_blocks();
    report_.leaks.push_back({request, what});
    held_.blocks += detail::live_blocks() - before;
  }

  /// Refuses `request`, none if it is 0. Returns whether there was such a request.
  bool run_once(std::uint64_t request) {
    if (request != 0) detail::refuse_after(what_, request - 1);
    const bool told = run_program(request);
    const bool refused = detail::stop_refusing() && request != 0;
    if (told) ++report_.told;
    if (told && !refused) leak(request, "out of something, though nothing was refused");
    run_after(request);
    if (request != 0) audit(request);
    return refused;
  }

  /// Returns whether the program says that a request was refused.
  bool run_program(std::uint64_t request) {
    try {
      program_();
    } catch (const std::bad_alloc&) {
      return true;
    } catch (const resource_exhausted&) {
      return true;
    } catch (const std::system_error&) {
      return true;
    } catch (const std::exception& error) {
      detail::stop_refusing();
      leak(request, error.what());
    } catch (...) {
      detail::stop_refusing();
      leak(request, no_exception);
    }
    return false;
  }

  void run_after(std::uint64_t request) {
    try {
      if (options_.after) options_.after();
    } catch (const std::exception& error) {
      leak(request, error.what());
    } catch (...) {
      leak(request, no_exception);
    }
  }

  void audit(std::uint64_t request) {
    const holdings before = held_;
    held_ = settled(before.threads);
    for (const auto& each : {difference("descriptors", before.descriptors, held_.descriptors),
                             difference("threads", std::min(before.threads, held_.threads),
                                        held_.threads),  // one that has gone is no leak
                             difference("blocks", before.blocks, held_.blocks)}) {
      if (each) leak(request, *each);
    }
  }

  resource what_;
  const std::function<void()>& program_;
  const fault_options& options_;
  fault_report report_;
  holdings held_;  // at the end of the last run
};

}  // namespace

std::string fault_report::text() const {
  std::string result = std::to_string(requests) + " requests refused, " + std::to_string(told) +
                       " told of, " + std::to_string(leaks.size()) + " leaks\n";
  for (const fault_leak& each : leaks) {
    result += "request " + std::to_string(each.request) + ": " + each.what + "\n";
  }
  return result;
}

fault_report fail_each(resource what, const std::function<void()>& program,
                       const fault_options& options) {
  const only_user here;
  check_reach();
  return fault_runs(what, program, options).run();
}

}  // namespace heddle::testing
