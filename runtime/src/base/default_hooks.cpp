// SPDX-License-Identifier: MIT
// See default_hooks.hpp.
#include "base/default_hooks.hpp"

#include "base/fiber_label.hpp"
#include "base/rounded_time.hpp"

#include <cstdio>
#include <exception>

namespace heddle::detail {

namespace {

std::string headline(const stall_report& report) {
  switch (report.what) {
    case stall_report::kind::slow_slice:
      return (report.id == fiber_id::none
                  ? std::string("a fiber has run for at least ")
                  : fiber_label(report.id, report.name, report.spawned_at) + ": has run for ") +
             rounded_time(report.lasted) + " without suspending";
    case stall_report::kind::suspected_deadlock:
      return "suspected deadlock: every fiber waits and nothing is pending that could wake one";
    case stall_report::kind::lock_cycle:
      return "suspected deadlock: fibers wait for locks that one another hold";
    case stall_report::kind::unguarded_stacks:
      return "no guard pages left: further stacks are unguarded";
    case stall_report::kind::descriptors_exhausted:
      return "no file descriptors left";
  }
  return "unknown stall";
}

void write_to_stderr(const std::string& text) noexcept {
  std::fwrite(text.data(), 1, text.size(), stderr);  // stderr is unbuffered: one write
}

}  // namespace

std::string describe(const stall_report& report) {
  std::string text = headline(report);
  if (report.details.empty()) return text;
  text.append("\n").append(report.details);
  while (text.back() == '\n') text.pop_back();
  return text;
}

void print_unhandled(std::string_view runtime_name, const unhandled_error& error) noexcept {
  try {
    write_to_stderr(std::string(runtime_name) + ": unhandled error: " + error.describe() + "\n");
  } catch (const std::exception&) {
    std::fputs("heddle: unhandled error, and no memory to describe it\n", stderr);
  }
}

void print_stall(std::string_view runtime_name, const stall_report& report) noexcept {
  try {
    write_to_stderr(std::string(runtime_name) + ": " + describe(report) + "\n");
  } catch (const std::exception&) {
    std::fputs("heddle: stalled, and no memory to describe it\n", stderr);
  }
}

bool stall_limiter::admit(clock::time_point now) {
  const std::lock_guard lock(mutex_);
  if (is_spent(now)) {
    ++refused_;
    return false;
  }
  admitted_[next_] = now;
  next_ = (next_ + 1) % most_reports;
  full_ = full_ || next_ == 0;
  return true;
}

bool stall_limiter::would_admit(clock::time_point now) const {
  const std::lock_guard lock(mutex_);
  return !is_spent(now);
}

std::uint64_t stall_limiter::refused() const {
  const std::lock_guard lock(mutex_);
  return refused_;
}

}  // namespace heddle::detail
