// SPDX-License-Identifier: MIT
// HTTP over a stream of io or tls, which have the same calls. The stream is borrowed.
#pragma once

#include "connection/transport.hpp"

namespace heddle::http::detail {

enum class encryption : bool { none, tls };

template <class Stream>
class stream_transport : public transport {
 public:
  stream_transport(Stream& over, encryption how) noexcept : over_(over), how_(how) {}

  std::size_t read_some(std::span<std::byte> into, std::error_code& error) override {
    return over_.read_some(into, error);
  }
  std::size_t write_some(std::span<const std::byte> from, std::error_code& error) override {
    return over_.write_some(from, error);
  }
  std::size_t try_read_some(std::span<std::byte> into, std::error_code& error) override {
    if constexpr (requires { over_.try_read_some(into, error); }) {
      return over_.try_read_some(into, error);
    } else {
      return transport::try_read_some(into, error);
    }
  }
  std::size_t try_write_some(std::span<const std::byte> from, std::error_code& error) override {
    return over_.try_write_some(from, error);
  }
  bool is_readable() const noexcept override {
    if constexpr (requires { over_.is_readable(); }) {
      return over_.is_readable();
    } else {
      return true;
    }
  }
  void wait_readable(std::error_code& error) override { over_.wait_readable(error); }
  void shutdown_write(std::error_code& error) override { over_.shutdown_write(error); }
  void close() noexcept override { over_.close(); }
  void abort() noexcept override { over_.abort(); }
  io::endpoint peer_endpoint() const override { return over_.peer_endpoint(); }
  bool is_encrypted() const noexcept override { return how_ == encryption::tls; }

 private:
  Stream& over_;
  const encryption how_;
};

}  // namespace heddle::http::detail
