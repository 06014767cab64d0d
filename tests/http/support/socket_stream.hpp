// SPDX-License-Identifier: MIT
// A transport that owns its socket of io. Not here: one that borrows it
// (connection/stream_transport.hpp).
#pragma once

#include <heddle/io/stream_socket.hpp>

#include "connection/transport.hpp"

#include <array>
#include <cstddef>
#include <span>
#include <system_error>
#include <utility>

namespace heddle::test {

template <class Socket>
class socket_stream : public http::detail::transport {
 public:
  explicit socket_stream(Socket&& over) : socket_(std::move(over)) {}

  std::size_t read_some(std::span<std::byte> into, std::error_code& error) override {
    return socket_.read_some(into, error);
  }
  void wait_readable(std::error_code& error) override { socket_.wait_readable(error); }
  std::size_t write_some(std::span<const std::byte> from, std::error_code& error) override {
    return socket_.write_some(from, error);
  }
  std::size_t try_write_some(std::span<const std::byte> from, std::error_code& error) override {
    return socket_.try_write_some(from, error);
  }
  void shutdown_write(std::error_code& error) override { socket_.shutdown_write(error); }
  void close() noexcept override { socket_.close(); }
  void abort() noexcept override { socket_.abort(); }
  io::endpoint peer_endpoint() const override { return socket_.peer_endpoint(); }
  bool is_encrypted() const noexcept override { return false; }

 private:
  Socket socket_;
};

}  // namespace heddle::test
