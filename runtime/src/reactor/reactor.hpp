// SPDX-License-Identifier: MIT
// A loop's epoll set: descriptors in, lists of fibers to resume out. It calls nobody above it.
// Invariants: (1) every descriptor is edge-triggered, for both directions, so two threads may poll
// the set and each event is delivered once; (2) an event names a slot of the table and its
// generation: one that was harvested before its descriptor left the table finds another generation
// and is dropped; (3) the table and what fire() touches are under lock_, so a registration that
// remove() has taken out is not touched any more; (4) a registration keeps its reactor's memory
// alive, not its epoll set. Who may touch it: its loop polls and sleeps; a sentinel polls; anybody
// adds, removes, wakes up.
#pragma once

#include <heddle/runtime/clock.hpp>
#include <heddle/runtime/deadline.hpp>
#include <heddle/runtime/detail/spinlock.hpp>
#include <heddle/runtime/owned_fd.hpp>
#include <heddle/runtime/park.hpp>

#include "base/forks.hpp"
#include "reactor/tick_timer.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <system_error>
#include <vector>

struct epoll_event;

namespace heddle::detail {

class policy;
class registration;

class reactor {
 public:
  /// Errors: resource_exhausted (descriptors). `tick` is watched too; it must outlive the reactor's
  /// use.
  /// Descriptors of a simulation are watched by `decides`; null: there are none.
  explicit reactor(const tick_timer& tick, policy* decides = nullptr);

  struct harvest {
    std::size_t events = 0;  // of descriptors
    bool woken = false;      // by wake_up()
    bool tick = false;       // the runtime's tick timer came due
  };

  /// Collects what is ready now. `sleep_until` in the past or now: does not sleep. Adds whom to
  /// resume.
  harvest poll(deadline sleep_until, resumption_list& ready) noexcept;

  /// Ends a sleep in poll(), now or the next. From any thread. Cost: a write to an eventfd.
  void wake_up() noexcept;

  /// Watches a descriptor; returns epoll_ctl's error. Errors: std::bad_alloc.
  std::error_code add(registration& entry);
  void remove(registration& entry) noexcept;

  /// Closes the epoll set; registrations that remain are told when they are next used.
  void shut_down() noexcept;

  /// Returns the epoll descriptor: a number that no other living reactor has.
  int fd() const noexcept { return epoll_.get(); }

  /// Returns whether polling can find anything: how many descriptors are watched.
  std::size_t watched() const noexcept { return watched_.load(std::memory_order_relaxed); }

 private:
  static constexpr std::size_t events_per_poll = 128;
  static constexpr std::uint64_t wake_up_tag = ~std::uint64_t{0};
  static constexpr std::uint64_t tick_tag = ~std::uint64_t{1};

  struct entry_slot {
    registration* entry = nullptr;
    std::uint32_t generation = 0;
  };

  std::uint64_t take_slot(registration& entry);
  void release_slot(registration& entry) noexcept;
  void look_ahead(std::span<const epoll_event> events, std::size_t at) const noexcept;

  birthplace made_in_;  // whose the epoll set is
  spinlock lock_;
  std::vector<entry_slot> slots_;
  std::vector<std::uint32_t> free_slots_;
  std::atomic<std::size_t> watched_{0};
  policy* decides_;  // null again when the reactor has shut down
  owned_fd wake_up_;
  owned_fd epoll_;
};

}  // namespace heddle::detail
