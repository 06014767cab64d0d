// SPDX-License-Identifier: MIT
// Reading and writing by the edge-triggered protocol: try first, wait only for what is not there.
// Invariants: (1) a direction is marked drained only by a call that the kernel answered with EAGAIN
// or, on TCP, with less than was asked, and only for the edges seen before that call; (2) a peer
// that hung up is read to the end without waiting: no further edge will come.
#pragma once

#include "net/socket.hpp"

#include <cstddef>
#include <span>
#include <system_error>

namespace heddle::io::detail {

/// Reads at least one byte into `into`, or returns 0 at the end or if `into` is empty.
/// Errors: in `error`; throws `cancelled`. Suspends: yes, cancel-safe.
std::size_t read_some(const socket_use& from, std::span<std::byte> into, std::error_code& error);

/// Writes at least one byte of `from` unless it is empty. As read_some.
std::size_t write_some(const socket_use& to, std::span<const std::byte> from,
                       std::error_code& error);

}  // namespace heddle::io::detail
