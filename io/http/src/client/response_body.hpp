// SPDX-License-Identifier: MIT
// The body of a response as the user gets it: out of its framing, and inflated if it was asked for
// so. Cancel-safe: a read that is cancelled has taken nothing.
#pragma once

#include "client/gunzip.hpp"
#include "connection/body_reader.hpp"

#include <heddle/http/client_config.hpp>

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <system_error>

namespace heddle::http::detail {

enum class content_coding : bool { none, gzip };

class response_body {
 public:
  /// Shape: `from` holds what came behind the head.
  response_body(inbound& from, const framing& framed, const client_config& config,
                content_coding coded);

  /// As body_reader's. Errors: also http_errc::malformed_encoding.
  std::size_t read_some(std::span<std::byte> into, std::error_code& error);

  /// Returns whether all of it has been read, and its framing has ended.
  bool ended() const noexcept;

  /// Returns the fields behind a chunked body. Shape: ended().
  std::span<const field_view> trailer() const noexcept {
    return raw_.is_chunked() ? std::span<const field_view>(raw_.trailer())
                             : std::span<const field_view>();
  }

 private:
  static constexpr std::size_t piece_bytes = std::size_t{16} * 1024;

  std::size_t read_inflated(std::span<std::byte> into, std::error_code& error);
  bool refill(std::error_code& error);

  body_reader raw_;
  std::optional<gunzip> inflates_;
  std::unique_ptr<char[]> piece_;  // of the raw body, while it is inflated
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace heddle::http::detail
