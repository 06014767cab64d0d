// SPDX-License-Identifier: MIT
// stream_options as the kernel knows them.
#pragma once

#include <heddle/io/tcp.hpp>

#include <chrono>
#include <cstddef>

namespace heddle::io::detail {

/// Errors: std::invalid_argument naming the field and its range.
void check(const stream_options& options);
void check_give_up_after(std::chrono::seconds silence);
/// `option` is what the message calls it.
void check_buffer(const char* option, std::size_t bytes);

/// These return 0 or an errno value; what accept() makes inherits the settings of its listener.
int apply(int tcp_fd, const stream_options& options) noexcept;
int apply_buffers(int fd, std::size_t send_bytes, std::size_t receive_bytes) noexcept;
int apply_unsent(int tcp_fd, std::size_t bytes) noexcept;
int apply_no_delay(int tcp_fd, toggle value) noexcept;
int apply_give_up_after(int tcp_fd, std::chrono::seconds silence) noexcept;

}  // namespace heddle::io::detail
