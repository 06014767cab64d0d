// SPDX-License-Identifier: MIT
// Who is woken when: a failure and every 64th end wake the supervisor, any end the acceptor.
#include "net/connection_set.hpp"

namespace heddle::io::detail {

namespace {
constexpr wait_kind serve_kind{"connections of serve"};
}

wake_reason connection_set::sit(std::unique_lock<std::mutex>& lock, seat& on, cancellation mode,
                                deadline limit) noexcept {
  waiter self(mode, {serve_kind, this});
  on.taken_by = &self;
  lock.unlock();
  const wake_reason reason = self.wait(limit);
  lock.lock();
  if (on.taken_by == &self) on.taken_by = nullptr;
  return reason;
}

void connection_set::wait_for_room() {
  std::unique_lock lock(guard_);
  wake_reason reason = wake_reason::none;
  while (live_.size() >= limit_ && reason != wake_reason::cancelled) {
    reason = sit(lock, acceptor_, cancellation::deliver);
  }
  lock.unlock();
  throw_if_cancelled(reason);
}

connection_set::place connection_set::reserve() {
  std::list<connection> fresh(1);
  const place at = fresh.begin();
  const std::lock_guard lock(guard_);
  live_.splice(live_.end(), fresh);
  return at;
}

void connection_set::adopt(place at, task<void> spawned) noexcept {
  std::unique_lock lock(guard_);
  at->handle = std::move(spawned);
  at->adopted = true;
  if (!at->ended) return;
  resumption_list woken;
  retire(at, woken);  // it was faster
  lock.unlock();
  woken.resume_all();
}

void connection_set::abandon(place at) noexcept {
  const std::lock_guard lock(guard_);
  live_.erase(at);
}

bool connection_set::worth_reaping() const noexcept {
  return failure_ended_ || ended_.size() >= reaped_at_once;
}

void connection_set::retire(place at, resumption_list& woken) noexcept {
  if (at->failed) failure_ended_ = true;
  ended_.splice(ended_.end(), live_, at);
  if (worth_reaping() || (live_.empty() && !accepting_)) woken.add(supervisor_.wake());
  woken.add(acceptor_.wake());
}

void connection_set::ended(place at, bool failed) noexcept {
  std::unique_lock lock(guard_);
  at->ended = true;
  at->failed = failed;
  if (!at->adopted) return;  // adopt() will see it
  resumption_list woken;
  retire(at, woken);
  lock.unlock();
  woken.resume_all();
}

void connection_set::accepting_ended() noexcept {
  std::unique_lock lock(guard_);
  accepting_ = false;
  resumption woken = supervisor_.wake();
  lock.unlock();
  woken.resume();
}

bool connection_set::supervise() noexcept {
  std::unique_lock lock(guard_);
  while (accepting_) {
    const wake_reason reason =
        worth_reaping() ? wake_reason::event : sit(lock, supervisor_, cancellation::deliver);
    lock.unlock();
    reap();
    if (reason == wake_reason::cancelled) return false;
    lock.lock();
  }
  return true;
}

void connection_set::wait_for_acceptor() noexcept {
  std::unique_lock lock(guard_);
  while (accepting_) sit(lock, supervisor_, cancellation::shield);
}

bool connection_set::wait_for_all(deadline limit) noexcept {
  std::unique_lock lock(guard_);
  while (!live_.empty()) {
    const wake_reason reason = sit(lock, supervisor_, cancellation::shield, limit);
    if (reason == wake_reason::timeout) return live_.empty();
    lock.unlock();
    reap();
    lock.lock();
  }
  return true;
}

void connection_set::reap() noexcept {
  std::list<connection> joined;
  {
    const std::lock_guard lock(guard_);
    joined.swap(ended_);
    failure_ended_ = false;
  }
  // A handle waits for its task, which is in its last instructions, and reports its failure.
}

void connection_set::cancel_all() noexcept {
  const std::lock_guard lock(guard_);
  for (connection& each : live_) each.handle.cancel();
}

}  // namespace heddle::io::detail
