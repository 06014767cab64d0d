// SPDX-License-Identifier: MIT
// Who is woken when: a failure and every 64th end wake the supervisor, any end the acceptor.
#include "net/connection_set.hpp"

#include <iterator>

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

connection_set::room connection_set::wait_for_room() {
  std::list<waiter*> mine(1);  // before the lock: this allocates
  std::unique_lock lock(guard_);
  while (live_.size() + rooms_ >= limit_) {
    waiter self({serve_kind, this});
    mine.front() = &self;
    acceptors_.splice(acceptors_.end(), mine);
    const auto in_line = std::prev(acceptors_.end());
    lock.unlock();
    const wake_reason reason = self.wait();
    lock.lock();
    mine.splice(mine.end(), acceptors_, in_line);
    if (reason != wake_reason::cancelled) continue;
    lock.unlock();
    throw_if_cancelled(reason);
  }
  ++rooms_;
  return room(*this);
}

resumption connection_set::wake_acceptor() noexcept {
  for (waiter* const each : acceptors_) {
    if (resumption woken = each->claim()) return woken;  // others have been claimed, and will leave
  }
  return {};
}

void connection_set::give_back() noexcept {
  std::unique_lock lock(guard_);
  --rooms_;
  resumption woken = wake_acceptor();
  lock.unlock();
  woken.resume();
}

connection_set::place connection_set::reserve(room taken) {
  std::list<connection> fresh(1);
  const place at = fresh.begin();
  const std::lock_guard lock(guard_);
  live_.splice(live_.end(), fresh);
  --rooms_;
  taken.set_ = nullptr;
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
  std::unique_lock lock(guard_);
  live_.erase(at);
  resumption woken = wake_acceptor();
  lock.unlock();
  woken.resume();
}

bool connection_set::worth_reaping() const noexcept {
  return failure_ended_ || ended_.size() >= reaped_at_once;
}

void connection_set::retire(place at, resumption_list& woken) noexcept {
  if (at->failed) failure_ended_ = true;
  ended_.splice(ended_.end(), live_, at);
  if (worth_reaping() || (live_.empty() && accepting_ == 0)) woken.add(supervisor_.wake());
  woken.add(wake_acceptor());
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

void connection_set::accepting_begins() noexcept {
  const std::lock_guard lock(guard_);
  ++accepting_;
}

void connection_set::accepting_ended() noexcept {
  std::unique_lock lock(guard_);
  --accepting_;
  one_ended_ = true;
  resumption woken = supervisor_.wake();
  lock.unlock();
  woken.resume();
}

bool connection_set::supervise() noexcept {
  std::unique_lock lock(guard_);
  while (!one_ended_) {
    const wake_reason reason =
        worth_reaping() ? wake_reason::event : sit(lock, supervisor_, cancellation::deliver);
    lock.unlock();
    reap();
    if (reason == wake_reason::cancelled) return false;
    lock.lock();
  }
  return true;
}

void connection_set::wait_for_acceptors() noexcept {
  std::unique_lock lock(guard_);
  while (accepting_ != 0) sit(lock, supervisor_, cancellation::shield);
}

bool connection_set::wait_for_all(deadline limit) noexcept {
  std::unique_lock lock(guard_);
  while (!live_.empty()) {
    if (std::exchange(hurried_, false)) return false;
    const wake_reason reason = sit(lock, supervisor_, cancellation::shield, limit);
    if (reason == wake_reason::timeout) return live_.empty();
    lock.unlock();
    reap();
    lock.lock();
  }
  return true;
}

void connection_set::hurry() noexcept {
  std::unique_lock lock(guard_);
  hurried_ = true;
  resumption woken = supervisor_.wake();
  lock.unlock();
  woken.resume();
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
