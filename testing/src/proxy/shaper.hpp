// SPDX-License-Identifier: MIT
// Decides what happens next to the bytes of one direction, by its plan; does nothing itself.
// Invariants: (1) a decision follows from the plan, the offset, the backlog and the time, and from
// nothing else; (2) a piece goes over no offset at which the plan cuts, whatever has arrived.
#pragma once

#include "proxy/backlog.hpp"

#include <heddle/runtime/deadline.hpp>
#include <heddle/testing/proxy_plan.hpp>

#include <cstddef>
#include <cstdint>
#include <span>

namespace heddle::testing::detail {

class shaper {
 public:
  static constexpr std::size_t most_piece_bytes = 65536;

  enum class action : std::uint8_t { wait, forward, discard, end };
  struct step {
    action what;
    std::size_t bytes = 0;                      // of forward and discard
    deadline until = {};                        // of wait: unless something changes before
    proxy_ending ending = proxy_ending::close;  // of end
  };

  /// `salt` makes the random choices those of one direction of one connection.
  explicit shaper(std::uint64_t salt) noexcept : salt_(salt) {}

  step next(const direction_plan& plan, const backlog& waiting, clock::time_point now);

  /// Changes what the plan has changed in the next piece. Returns: how many bytes.
  std::size_t corrupt(const direction_plan& plan, std::span<std::byte> piece) const;

  /// Says that the first bytes were thrown away.
  void skipped(std::size_t bytes) noexcept { offset_ += bytes; }

  /// Says that the first bytes were forwarded.
  void left(const direction_plan& plan, std::size_t bytes, clock::time_point now);

  /// Returns the offset of the first byte that has not left.
  std::uint64_t offset() const noexcept { return offset_; }

 private:
  struct ripeness {
    std::size_t bytes;  // may leave, as far as the delay goes
    deadline more;      // when there are more
  };
  static ripeness ripe(const direction_plan& plan, const backlog& waiting, clock::time_point now);
  bool collecting(const direction_plan& plan, const backlog& waiting, const ripeness& found,
                  clock::time_point now);
  clock::time_point slot(const direction_plan& plan) const;
  std::size_t cut(const direction_plan& plan, std::size_t bytes) const;
  std::uint64_t random(std::uint64_t offset) const noexcept;

  std::uint64_t salt_;
  std::uint64_t offset_ = 0;
  std::uint64_t batch_end_ = 0;  // what was collected leaves up to here
  clock::time_point rate_slot_{};
  clock::time_point pause_slot_{};
};

}  // namespace heddle::testing::detail
