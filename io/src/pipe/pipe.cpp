// SPDX-License-Identifier: MIT
// Pipes are descriptors like sockets (net/socket.hpp), with system calls of their own.
#include <heddle/io/pipe.hpp>

#include "net/socket.hpp"
#include "net/system_call.hpp"
#include "net/transfer.hpp"

namespace heddle::io {

namespace {

using detail::socket_use;

detail::socket_handle record_of(owned_fd fd) {
  return detail::socket_handle(new detail::socket(std::move(fd), endpoint()));
}

detail::socket_handle take_over(int fd) {
  owned_fd owned(fd);
  if (const int failed = detail::make_non_blocking(fd)) {
    throw io_error(detail::system_error_code(failed), "take over", no_endpoint{"a pipe"});
  }
  return record_of(std::move(owned));
}

void close_end(const detail::socket_handle& end) noexcept {
  if (end.get() != nullptr) end.get()->close(detail::ending::graceful);
}

bool is_open_end(const detail::socket_handle& end) noexcept {
  return end.get() != nullptr && !end.get()->closed();
}

}  // namespace

pipe_reader pipe_reader::adopt(int fd) { return pipe_reader(take_over(fd)); }
pipe_writer pipe_writer::adopt(int fd) { return pipe_writer(take_over(fd)); }

std::size_t pipe_reader::read_some(std::span<std::byte> into, std::error_code& error) {
  return detail::read_pipe(socket_use(end_.get()), into, error);
}

std::size_t pipe_writer::write_some(std::span<const std::byte> from, std::error_code& error) {
  return detail::write_pipe(socket_use(end_.get()), from, error);
}

void pipe_reader::close() noexcept { close_end(end_); }
void pipe_writer::close() noexcept { close_end(end_); }
bool pipe_reader::is_open() const noexcept { return is_open_end(end_); }
bool pipe_writer::is_open() const noexcept { return is_open_end(end_); }
int pipe_reader::native_handle() const noexcept { return is_open() ? end_.get()->fd() : -1; }
int pipe_writer::native_handle() const noexcept { return is_open() ? end_.get()->fd() : -1; }

pipe_ends make_pipe() {
  detail::opened_pipe made = detail::open_pipe();
  if (made.error != 0) {
    throw io_error(detail::system_error_code(made.error), "make", no_endpoint{"a pipe"});
  }
  detail::socket_handle reader = record_of(std::move(made.reader));
  return {pipe_reader(std::move(reader)), pipe_writer(record_of(std::move(made.writer)))};
}

}  // namespace heddle::io
