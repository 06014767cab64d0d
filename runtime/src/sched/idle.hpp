// SPDX-License-Identifier: MIT
// Who is parked, how many search, whether a sentinel is awake, and whether who watches the loops
// dozes: the word of the parking protocol. Invariants: (1) a loop's bit is set by that loop's
// announcement and cleared once, by its withdrawal or by a waker that chose it; (2) `parked` is
// changed only by the loop that parks, `searching` by searchers and by the waker that makes one
// (the token); (3) a cleared bit found at withdrawal is a token received; (4) a waker that made a
// token and found no bit gives it back and looks again. Steps, proof and rejected ways: README.md.
// Model: tests/model/park.pml.
#pragma once

#include "base/cacheline.hpp"

#include <array>
#include <atomic>
#include <cstdint>

namespace heddle::detail {

class idle_set {
 public:
  static constexpr unsigned most_loops = 1024;

  explicit idle_set(unsigned loops) noexcept : loops_(loops) {}

  /// Joins the searchers, unless half of the running loops search already.
  bool start_search() noexcept;
  /// Leaves the searchers. Returns whether this was the last of them.
  bool stop_search() noexcept;

  /// Announces that `loop` parks; a searcher leaves the searchers in the same step. Returns whether
  /// it is the sentinel now.
  bool announce(unsigned loop, bool was_searching) noexcept;

  struct withdrawal {
    bool chosen;     // a waker took the bit: this loop searches on its behalf
    bool uncovered;  // somebody is parked and there is no sentinel
    bool unwatched;  // the watch dozes: end_doze() is due
  };
  withdrawal withdraw(unsigned loop, bool was_sentinel) noexcept;

  /// Becomes the sentinel if there is none and some loop runs.
  bool become_sentinel() noexcept;
  /// Stops being the sentinel if no loop runs.
  bool end_sentinel() noexcept;

  /// Lets the watch (loop_watch.hpp) doze if no loop runs. Returns whether it does.
  bool start_doze() noexcept;
  /// Ends the doze. Returns whether it was this call that did: its caller rouses the watch.
  bool end_doze() noexcept;

  /// Chooses a parked loop, if nobody searches, and makes it a searcher; -1 if none. The caller
  /// wakes it.
  int choose() noexcept;

  bool is_parked(unsigned loop) const noexcept {
    // order: seq_cst — a producer's look after its put into that loop's inbox (README.md, step 2).
    return (word_of(loop).load(std::memory_order_seq_cst) & bit_of(loop)) != 0;
  }

  /// Returns whether waking somebody would help. A hint for producers on a loop.
  bool worth_waking() const noexcept { return wakeable(state_.load(std::memory_order_relaxed)); }
  /// As worth_waking, for producers whose job only a parked loop may find (README.md, step 2).
  bool must_wake() const noexcept {
    // order: seq_cst — after the producer's put; partner: announce().
    return wakeable(state_.load(std::memory_order_seq_cst));
  }
  unsigned parked() const noexcept { return parked_in(state_.load(std::memory_order_relaxed)); }
  bool uncovered() const noexcept {
    // order: seq_cst — after tick_timer::received() (README.md, sentinel).
    return uncovered_in(state_.load(std::memory_order_seq_cst));
  }

 private:
  static constexpr std::uint64_t one_parked = 1;
  static constexpr std::uint64_t one_searching = std::uint64_t{1} << 16;
  static constexpr std::uint64_t sentinel_bit = std::uint64_t{1} << 32;
  static constexpr std::uint64_t doze_bit = std::uint64_t{1} << 33;

  static unsigned parked_in(std::uint64_t state) noexcept { return state & 0xffff; }
  static unsigned searching_in(std::uint64_t state) noexcept { return state >> 16 & 0xffff; }
  static bool wakeable(std::uint64_t state) noexcept {
    return searching_in(state) == 0 && parked_in(state) > 0;
  }
  static bool uncovered_in(std::uint64_t state) noexcept {
    return (state & sentinel_bit) == 0 && parked_in(state) > 0;
  }
  static std::uint64_t bit_of(unsigned loop) noexcept { return std::uint64_t{1} << (loop % 64); }
  std::atomic<std::uint64_t>& word_of(unsigned loop) noexcept { return set_[loop / 64]; }
  const std::atomic<std::uint64_t>& word_of(unsigned loop) const noexcept {
    return set_[loop / 64];
  }
  int take_bit() noexcept;
  bool set_is_empty() const noexcept;

  alignas(cacheline_bytes) std::atomic<std::uint64_t> state_{0};
  alignas(cacheline_bytes) std::array<std::atomic<std::uint64_t>, most_loops / 64> set_{};
  unsigned loops_;
};

}  // namespace heddle::detail
