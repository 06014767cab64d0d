// SPDX-License-Identifier: MIT
// Everything under one lock, for a few steps each; closing is left for after it.
#include "client/pool.hpp"

#include <heddle/runtime/lock_owner.hpp>
#include <heddle/runtime/this_fiber.hpp>

#include <algorithm>
#include <exception>

namespace heddle::http::detail {

void lease::release() noexcept {
  if (from_ == nullptr) return;
  std::exchange(from_, nullptr)->give_back(*origin_, std::move(held_), std::exchange(keep_, false));
}

bool pool::expired(const pooled_connection& idle) const noexcept {
  return clock::now() - idle.idle_since >= config_.idle_timeout;
}

void pool::give_up_slot(pool_host& of) noexcept {
  --of.slots;
  --slots_;
}

void pool::forget_if_empty(const pool_origin& origin) noexcept {
  if (origin.second.slots != 0 || origin.second.waiting != 0) return;
  hosts_.erase(hosts_.find(origin.first));
}

/// Takes the idle connection that was used last, if it is not too old. Those that are give up their
/// slots.
bool pool::take_idle(pool_host& from, connection_list& place, connection_list& doomed) noexcept {
  while (!from.idle.empty()) {
    const auto last = std::prev(from.idle.end());
    --idle_;
    if (!expired(**last)) {
      place.front() = std::move(*last);
      from.idle.erase(last);
      return true;
    }
    doomed.splice(doomed.end(), from.idle, last);
    give_up_slot(from);
  }
  return false;
}

/// Closes the connection of another origin that has been idle longest, if there is one.
bool pool::make_room(const pool_origin* except, connection_list& doomed) noexcept {
  pool_origin* oldest = nullptr;
  for (pool_origin& each : hosts_) {
    if (each.second.idle.empty() || &each == except) continue;
    if (oldest == nullptr ||
        each.second.idle.front()->idle_since < oldest->second.idle.front()->idle_since) {
      oldest = &each;
    }
  }
  if (oldest == nullptr) return false;
  pool_host& from = oldest->second;
  doomed.splice(doomed.end(), from.idle, from.idle.begin());
  --idle_;
  give_up_slot(from);
  forget_if_empty(*oldest);
  return true;
}

bool pool::take(pool_origin& origin, connection_list& place, connection_list& doomed) noexcept {
  pool_host& from = origin.second;
  if (take_idle(from, place, doomed)) return true;
  if (from.slots >= config_.connections_per_host) return false;
  if (slots_ >= config_.connections && !make_room(&origin, doomed)) return false;
  ++from.slots;
  ++slots_;
  return true;
}

/// Grants what there is to those who wait, from the front.
void pool::serve(resumption_list& woken, connection_list& doomed) noexcept {
  for (auto at = queue_.begin(); at != queue_.end();) {
    queued& next = **at;
    pool_host& from = next.origin.second;
    if (!take(next.origin, next.place, doomed)) {
      ++at;
      continue;
    }
    --from.waiting;
    at = queue_.erase(at);
    if (resumption woke = next.self.claim()) {
      woken.add(std::move(woke));
      continue;
    }
    // It has timed out or was cancelled, and will find itself out of the queue.
    if (next.place.front() != nullptr) {
      from.idle.splice(from.idle.end(), next.place);
      ++idle_;
    } else {
      give_up_slot(from);
    }
    forget_if_empty(next.origin);
    at = queue_.begin();
  }
}

pool::outcome pool::acquire(const std::string& name, deadline limit, lease& into) {
  cooperate();
  connection_list place(1);
  connection_list doomed;
  std::unique_lock lock(guard_);
  if (closed_) return outcome::closed;
  end_idle(doomed);
  pool_origin& origin = *hosts_.try_emplace(name).first;
  // Nobody is overtaken: while somebody waits for this origin there is nothing to take (2).
  if (!take(origin, place, doomed)) {
    const outcome found = wait_for_slot(lock, {origin, limit, place, doomed});
    if (found != outcome::granted) return found;
  } else {
    lock.unlock();
  }
  into = lease(this, origin, std::move(place));
  drop_dead(into);
  return outcome::granted;
}

/// Queues, and gives the lock back. Errors: `cancelled`, nothing taken; std::bad_alloc.
pool::outcome pool::wait_for_slot(std::unique_lock<std::mutex>& lock, const wish& wanted) {
  pool_origin& origin = wanted.origin;
  queued self{.origin = origin, .self = waiter(), .place = std::move(wanted.place)};
  queue_.push_back(&self);
  ++origin.second.waiting;
  lock.unlock();
  wanted.doomed.clear();
  const wake_reason reason = self.self.wait(wanted.limit);
  if (reason == wake_reason::event) {
    wanted.place = std::move(self.place);
    return outcome::granted;
  }
  lock.lock();  // until here serve() may put something into the place, and take it out again
  if (const auto at = std::find(queue_.begin(), queue_.end(), &self); at != queue_.end()) {
    queue_.erase(at);
    --origin.second.waiting;
    forget_if_empty(origin);
  }
  lock.unlock();
  throw_if_cancelled(reason);
  return reason == wake_reason::closed ? outcome::closed : outcome::timed_out;
}

/// Takes other idle connections in the place of one that has died, or none. Their slots are then
/// others' to have.
void pool::drop_dead(lease& of) {
  while (of.connection() != nullptr && of.connection()->over->is_readable()) {
    of.set(nullptr);
    connection_list doomed;
    resumption_list woken;
    const std::lock_guard lock(guard_);
    pool_host& from = of.origin_->second;
    if (take_idle(from, of.held_, doomed)) give_up_slot(from);
    serve(woken, doomed);
  }
}

void pool::give_back(pool_origin& origin, connection_list held, bool keep) noexcept {
  connection_list doomed;
  task<void> last_watcher;
  resumption_list woken;
  const std::lock_guard lock(guard_);
  pool_host& to = origin.second;
  if (held.front() != nullptr && keep && !closed_) {
    held.front()->idle_since = clock::now();
    to.idle.splice(to.idle.end(), held);
    ++idle_;
  } else {
    give_up_slot(to);
  }
  serve(woken, doomed);  // the origin may be forgotten here
  end_idle(doomed);
  if (idle_ != 0 && !watching_) last_watcher = watch_idle();
}

/// Has a fiber close what will have been idle for too long, also if nobody uses the client again.
/// The caller holds the lock. Without memory for it, or on a plain thread, the next use of the
/// client closes them. Returns: the fiber before that, which has unlocked for the last time, to be
/// joined without the lock.
task<void> pool::watch_idle() noexcept {
  if (is_plain_thread(caller_id())) return {};
  if (deadline::after(config_.idle_timeout).is_never()) return {};
  try {
    task<void> next = spawn({.name = "http idle"}, [this] { close_what_expires(); });
    watching_ = true;
    return std::exchange(watcher_, std::move(next));
  } catch (const std::exception&) {
    return {};
  }
}

void pool::close_what_expires() {
  for (;;) {
    connection_list doomed;
    deadline until;
    {
      const std::lock_guard lock(guard_);
      end_idle(doomed);
      if (const std::optional<clock::time_point> oldest = oldest_idle()) {
        until = deadline::after(config_.idle_timeout - (clock::now() - *oldest));
      }
      watching_ = !until.is_never() || !doomed.empty();
      if (!watching_) return;
    }
    doomed.clear();
    try {
      if (!until.is_never()) this_fiber::sleep_until(until);
    } catch (...) {
      const std::lock_guard lock(guard_);
      watching_ = false;
      throw;
    }
  }
}

/// Returns since when the connection is idle that has been so longest.
std::optional<clock::time_point> pool::oldest_idle() const noexcept {
  std::optional<clock::time_point> oldest;
  for (const auto& [name, each] : hosts_) {
    if (each.idle.empty()) continue;
    const clock::time_point since = each.idle.front()->idle_since;
    if (!oldest || since < *oldest) oldest = since;
  }
  return oldest;
}

/// Closes what has been idle for too long, and what is idle beyond the limit, the oldest first, and
/// forgets origins of which nothing is left.
void pool::end_idle(connection_list& doomed) noexcept {
  while (idle_ > config_.idle_connections && make_room(nullptr, doomed)) {
  }
  for (auto& [name, each] : hosts_) {
    while (!each.idle.empty() && expired(*each.idle.front())) {
      doomed.splice(doomed.end(), each.idle, each.idle.begin());
      --idle_;
      give_up_slot(each);
    }
  }
  std::erase_if(
      hosts_, [](const auto& each) { return each.second.slots == 0 && each.second.waiting == 0; });
}

void pool::close() noexcept {
  connection_list doomed;
  resumption_list woken;
  const std::lock_guard lock(guard_);
  closed_ = true;
  for (auto& [name, each] : hosts_) {
    each.slots -= each.idle.size();
    slots_ -= each.idle.size();
    doomed.splice(doomed.end(), each.idle);
    each.waiting = 0;
  }
  idle_ = 0;
  for (queued* const each : queue_) {
    if (resumption woke = each->self.claim(wake_reason::closed)) woken.add(std::move(woke));
  }
  queue_.clear();
  if (watcher_.joinable()) watcher_.cancel();
  std::erase_if(hosts_, [](const auto& each) { return each.second.slots == 0; });
}

pool::numbers pool::count() const {
  const std::lock_guard lock(guard_);
  return {.open = slots_, .idle = idle_, .waiting = queue_.size()};
}

}  // namespace heddle::http::detail
