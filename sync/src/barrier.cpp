// SPDX-License-Identifier: MIT
// barrier: a count of arrivals and a list, under one lock. The completion runs without the lock,
// with `completing_` set: then nobody may arrive or leave.
#include <heddle/sync/barrier.hpp>

#include <mutex>
#include <string>
#include <utility>

namespace heddle::sync::detail {

namespace {

constexpr wait_kind barrier_kind{"barrier"};

[[noreturn]] void throw_broken() {
  throw barrier_broken("heddle::sync::barrier: aborted or reset");
}

}  // namespace

struct barrier_core::arrival : wait_entry {
  enum class outcome : std::uint8_t { open, passed, broken };

  arrival(const barrier_core* at, cancellation mode) noexcept
      : wait_entry(wait_subject(barrier_kind, at), mode) {}
  outcome phase = outcome::open;  // said under the lock: right also if the claim came too late
  std::size_t index = 0;
};

barrier_core::~barrier_core() { check_nobody_waits(waiters_.empty(), "barrier"); }

barrier_core::barrier_core(std::ptrdiff_t parties) : parties_(parties) {
  if (parties < 1) {
    throw std::invalid_argument("heddle::sync::barrier: " + std::to_string(parties) +
                                " parties, must be 1 or more");
  }
}

void barrier_core::check_arrival(std::unique_lock<spinlock>& guard, std::ptrdiff_t n,
                                 const char* operation) {
  const std::ptrdiff_t missing = completing_ ? 0 : parties_ - arrived_;
  if (!broken_ && n >= 1 && n <= missing) return;
  const bool broken = broken_;
  guard.unlock();
  if (broken) throw_broken();
  throw std::logic_error(std::string("heddle::sync::barrier::") + operation + ": " +
                         std::to_string(n) + " arrive where " + std::to_string(missing) +
                         " are missing");
}

/// Ends the phase. Returns how many have waited for it.
std::size_t barrier_core::end_phase(resumption_list& woken, bool passed) noexcept {
  parties_ -= std::exchange(dropped_, 0);
  arrived_ = 0;
  ++phase_;
  if (passed) passed_ = phase_;
  std::size_t count = 0;
  while (wait_entry* const first = waiters_.first()) {
    auto& entry = static_cast<arrival&>(*first);
    waiters_.remove(entry);
    entry.phase = passed ? arrival::outcome::passed : arrival::outcome::broken;
    entry.index = count++;
    woken.add(entry.who.claim());
  }
  waiting_ = 0;
  return count;
}

/// All have arrived. Gives up the lock. Returns how many have waited.
std::size_t barrier_core::complete(std::unique_lock<spinlock>& guard, completion last) noexcept {
  resumption_list woken;
  if (last.run != nullptr) {
    completing_ = true;
    guard.unlock();
    shield([last] { last.run(last.of); });
    guard.lock();
    completing_ = false;
  }
  const std::size_t waited = end_phase(woken, true);
  guard.unlock();
  woken.resume_all();
  return waited;
}

std::uint64_t barrier_core::arrive(std::ptrdiff_t n, completion last) {
  std::unique_lock guard(lock_);
  check_arrival(guard, n, "arrive");
  arrived_ += n;
  const std::uint64_t phase = phase_;
  if (arrived_ == parties_) complete(guard, last);
  return phase;
}

void barrier_core::arrive_and_drop(completion last) {
  std::unique_lock guard(lock_);
  check_arrival(guard, 1, "arrive_and_drop");
  ++arrived_;
  ++dropped_;
  if (arrived_ == parties_) complete(guard, last);
}

std::optional<std::size_t> barrier_core::arrive_and_wait(deadline limit, completion last) {
  cooperate();
  std::unique_lock guard(lock_);
  check_arrival(guard, 1, "arrive_and_wait");
  ++arrived_;
  if (arrived_ == parties_) return complete(guard, last);
  for (cancellation mode = cancellation::deliver;;) {
    arrival self(this, mode);
    ++waiting_;
    const wake_reason reason = wait_in(waiters_, self, guard, limit);
    if (self.phase == arrival::outcome::passed) return self.index;
    if (self.phase == arrival::outcome::broken) {
      guard.unlock();
      throw_broken();
    }
    --waiting_;
    if (!completing_) {
      --arrived_;
      guard.unlock();
      throw_if_cancelled(reason);
      return std::nullopt;
    }
    // Too late to withdraw: the end of the completion ends the phase.
    mode = cancellation::shield;
    limit = deadline::never();
  }
}

/// Returns whether the phase, which has ended, has passed.
bool barrier_core::has_passed(std::unique_lock<spinlock>& guard, std::uint64_t phase) const {
  // Of the phases after the last one that passed each was broken.
  if (phase < phase_ && phase + 1 >= passed_) return phase + 1 == passed_;
  guard.unlock();
  throw std::logic_error("heddle::sync::barrier::wait: the arrival is of an older phase");
}

bool barrier_core::wait(std::uint64_t phase, deadline limit) {
  cooperate();
  std::unique_lock guard(lock_);
  bool passed = false;
  if (phase == phase_) {
    arrival self(this, cancellation::deliver);
    ++waiting_;
    const wake_reason reason = wait_in(waiters_, self, guard, limit);
    if (self.phase == arrival::outcome::open) {
      --waiting_;
      guard.unlock();
      throw_if_cancelled(reason);
      return false;
    }
    passed = self.phase == arrival::outcome::passed;
  } else {
    passed = has_passed(guard, phase);
  }
  guard.unlock();
  if (!passed) throw_broken();
  return true;
}

void barrier_core::abort() noexcept {
  resumption_list woken;
  {
    const std::lock_guard guard(lock_);
    broken_ = true;
    if (!completing_) end_phase(woken, false);
  }
  woken.resume_all();
}

void barrier_core::reset() noexcept {
  resumption_list woken;
  {
    const std::lock_guard guard(lock_);
    broken_ = false;
    if (!completing_) end_phase(woken, false);
  }
  woken.resume_all();
}

bool barrier_core::broken() const noexcept {
  const std::lock_guard guard(lock_);
  return broken_;
}

std::ptrdiff_t barrier_core::parties() const noexcept {
  const std::lock_guard guard(lock_);
  return parties_;
}

std::size_t barrier_core::waiting() const noexcept {
  const std::lock_guard guard(lock_);
  return waiting_;
}

}  // namespace heddle::sync::detail
