// SPDX-License-Identifier: MIT
// A hierarchical timer wheel: O(1) to arm and to disarm, exact to one tick, never early.
// One tick is 2^16 ns (65.5 µs); 6 levels of 256 slots cover all of 64-bit time.
// Invariants: (1) a timer fires in the first tick that begins at or after its deadline; (2) a
// linked timer is on level L = the highest 8-bit digit in which its tick differs from current_; (3)
// next_due() is never later than the earliest linked timer's due time, it may be earlier; (4)
// everything is under lock_ but next_due(). Who may touch it: its loop arms; any thread disarms;
// its loop advances, or another that helps while that one is in a long slice. Source: Varghese and
// Lauck 1987, doi:10.1145/37499.37504, scheme 7.
#pragma once

#include <heddle/runtime/clock.hpp>
#include <heddle/runtime/detail/biased_spinlock.hpp>
#include <heddle/runtime/detail/timer.hpp>

#include "fiber/parker.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

namespace heddle::detail {

class timer_wheel {
 public:
  explicit timer_wheel(clock::time_point start) noexcept;

  /// Arms `entry`, a scope's, or one whose who and epoch are set, for `when`. Cost: one lock.
  void arm(timer& entry, clock::time_point when) noexcept;

  /// Disarms unless it has fired; afterwards no wheel looks at the entry any more. Cost: one lock.
  void disarm(timer& entry) noexcept;

  struct due {
    parker* first = nullptr;  // claimed and parked, linked by next_resumed: to be made runnable
    parker* last = nullptr;
    timer* scopes = nullptr;  // firing, linked by next: to be cancelled, and then turned off
    std::size_t fired = 0;
    std::size_t moved = 0;  // to a lower level
  };
  static constexpr std::size_t most_per_advance = 256;

  /// Claims with `timeout` the waits of timers that are due at `now`, and returns the scopes whose
  /// time is up, those that were armed last in front. Fires and moves at most
  /// `most_per_advance`; what is left over is due at once.
  due advance(clock::time_point now) noexcept;

  /// Returns a lower bound of the next due time; time_point::max() if nothing is armed.
  clock::time_point next_due() const noexcept {
    return clock::time_point(clock::duration(next_due_.load(std::memory_order_relaxed)));
  }
  std::size_t armed() const noexcept { return armed_.load(std::memory_order_relaxed); }

 private:
  static constexpr unsigned tick_shift = 16;
  static constexpr unsigned digit_bits = 8;
  static constexpr unsigned slots = 1U << digit_bits;
  static constexpr unsigned levels = 6;

  /// Which slots of a level hold timers.
  class slot_set {
   public:
    void insert(unsigned slot) noexcept { words_[slot / 64] |= std::uint64_t{1} << (slot % 64); }
    void erase(unsigned slot) noexcept { words_[slot / 64] &= ~(std::uint64_t{1} << (slot % 64)); }
    bool contains(unsigned slot) const noexcept {
      return (words_[slot / 64] >> (slot % 64) & 1) != 0;
    }
    /// Returns the first one at or after `from`; `slots` if there is none.
    unsigned first_from(unsigned from) const noexcept;

   private:
    std::array<std::uint64_t, slots / 64> words_{};
  };
  struct level {
    slot_set occupied;
    std::array<timer*, slots> first{};
    std::array<timer*, slots> last{};
  };
  /// The timers linked last into a slot, only ever prefetched: they may be gone.
  struct trail {
    std::array<const timer*, 8> latest{};
    std::size_t at = 0;
  };
  static constexpr unsigned levels_with_trail = 2;  // the next 4.3 s
  struct place {
    unsigned level;
    unsigned slot;
    std::uint64_t tick;  // when this slot begins
  };

  std::uint64_t tick_at_or_after(clock::time_point when) const noexcept;
  std::uint64_t tick_at_or_before(clock::time_point when) const noexcept;
  void place_in_level(timer& entry) const noexcept;
  void append(timer& entry) noexcept;
  void prepend(timer& entry) noexcept;
  void unlink(timer& entry, timer_state now) noexcept;
  void leave_trail(timer& entry) noexcept;
  void follow_trail(unsigned of_level, unsigned slot) const noexcept;
  bool earliest(place& found) const noexcept;
  unsigned present_slot(unsigned of_level) const noexcept;
  void cascade(const place& from, due& into) noexcept;
  void fire_slot(unsigned slot, due& into) noexcept;
  void fire(timer& entry, due& into) noexcept;
  void publish_next_due() noexcept;

  mutable biased_spinlock lock_;
  std::uint64_t current_ = 0;  // all timers due before this tick have fired
  std::array<level, levels> levels_;
  std::array<std::array<trail, slots>, levels_with_trail> trails_;
  clock::time_point start_;
  std::atomic<clock::rep> next_due_{clock::time_point::max().time_since_epoch().count()};
  std::atomic<std::size_t> armed_{0};
};

}  // namespace heddle::detail
