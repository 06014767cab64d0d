// SPDX-License-Identifier: MIT
// Arming, cascading and firing.
#include "timer/wheel.hpp"

#include <algorithm>
#include <bit>
#include <limits>
#include <mutex>
#include <utility>

namespace heddle::detail {

timer_wheel::timer_wheel(clock::time_point start) noexcept : start_(start) {}

std::uint64_t timer_wheel::tick_at_or_before(clock::time_point when) const noexcept {
  if (when <= start_) return 0;
  return static_cast<std::uint64_t>((when - start_).count()) >> tick_shift;
}

std::uint64_t timer_wheel::tick_at_or_after(clock::time_point when) const noexcept {
  if (when <= start_) return 0;
  const auto since = static_cast<std::uint64_t>((when - start_).count());
  return (since + (std::uint64_t{1} << tick_shift) - 1) >> tick_shift;
}

void timer_wheel::place_in_level(timer& entry) const noexcept {
  // The highest differing digit decides the level; a due tick in the past goes to the present slot.
  const std::uint64_t tick = std::max(entry.due_tick, current_);
  const std::uint64_t differs = (tick ^ current_) | (slots - 1);
  const unsigned at = (static_cast<unsigned>(std::bit_width(differs)) - 1) / digit_bits;
  entry.level = static_cast<std::uint8_t>(std::min(at, levels - 1));
  entry.slot = static_cast<std::uint8_t>(tick >> (entry.level * digit_bits) & (slots - 1));
}

// Lists are in the order in which their timers were armed: timers of one tick fire in it.
void timer_wheel::append(timer& entry) noexcept {
  place_in_level(entry);
  level& on = levels_[entry.level];
  entry.next = nullptr;
  entry.previous = on.last[entry.slot];
  (entry.previous != nullptr ? entry.previous->next : on.first[entry.slot]) = &entry;
  on.last[entry.slot] = &entry;
  on.occupied.insert(entry.slot);
  leave_trail(entry);
}

void timer_wheel::prepend(timer& entry) noexcept {
  place_in_level(entry);
  level& on = levels_[entry.level];
  entry.previous = nullptr;
  entry.next = on.first[entry.slot];
  (entry.next != nullptr ? entry.next->previous : on.last[entry.slot]) = &entry;
  on.first[entry.slot] = &entry;
  on.occupied.insert(entry.slot);
  leave_trail(entry);
}

/// Each timer lies on a stack, and so in a page, of its own: a walk along a list would wait for
/// memory at each step. So each entry remembers one that was linked some entries before it, which
/// is where a walk in the opposite direction comes to: cascades walk lists that were appended to,
/// from the end; firing walks those that a cascade has prepended to, from the front.
void timer_wheel::leave_trail(timer& entry) noexcept {
  entry.soon = nullptr;
  if (entry.level >= levels_with_trail) return;
  trail& here = trails_[entry.level][entry.slot];
  entry.soon = std::exchange(here.latest[here.at], &entry);
  here.at = (here.at + 1) % here.latest.size();
}

/// Begins to load what a walk from the end that was linked last will come to first.
void timer_wheel::follow_trail(unsigned of_level, unsigned slot) const noexcept {
  if (of_level >= levels_with_trail) return;
  for (const timer* const entry : trails_[of_level][slot].latest) __builtin_prefetch(entry, 1);
}

void timer_wheel::unlink(timer& entry, timer_state now) noexcept {
  level& on = levels_[entry.level];
  (entry.previous != nullptr ? entry.previous->next : on.first[entry.slot]) = entry.next;
  (entry.next != nullptr ? entry.next->previous : on.last[entry.slot]) = entry.previous;
  if (on.first[entry.slot] == nullptr) on.occupied.erase(entry.slot);
  // order: release — partner: whoever armed it, on whose frame the entry lies.
  entry.state.store(now, std::memory_order_release);
}

void timer_wheel::arm(timer& entry, clock::time_point when) noexcept {
  entry.wheel = this;
  entry.due_tick = tick_at_or_after(when);
  std::lock_guard guard(lock_);
  append(entry);
  entry.state.store(timer_state::armed, std::memory_order_relaxed);
  armed_.store(armed_.load(std::memory_order_relaxed) + 1, std::memory_order_relaxed);
  const clock::rep when_due = when.time_since_epoch().count();
  if (when_due < next_due_.load(std::memory_order_relaxed)) {
    next_due_.store(when_due, std::memory_order_relaxed);
  }
}

void timer_wheel::disarm(timer& entry) noexcept {
  std::lock_guard guard(lock_);
  if (entry.state.load(std::memory_order_relaxed) != timer_state::armed) return;
  unlink(entry, timer_state::off);
  armed_.store(armed_.load(std::memory_order_relaxed) - 1, std::memory_order_relaxed);
}

unsigned timer_wheel::slot_set::first_from(unsigned from) const noexcept {
  std::uint64_t word = words_[from / 64] >> (from % 64) << (from % 64);
  for (unsigned n = from / 64;; word = words_[n]) {
    if (word != 0) return n * 64 + static_cast<unsigned>(std::countr_zero(word));
    if (++n == words_.size()) return slots;
  }
}

unsigned timer_wheel::present_slot(unsigned of_level) const noexcept {
  return static_cast<unsigned>(current_ >> (of_level * digit_bits) & (slots - 1));
}

bool timer_wheel::earliest(place& found) const noexcept {
  // The present slot of a higher level holds timers only while a cascade from it is not finished.
  for (unsigned at = 1; at < levels; ++at) {
    found = {at, present_slot(at), current_};
    if (levels_[at].occupied.contains(found.slot)) return true;
  }
  for (unsigned at = 0; at < levels; ++at) {
    // Slots after the present one come in this turn of the level; there are none before it.
    const unsigned slot = levels_[at].occupied.first_from(present_slot(at));
    if (slot == slots) continue;
    const unsigned shift = at * digit_bits;
    const std::uint64_t base = current_ >> (shift + digit_bits) << (shift + digit_bits);
    found = {at, slot, std::max(base | std::uint64_t{slot} << shift, current_)};
    return true;
  }
  return false;
}

void timer_wheel::cascade(const place& from, due& into) noexcept {
  level& on = levels_[from.level];
  follow_trail(from.level, from.slot);
  // The youngest goes first and each older one before it, in front of what was armed since the
  // cascade began: when it did, the lower levels were empty (what they held was due before).
  timer* entry = on.last[from.slot];
  while (entry != nullptr && into.fired + into.moved < most_per_advance) {
    __builtin_prefetch(entry->soon, 1);
    timer* const previous = entry->previous;
    prepend(*entry);
    ++into.moved;
    entry = previous;
  }
  on.last[from.slot] = entry;
  if (entry != nullptr) {
    entry->next = nullptr;
  } else {
    on.first[from.slot] = nullptr;
    on.occupied.erase(from.slot);
  }
}

void timer_wheel::fire_slot(unsigned slot, due& into) noexcept {
  constexpr int lead = 4;
  const level& lowest = levels_[0];
  follow_trail(0, slot);
  const timer* ahead = lowest.first[slot];
  for (int n = 0; n < lead && ahead != nullptr; ++n) ahead = ahead->next;
  while (lowest.first[slot] != nullptr && into.fired + into.moved < most_per_advance) {
    timer& entry = *lowest.first[slot];
    __builtin_prefetch(entry.soon, 1);
    if (ahead != nullptr) {
      __builtin_prefetch(ahead->who, 1);  // its wake word; null for a scope
      ahead = ahead->next;
    }
    fire(entry, into);
    ++into.fired;
  }
}

void timer_wheel::fire(timer& entry, due& into) noexcept {
  parker* const who = entry.who;
  if (who == nullptr) {
    unlink(entry, timer_state::firing);
    entry.next = into.scopes;
    into.scopes = &entry;
    return;
  }
  const std::uint32_t epoch = entry.epoch;
  unlink(entry, timer_state::off);  // whoever waits may go on now: the entry is not touched again
  if (who->word.try_claim(epoch, wake_reason::timeout, 0) != wake_word::claim_result::won_parked) {
    return;
  }
  who->next_resumed = nullptr;
  (into.last != nullptr ? into.last->next_resumed : into.first) = who;
  into.last = who;
}

timer_wheel::due timer_wheel::advance(clock::time_point now) noexcept {
  due result;
  if (now < next_due()) return result;
  const std::uint64_t target = tick_at_or_before(now);
  std::lock_guard guard(lock_);
  place next;
  const auto may_go_on = [&] { return result.fired + result.moved < most_per_advance; };
  while (may_go_on() && earliest(next) && next.tick <= target) {
    current_ = next.tick;
    next.level > 0 ? cascade(next, result) : fire_slot(next.slot, result);
  }
  if (may_go_on()) current_ = std::max(current_, target);
  armed_.store(armed_.load(std::memory_order_relaxed) - result.fired, std::memory_order_relaxed);
  publish_next_due();
  return result;
}

void timer_wheel::publish_next_due() noexcept {
  place next;
  clock::rep bound = clock::time_point::max().time_since_epoch().count();
  if (earliest(next)) {
    const auto most = static_cast<std::uint64_t>(bound - start_.time_since_epoch().count());
    const std::uint64_t since = next.tick << tick_shift;
    const bool representable = next.tick <= most >> tick_shift;
    if (representable) bound = start_.time_since_epoch().count() + static_cast<clock::rep>(since);
  }
  next_due_.store(bound, std::memory_order_relaxed);
}

}  // namespace heddle::detail
