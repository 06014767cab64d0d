// SPDX-License-Identifier: MIT
// See lock_waits.hpp.
#include "sched/lock_waits.hpp"

#include <heddle/runtime/cancel.hpp>

#include "base/fiber_label.hpp"
#include "base/hooks.hpp"
#include "fiber/fiber.hpp"

#include <algorithm>
#include <exception>
#include <mutex>

namespace heddle::detail {

bool lock_waits::chain::same_as(const chain& other) const noexcept {
  return length == other.length &&
         std::equal(links.begin(), links.begin() + static_cast<std::ptrdiff_t>(length),
                    other.links.begin());
}

fiber_id lock_waits::id_of(const lock_wait& wait) noexcept { return wait.who_->caller; }

lock_waits::shard& lock_waits::shard_of(fiber_id who) noexcept {
  return shards_[static_cast<std::uint64_t>(who) % shard_count];
}

lock_wait* lock_waits::find(shard& in, fiber_id who) noexcept {
  lock_wait* each = in.first;
  while (each != nullptr && id_of(*each) != who) each = each->next_;
  return each;
}

void lock_waits::add(lock_wait& wait) noexcept {
  shard& mine = shard_of(id_of(wait));
  const std::lock_guard guard(mine.lock);
  wait.serial_ = ++mine.last_serial;
  wait.next_ = std::exchange(mine.first, &wait);
}

void lock_waits::remove(lock_wait& wait) noexcept {
  shard& mine = shard_of(id_of(wait));
  const std::lock_guard guard(mine.lock);
  lock_wait** at = &mine.first;
  while (*at != &wait) at = &(*at)->next_;
  *at = wait.next_;
}

lock_waits::link lock_waits::read(fiber_id who) noexcept {
  shard& in = shard_of(who);
  const std::lock_guard guard(in.lock);
  const lock_wait* const wait = find(in, who);
  if (wait == nullptr) return {};
  return {who, wait->held_by_(wait->lock_.address()), wait->serial_};
}

fiber_id lock_waits::holder_of(fiber_id who) noexcept { return read(who).holder; }

/// Returns whether the holders lead from `wait` back to its fiber, each looked at once.
bool lock_waits::comes_back(const lock_wait& wait) noexcept {
  const fiber_id me = id_of(wait);
  fiber_id next = wait.held_by_(wait.lock_.address());
  for (std::size_t n = 1; n < longest_cycle; ++n) {
    if (next == me) return true;
    if (next == fiber_id::none || is_plain_thread(next)) return false;
    next = read(next).holder;
  }
  return next == me;
}

lock_waits::chain lock_waits::walk(fiber_id from) noexcept {
  chain found;
  std::size_t length = 0;
  for (fiber_id next = from; length < longest_cycle;) {
    const link one = read(next);
    if (one.holder == fiber_id::none || one.holder == one.who) return {};
    found.links[length++] = one;
    next = one.holder;
    if (next == from) {
      found.length = length;
      return found;
    }
  }
  return {};
}

bool lock_waits::is_first_to_report(const chain& cycle) noexcept {
  // Two waits that were listed at the same time may both have found it: they meet at one link.
  const link& agreed = *std::min_element(
      cycle.links.begin(), cycle.links.begin() + static_cast<std::ptrdiff_t>(cycle.length),
      [](const link& a, const link& b) { return a.who < b.who; });
  shard& in = shard_of(agreed.who);
  const std::lock_guard guard(in.lock);
  lock_wait* const wait = find(in, agreed.who);
  return wait != nullptr && wait->serial_ == agreed.serial && !std::exchange(wait->reported_, true);
}

void lock_waits::report_cycle(const lock_wait& wait, error_hooks& hooks) noexcept {
  if (comes_back(wait)) [[unlikely]]
    report_if_cycle(wait, hooks);
}

__attribute__((noinline)) void lock_waits::report_if_cycle(const lock_wait& wait,
                                                           error_hooks& hooks) noexcept {
  const fiber_id me = id_of(wait);
  const chain found = walk(me);
  if (found.length == 0 || !walk(me).same_as(found) || !is_first_to_report(found)) return;
  stall_report report;
  report.what = stall_report::kind::lock_cycle;
  report.id = me;
  try {
    const fiber_identity::copy who = wait.who_->identity.read();
    report.name = who.name.data();
    report.spawned_at = who.site;
    report.details = describe(found);
  } catch (const std::exception&) {
    report.details = "no memory to describe it";
  }
  const shield_guard quiet(
      std::nothrow);  // the hook must not throw, however cancelled the fiber is
  hooks.stall(report);
}

std::string lock_waits::describe(const chain& cycle) {
  std::string text;
  for (std::size_t n = 0; n < cycle.length; ++n) text += describe(cycle.links[n]);
  return text;
}

std::string lock_waits::describe(const link& one) {
  fiber_identity::copy who;
  wait_subject lock;
  {
    shard& in = shard_of(one.who);
    const std::lock_guard guard(in.lock);
    if (const lock_wait* const wait = find(in, one.who)) {
      who = wait->who_->identity.read();
      lock = wait->lock_;
    }
  }
  if (lock.kind() == nullptr) return "  fiber " + text_of(one.who) + " waits no more\n";
  return "  " + fiber_label(one.who, who.name.data(), who.site) + ", waits for " + text_of(lock) +
         ", held by fiber " + text_of(one.holder) + "\n";
}

}  // namespace heddle::detail
