// SPDX-License-Identifier: MIT
// Reading and writing by the edge-triggered protocol: try first, wait only for what is not there.
// Invariants: (1) a direction is marked drained only by a call that the kernel answered with EAGAIN
// or, on TCP, with less than was asked, and only for the edges seen before that call; (2) a peer
// that hung up is read to the end without waiting: no further edge will come.
#pragma once

#include "net/address.hpp"
#include "net/socket.hpp"

#include <cstddef>
#include <span>
#include <system_error>
#include <vector>

namespace heddle::io::detail {

/// Reads at least one byte into `into`, or returns 0 at the end or if `into` is empty.
/// Errors: in `error`; throws `cancelled`. Suspends: yes, cancel-safe.
std::size_t read_some(const socket_use& from, std::span<std::byte> into, std::error_code& error);

/// As read_some, but does not wait: errc::operation_would_block.
std::size_t try_read_some(const socket_use& from, std::span<std::byte> into,
                          std::error_code& error);

/// Waits until read_some() need not wait, unless another reader comes first; an edge that is older
/// than the last read ends the wait, too. As read_some.
void wait_readable(const socket_use& from, std::error_code& error);

/// Returns whether read_some() would not wait. Suspends: no.
bool is_readable(const socket_use& from) noexcept;

/// Writes at least one byte of `from` unless it is empty. As read_some.
std::size_t write_some(const socket_use& to, std::span<const std::byte> from,
                       std::error_code& error);

/// As write_some, but does not wait: errc::operation_would_block.
std::size_t try_write_some(const socket_use& to, std::span<const std::byte> from,
                           std::error_code& error);

/// Whole messages. `to` may be null, if the socket is connected.
std::size_t receive_message(const socket_use& from, std::span<std::byte> into,
                            socket_address& sender, bool& cut, std::error_code& error);
void send_message(const socket_use& from, std::span<const std::byte> message,
                  const socket_address* to, std::error_code& error);

/// Bytes, with descriptors. Errors: std::bad_alloc, nothing taken.
std::size_t send_with_descriptors(const socket_use& to, std::span<const std::byte> from,
                                  std::span<const int> descriptors, std::error_code& error);
std::size_t receive_with_descriptors(const socket_use& from, std::span<std::byte> into,
                                     std::size_t most, std::vector<owned_fd>& descriptors,
                                     bool& lost_some, std::error_code& error);

/// Bytes, for the end of a pipe.
std::size_t read_pipe(const socket_use& from, std::span<std::byte> into, std::error_code& error);
std::size_t write_pipe(const socket_use& to, std::span<const std::byte> from,
                       std::error_code& error);

}  // namespace heddle::io::detail
