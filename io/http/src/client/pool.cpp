// SPDX-License-Identifier: MIT
// Everything under one lock, for a few steps each; closing is left for after it.
#include "client/pool.hpp"

#include <algorithm>

namespace heddle::http::detail {

void lease::release() noexcept {
  if (from_ == nullptr) return;
  std::exchange(from_, nullptr)->give_back(origin_, std::move(held_), std::exchange(keep_, false));
}

bool pool::expired(const pooled_connection& idle) const noexcept {
  return clock::now() - idle.idle_since >= config_.idle_timeout;
}

void pool::give_up_slot(host& of) noexcept {
  --of.slots;
  --slots_;
}

void pool::forget_if_empty(const std::string& origin) noexcept {
  const auto found = hosts_.find(origin);
  if (found != hosts_.end() && found->second.slots == 0 && found->second.waiting == 0) {
    hosts_.erase(found);
  }
}

/// Takes the idle connection that was used last, if it is of any use. Those that are not give up
/// their slots.
bool pool::take_idle(host& from, connection& into, connections& doomed) {
  while (!from.idle.empty()) {
    connection last = std::move(from.idle.back());
    from.idle.pop_back();
    --idle_;
    if (!expired(*last) && !last->over->is_readable()) {
      into = std::move(last);
      return true;
    }
    doomed.push_back(std::move(last));
    give_up_slot(from);
  }
  return false;
}

/// Closes the connection of another origin that has been idle longest, if there is one.
bool pool::make_room(const std::string& origin, connections& doomed) {
  const std::string* oldest = nullptr;
  for (const auto& [name, each] : hosts_) {
    if (each.idle.empty() || name == origin) continue;
    if (oldest == nullptr ||
        each.idle.front()->idle_since < hosts_.at(*oldest).idle.front()->idle_since) {
      oldest = &name;
    }
  }
  if (oldest == nullptr) return false;
  const std::string name = *oldest;
  host& from = hosts_.at(name);
  doomed.push_back(std::move(from.idle.front()));
  from.idle.pop_front();
  --idle_;
  give_up_slot(from);
  forget_if_empty(name);
  return true;
}

bool pool::take(const std::string& origin, host& from, connection& into, connections& doomed) {
  if (take_idle(from, into, doomed)) return true;
  if (from.slots >= config_.connections_per_host) return false;
  if (slots_ >= config_.connections && !make_room(origin, doomed)) return false;
  ++from.slots;
  ++slots_;
  return true;
}

/// Grants what there is to those who wait, from the front.
void pool::serve(resumption_list& woken, connections& doomed) {
  for (auto at = queue_.begin(); at != queue_.end();) {
    queued& next = **at;
    host& from = hosts_.at(next.origin);
    if (!take(next.origin, from, next.granted, doomed)) {
      ++at;
      continue;
    }
    --from.waiting;
    at = queue_.erase(at);
    next.has_slot = true;
    if (resumption woke = next.self.claim()) {
      woken.add(std::move(woke));
      continue;
    }
    // It has timed out or was cancelled, and will find itself out of the queue.
    next.has_slot = false;
    if (next.granted) {
      from.idle.push_back(std::move(next.granted));
      ++idle_;
    } else {
      give_up_slot(from);
    }
    forget_if_empty(next.origin);
    at = queue_.begin();
  }
}

pool::outcome pool::acquire(const std::string& origin, deadline limit, lease& into) {
  cooperate();
  connections doomed;
  connection held;
  std::unique_lock lock(guard_);
  if (closed_) return outcome::closed;
  end_idle(doomed);
  host& from = hosts_[origin];
  if (from.waiting == 0 && take(origin, from, held, doomed)) {
    lock.unlock();
    into = lease(this, origin, std::move(held));
    return outcome::granted;
  }
  queued self{.origin = origin, .self = waiter()};
  queue_.push_back(&self);
  ++from.waiting;
  lock.unlock();
  doomed.clear();
  const wake_reason reason = self.self.wait(limit);
  if (reason == wake_reason::event) {
    into = lease(this, origin, std::move(self.granted));
    return outcome::granted;
  }
  lock.lock();
  if (const auto place = std::find(queue_.begin(), queue_.end(), &self); place != queue_.end()) {
    queue_.erase(place);
    --hosts_.at(origin).waiting;
    forget_if_empty(origin);
  }
  lock.unlock();
  throw_if_cancelled(reason);
  return reason == wake_reason::closed ? outcome::closed : outcome::timed_out;
}

void pool::give_back(const std::string& origin, connection held, bool keep) noexcept {
  connections doomed;
  resumption_list woken;
  const std::lock_guard lock(guard_);
  host& to = hosts_.at(origin);
  if (held && keep && !closed_) {
    held->idle_since = clock::now();
    to.idle.push_back(std::move(held));
    ++idle_;
  } else {
    give_up_slot(to);
  }
  serve(woken, doomed);
  end_idle(doomed);
  forget_if_empty(origin);
}

/// Closes what has been idle for too long, and what is idle beyond the limit, the oldest first.
void pool::end_idle(connections& doomed) {
  const auto before = doomed.size();
  while (idle_ > config_.idle_connections && make_room({}, doomed)) {
  }
  for (auto& [name, each] : hosts_) {
    while (!each.idle.empty() && expired(*each.idle.front())) {
      doomed.push_back(std::move(each.idle.front()));
      each.idle.pop_front();
      --idle_;
      give_up_slot(each);
    }
  }
  if (doomed.size() == before) return;
  std::erase_if(
      hosts_, [](const auto& each) { return each.second.slots == 0 && each.second.waiting == 0; });
}

void pool::close() noexcept {
  connections doomed;
  resumption_list woken;
  const std::lock_guard lock(guard_);
  closed_ = true;
  for (auto& [name, each] : hosts_) {
    for (connection& idle : each.idle) {
      doomed.push_back(std::move(idle));
      give_up_slot(each);
    }
    each.idle.clear();
    each.waiting = 0;
  }
  idle_ = 0;
  for (queued* const each : queue_) {
    if (resumption woke = each->self.claim(wake_reason::closed)) woken.add(std::move(woke));
  }
  queue_.clear();
  std::erase_if(hosts_, [](const auto& each) { return each.second.slots == 0; });
}

pool::numbers pool::count() const {
  const std::lock_guard lock(guard_);
  return {.open = slots_, .idle = idle_, .waiting = queue_.size()};
}

}  // namespace heddle::http::detail
