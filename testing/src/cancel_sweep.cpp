// SPDX-License-Identifier: MIT
// The runs of a sweep, and the audit after each.
#include <heddle/testing/cancel_sweep.hpp>

#include <heddle/runtime/cancel.hpp>
#include <heddle/runtime/detail/simulated_run.hpp>
#include <heddle/runtime/detail/task_core.hpp>
#include <heddle/runtime/this_fiber.hpp>
#include <heddle/testing/detail/descriptors.hpp>

#include "decisions.hpp"
#include "settings.hpp"

#include <cstdint>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace heddle::testing {

namespace detail {
/// In programs that link heddle::faults.
__attribute__((weak)) std::int64_t live_blocks() noexcept;
}  // namespace detail

namespace {

enum class blow : std::uint8_t { none, before_waiting, while_waiting, time_out };

const char* name_of(blow how) {
  switch (how) {
    case blow::none:
      return "without a cancel";
    case blow::before_waiting:
      return "cancelled before it waits";
    case blow::while_waiting:
      return "cancelled while it waits";
    case blow::time_out:
      return "timed out";
  }
  return "unknown";
}

constexpr const char* no_exception = "something that is no std::exception was thrown";

/// Returns how many blocks of operator new are in use; 0 where nobody counts them.
std::int64_t blocks_in_use() noexcept {
  return detail::live_blocks != nullptr ? detail::live_blocks() : 0;
}

/// Returns what has become of the descriptors that were open; empty if nothing has.
std::string changes_since(const detail::descriptor_list& before) {
  if (detail::open_descriptors() == before) return {};
  const std::string more = detail::descriptors_since(before);
  return more.empty() ? "one is closed that the program has not opened\n" : "left open:\n" + more;
}

/// A run that counts suspension points, and at one of them strikes: ends the scope around the
/// program, or cancels the task that is there.
class sweep_run : public detail::decisions {
  using task_core = heddle::detail::task_core;

 public:
  sweep_run(limits these, sweep_target target) : decisions(these), target_(target) {}

  /// From here on, in the first fiber, `point` is struck; `scope` is around the program.
  void arm(heddle::detail::scope_frame& scope, std::uint64_t point, blow how) {
    scope_ = &scope;
    first_fiber_ = this_fiber::id();
    point_ = point;
    how_ = how;
    count_ = 0;
    forget();
  }
  void disarm() {
    scope_ = nullptr;
    struck_ = nullptr;
    due_ = false;
  }
  /// Forgets where() of the last run.
  void forget() { where_.clear(); }

  std::uint64_t count() const noexcept { return count_; }
  /// Returns the fiber at the point that was struck, or at the last one, and what it waits for.
  const std::string& where() const noexcept { return where_; }

  void suspension_point(task_core& who, wait_subject what) noexcept override {
    if (scope_ == nullptr || ++count_ != point_) return;
    where_ = "fiber #" + std::to_string(static_cast<std::uint64_t>(who.id));
    if (const std::string_view name = this_fiber::name(); !name.empty()) {
      where_ += " \"" + std::string(name) + "\"";
    }
    if (what.kind() != nullptr) where_ += ", " + std::string(what.kind()->name);
    due_ = true;
    if (target_ == sweep_target::task && who.id != first_fiber_) struck_ = &who;
    if (how_ != blow::while_waiting) strike();
  }
  void between_turns() noexcept override {
    decisions::between_turns();
    if (due_) strike();
  }
  void note(unsigned loop, trace_kind what, fiber_id who, std::uint32_t arg) noexcept override {
    decisions::note(loop, what, who, arg);
    if (struck_ == nullptr || what != trace_kind::slice_end || struck_->id != who) return;
    if (struck_->outcome == heddle::detail::task_outcome::none) return;
    // What it was about to wait for was there, and it has come to its end: it may be freed next.
    struck_ = nullptr;
    due_ = false;
  }

 private:
  void strike() noexcept {
    due_ = false;
    if (how_ == blow::time_out) return heddle::detail::expire_scope(*scope_);
    if (task_core* const who = std::exchange(struck_, nullptr)) return request_cancel(*who);
    heddle::detail::cancel_scope_of(*scope_, "swept");
  }

  sweep_target target_;
  heddle::detail::scope_frame* scope_ = nullptr;
  fiber_id first_fiber_ = fiber_id::none;
  std::uint64_t point_ = 0;
  blow how_ = blow::none;
  std::uint64_t count_ = 0;
  std::string where_;
  bool due_ = false;             // the fiber at the point is on its way into the wait
  task_core* struck_ = nullptr;  // its task, if that alone is to be cancelled
};

class sweep {
 public:
  sweep(const std::function<void()>& program, const sweep_options& options, spawn_site where)
      : program_(program),
        options_(options),
        where_(where),
        decisions_({options.most_turns, 1000}, options.target) {
    detail::require_plain_thread("cancel_sweep");
    if (!program)
      throw std::invalid_argument("heddle::testing::cancel_sweep: the program is empty");
    constexpr const char* options_name = "sweep_options";
    detail::require(options.target <= sweep_target::task, options_name,
                    "target: none of its values");
    detail::require(options.most_turns >= 1, options_name, "most_turns: at least 1");
    for (const sweep_account& each : options.accounts) {
      detail::require(each.count != nullptr, options_name, "accounts: one cannot be counted");
    }
    settings_ = detail::simulated_settings(options.settings, options.loops, options_name);
    if (!settings_.on_unhandled) {
      settings_.on_unhandled = [this](const unhandled_error& error) {
        if (!comes_of_the_blow(error.error)) unhandled_ = error.describe();
      };
    }
  }

  sweep_report run() {
    strike(0, blow::none);
    if (report_.points > options_.most_points) {
      throw std::length_error("heddle::testing::cancel_sweep: " + std::to_string(report_.points) +
                              " suspension points, more than sweep_options::most_points");
    }
    if (!report_.ok()) return std::move(report_);  // it leaks by itself
    if (options_.only_point > report_.points) {
      throw std::invalid_argument(
          "heddle::testing::sweep_options::only_point: " + std::to_string(options_.only_point) +
          ", but there are " + std::to_string(report_.points));
    }
    for (std::uint64_t point = 1; point <= report_.points; ++point) {
      if (options_.only_point != 0 && options_.only_point != point) continue;
      for (const blow how : {blow::before_waiting, blow::while_waiting, blow::time_out}) {
        if (how == blow::time_out && options_.target == sweep_target::task) continue;
        strike(point, how);
      }
    }
    return std::move(report_);
  }

 private:
  void strike(std::uint64_t point, blow how) {
    // What takes memory once may fill a cache; a leak takes it each time.
    constexpr int looks = 3;
    std::int64_t taken = 0;
    for (int look = 0; look < looks; ++look) {
      const std::size_t leaks = report_.leaks.size();
      const std::int64_t before = blocks_in_use();
      run_once(point, how);
      if (look == 0 && how == blow::none) report_.points = decisions_.count();
      if (how == blow::none && report_.points != decisions_.count()) differs(point);
      taken = blocks_in_use() - before;
      if (report_.leaks.size() != leaks) {
        if (report_.trace.empty()) report_.trace = decisions_.trace();
        return;
      }
      if (taken <= 0) return;
    }
    leak(point, how, "memory: " + std::to_string(taken) + " blocks more after each run");
  }

  [[noreturn]] static void differs(std::uint64_t point) {
    throw std::logic_error(
        "heddle::testing::cancel_sweep: the program did not come to suspension point " +
        std::to_string(point) + " again: it does not do the same with the same schedule");
  }

  void leak(std::uint64_t point, blow how, std::string what) {
    report_.leaks.push_back({point, name_of(how), decisions_.where(), std::move(what)});
  }

  void run_once(std::uint64_t point, blow how) {
    const detail::descriptor_list descriptors = detail::open_descriptors();
    decisions_.begin(detail::random_chooser(options_.seed));
    decisions_.forget();
    unhandled_.clear();
    blow_ = how;
    bool same = false;
    const auto leaks = [&](std::string what) { leak(point, how, std::move(what)); };
    ++report_.runs;
    try {
      heddle::detail::run_simulated(
          settings_, decisions_, [&] { same = run_program(point, how); }, where_);
    } catch (const std::exception& error) {
      same = true;
      leaks(error.what());
    } catch (...) {
      same = true;
      leaks(no_exception);
    }
    if (!same) differs(point);
    if (!decisions_.left_behind().empty()) {
      leaks("left running: " + decisions_.left_behind());
    } else if (decisions_.timers_left() != 0) {
      leaks("timers left armed: " + std::to_string(decisions_.timers_left()));
    }
    if (!unhandled_.empty()) leaks("unhandled: " + unhandled_);
    if (const std::string open = decisions_.net().describe_open(); !open.empty()) {
      leaks("sockets left open:\n" + open);
    }
    if (const std::string changes = changes_since(descriptors); !changes.empty()) {
      leaks("descriptors: " + changes);
    }
  }

  /// Whether it is what waiting for the task that was cancelled leads to.
  bool comes_of_the_blow(const std::exception_ptr& error) const {
    if (options_.target != sweep_target::task || blow_ == blow::none) return false;
    try {
      std::rethrow_exception(error);
    } catch (const task_cancelled&) {
      return true;
    } catch (...) {
      return false;
    }
  }

  std::vector<long long> counts() const {
    std::vector<long long> result;
    for (const sweep_account& each : options_.accounts) result.push_back(each.count());
    return result;
  }

  /// Tells of the accounts that differ from what they were.
  void compare(const std::vector<long long>& counted, std::uint64_t point, blow how) {
    if (decisions_.was_stopped()) return;  // what is missing is no wonder
    try {
      const std::vector<long long> left = counts();
      for (std::size_t at = 0; at < left.size(); ++at) {
        if (left[at] == counted[at]) continue;
        leak(point, how,
             options_.accounts[at].name + ": " + std::to_string(counted[at]) + " before, " +
                 std::to_string(left[at]) + " after");
      }
    } catch (const std::exception& error) {
      leak(point, how, "an account: " + std::string(error.what()));
    }
  }

  /// Returns whether the run came to `point`.
  bool run_program(std::uint64_t point, blow how) {
    if (options_.before) options_.before();
    const std::vector<long long> counted = counts();
    std::exception_ptr failed;
    {
      heddle::detail::scope_frame scope;
      heddle::detail::enter_scope(scope);
      decisions_.arm(scope, point, how);
      try {
        heddle::detail::run_inside(scope, {scope, heddle::detail::leave_scope}, program_);
      } catch (...) {
        if (!comes_of_the_blow(std::current_exception())) failed = std::current_exception();
      }
      decisions_.disarm();
      heddle::detail::end_scope(scope);
    }
    compare(counted, point, how);
    if (options_.after) options_.after();
    if (failed) std::rethrow_exception(failed);
    return decisions_.count() >= point;
  }

  const std::function<void()>& program_;
  const sweep_options& options_;
  spawn_site where_;
  config settings_;
  sweep_run decisions_;
  std::string unhandled_;  // what on_unhandled was told in this run
  blow blow_ = blow::none;
  sweep_report report_;
};

}  // namespace

std::string sweep_report::text() const {
  std::string result = std::to_string(points) + " suspension points, " + std::to_string(runs) +
                       " runs, " + std::to_string(leaks.size()) + " leaks\n";
  for (const sweep_leak& each : leaks) {
    if (each.point != 0) {
      result += "at point " + std::to_string(each.point) + " (" + each.where + "), ";
    }
    result += each.how + ": " + each.what + "\n";
  }
  return result;
}

sweep_report cancel_sweep(const std::function<void()>& program, const sweep_options& options,
                          spawn_site where) {
  return sweep(program, options, where).run();
}

}  // namespace heddle::testing
