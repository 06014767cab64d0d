// SPDX-License-Identifier: MIT
// What a fault_proxy does to a connection, and what it has done so far.
// Invariants: (1) a default plan forwards everything, at once, unchanged; (2) an offset counts the
// bytes of one direction of one connection from 0, dropped ones included, so that a plan means the
// same however the bytes arrive; (3) what looks random follows from `seed`, the connection's number
// and the offset. Sizes are bytes. Not here: the proxy (fault_proxy.hpp).
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace heddle::testing {

/// How the proxy ends a connection.
enum class proxy_ending : std::uint8_t {
  /// As a process that ends in good order: both peers read what was forwarded, then the end. What
  /// was not forwarded yet is lost.
  close,
  /// Both peers see std::errc::connection_reset.
  reset,
  /// As a machine that is switched off: from here on nothing is forwarded either way, and neither
  /// peer is told. Lasts until both have ended their sides, or the proxy ends the connection.
  vanish,
};

/// What becomes of the bytes of one direction.
enum class byte_flow : std::uint8_t {
  forward,
  /// Is not read: the sender's writes wait once the buffers on the way are full. Goes on, with
  /// nothing lost, when a later plan says so.
  hold,
  /// Is read and thrown away, and so is the end: the sender notices nothing.
  drop,
};

/// Whether one peer's end of its side is passed on to the other.
enum class end_of_side : std::uint8_t { pass_on, keep_back };

/// Ends the connection at an offset.
struct byte_limit {
  std::uint64_t bytes = 0;  ///< forwarded before it; 0: at once, without asking the target
  proxy_ending then = proxy_ending::close;
};

/// What is done to one direction. The parts go together, in this order: limit, flow, delay, merge,
/// rate and pause, pieces, corruption.
struct direction_plan {
  /// Ends the connection when that much has been forwarded.
  std::optional<byte_limit> limit = {};

  /// Ends the connection when bytes arrive, before they are forwarded.
  std::optional<proxy_ending> on_data = {};

  byte_flow flow = byte_flow::forward;
  end_of_side end = end_of_side::pass_on;

  /// How long after its arrival a byte leaves; the rate stays what it was, up to `buffer_bytes` a
  /// delay.
  std::chrono::nanoseconds delay{0};

  /// Collects this much, at most `buffer_bytes`, before any of it leaves; or what has come
  /// `merge_for` after the first of it, or before the end. 0: does not collect.
  std::size_t merge_bytes = 0;
  std::chrono::nanoseconds merge_for = std::chrono::milliseconds{100};

  std::uint64_t bytes_per_second = 0;  ///< 0: as fast as they go

  /// How long the proxy waits between two pieces, for a reader that shall not get both at once.
  std::chrono::nanoseconds pause{0};

  /// No piece, which is what one write sends, goes over a multiple of this offset. 1: byte by byte;
  /// 0: no matter.
  std::size_t piece_bytes = 0;

  /// Cuts at random, so that pieces have this length on average. 0: does not.
  std::size_t mean_piece_bytes = 0;

  /// Cuts before the bytes at these offsets, which ascend.
  std::vector<std::uint64_t> split_at = {};

  /// Changes the bytes at these offsets, which ascend; each differs from what it was.
  std::vector<std::uint64_t> corrupt_at = {};

  /// Changes each n-th byte, the first time at the offset n - 1. 0: none.
  std::uint64_t corrupt_every = 0;
};

/// What is done to one connection.
struct proxy_plan {
  direction_plan to_target = {};  ///< what the client sends
  direction_plan to_client = {};  ///< what the target answers
  std::uint64_t seed = 1;
};

/// Counts one direction of all connections.
struct direction_stats {
  std::uint64_t received = 0;
  std::uint64_t forwarded = 0;
  std::uint64_t dropped = 0;
  std::uint64_t corrupted = 0;
  std::uint64_t pieces = 0;  ///< writes
};

/// Counts what a proxy has done since it began. Order: what a peer can see has been counted; only
/// `live` goes down when everything is over.
struct proxy_stats {
  std::uint64_t accepted = 0;  ///< connections, those that have ended included
  std::uint64_t live = 0;      ///< connections now
  direction_stats to_target = {};
  direction_stats to_client = {};

  std::uint64_t closed = 0;            ///< connections that a plan, or end_connections(), closed
  std::uint64_t reset = 0;             ///< likewise
  std::uint64_t vanished = 0;          ///< likewise
  std::uint64_t ends_kept_back = 0;    ///< end_of_side::keep_back, where there was an end
  std::uint64_t delayed = 0;           ///< times that bytes had to wait: delay, merge, rate, pause
  std::uint64_t held = 0;              ///< times that byte_flow::hold had a direction stop
  std::uint64_t resets_passed_on = 0;  ///< one peer reset the connection, so the other is reset

  /// Connections that the proxy had to end for want of a target, a descriptor, memory or a plan.
  std::uint64_t failed = 0;
};

}  // namespace heddle::testing
