// SPDX-License-Identifier: MIT
// A client whose bytes come in chosen pieces, and whose connection dies of chosen errors; for a
// server's connection alone. Notes where it was read into, and what was written, call by call.
#pragma once

#include "connection/transport.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace heddle::test {

class scripted_client : public http::detail::transport {
 public:
  /// Sends `pieces`, each for a read of its own; then ends, by `reading` if that is an error.
  explicit scripted_client(std::vector<std::string> pieces, std::error_code reading = {})
      : pieces_(std::move(pieces)), reading_(reading) {}

  /// From now on takes nothing, and has died of `writing`.
  void take_nothing(std::error_code writing) { writing_ = writing; }

  std::size_t read_some(std::span<std::byte> into, std::error_code& error) override {
    error = aborted_ ? std::make_error_code(std::errc::operation_canceled) : std::error_code();
    if (!error && next_ == pieces_.size()) error = reading_;
    if (error || next_ == pieces_.size()) return 0;
    rooms_.push_back(into);
    std::string& piece = pieces_[next_];
    const std::size_t bytes = std::min(into.size(), piece.size());
    std::copy_n(reinterpret_cast<const std::byte*>(piece.data()), bytes, into.begin());
    piece.erase(0, bytes);
    if (piece.empty()) ++next_;
    return bytes;
  }

  std::size_t write_some(std::span<const std::byte> from, std::error_code& error) override {
    error = aborted_ ? std::make_error_code(std::errc::operation_canceled) : writing_;
    if (error) return 0;
    written_.emplace_back(reinterpret_cast<const char*>(from.data()), from.size());
    return from.size();
  }

  std::size_t try_write_some(std::span<const std::byte> from, std::error_code& error) override {
    if (!writing_) return write_some(from, error);
    error = std::make_error_code(std::errc::operation_would_block);
    return 0;
  }

  void wait_readable(std::error_code& error) override { error.clear(); }
  void shutdown_write(std::error_code& error) override { error.clear(); }
  void close() noexcept override { aborted_ = true; }
  void abort() noexcept override { aborted_ = true; }
  io::endpoint peer_endpoint() const override { return "127.0.0.1:7"; }
  bool is_encrypted() const noexcept override { return false; }

  bool aborted() const noexcept { return aborted_; }
  const std::vector<std::string>& written() const noexcept { return written_; }
  const std::vector<std::span<std::byte>>& rooms() const noexcept { return rooms_; }

 private:
  std::vector<std::string> pieces_;
  std::size_t next_ = 0;
  const std::error_code reading_;
  std::error_code writing_;
  bool aborted_ = false;
  std::vector<std::string> written_;
  std::vector<std::span<std::byte>> rooms_;
};

}  // namespace heddle::test
