// SPDX-License-Identifier: MIT
// The body of a message, out of a connection, however it is framed.
// Invariants: (1) what is read of the connection belongs to this body, or lies in the buffer behind
// it; (2) a peer that sends less than the pace asks for, while somebody waits for it, is an error.
// Cancel-safe: a read that is cancelled has taken nothing.
#pragma once

#include "connection/inbound.hpp"
#include "message/chunk_decoder.hpp"
#include "message/framing.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace heddle::http::detail {

class body_reader {
 public:
  /// Shape: `from` holds what came behind the head.
  body_reader(inbound& from, const framing& framed, const chunk_limits& limits,
              const pace& speed) noexcept
      : from_(from), kind_(framed.kind), left_(framed.bytes), pace_(speed) {
    if (kind_ == body_kind::chunked) chunks_.emplace(limits);
  }

  /// Reads what there is, at least one byte. Returns: how many; 0 at the end, if `into` is empty,
  /// or if there was an error: http_errc, or the stream's.
  std::size_t read_some(std::span<std::byte> into, std::error_code& error);

  /// Reads all of it behind `into`. Shape: `most` bytes at most, else body_too_large.
  void read_all(std::string& into, std::uint64_t most, std::error_code& error);

  /// Returns the body if it is held whole and no longer than `most`, and takes it; nullopt if it
  /// must be read. Suspends: no.
  std::optional<std::string_view> take_held(std::uint64_t most) noexcept;

  /// Returns the last error that was reported; empty: none was.
  const std::error_code& error() const noexcept { return error_; }

  bool ended() const noexcept;
  /// Returns whether it is known that all of it has come.
  bool is_here() const noexcept {
    const bool all = kind_ == body_kind::sized && from_.buffer().held().size() >= left_;
    return all || ended();
  }
  /// Returns whether something has come that was not read.
  bool holds_some() const noexcept { return !from_.buffer().held().empty(); }
  /// Returns the least that is left of it, as far as that is known.
  std::uint64_t left() const noexcept { return kind_ == body_kind::sized ? left_ : 0; }
  /// Returns how many bytes of the body have been read.
  std::uint64_t bytes() const noexcept { return bytes_; }
  /// Returns the fields behind a chunked body. Shape: ended(), and it was chunked.
  const std::vector<field_view>& trailer() const noexcept { return chunks_->trailer(); }
  bool is_chunked() const noexcept { return chunks_.has_value(); }

 private:
  std::size_t read_plain(std::span<std::byte> into, std::error_code& error);
  std::size_t read_chunked(std::span<std::byte> into, std::error_code& error);
  std::size_t receive(std::span<std::byte> into, std::error_code& error);
  template <class Read>
  auto in_time(Read read, std::error_code& error);

  inbound& from_;
  body_kind kind_;
  std::uint64_t left_;  // of a sized body
  std::uint64_t bytes_ = 0;
  std::optional<chunk_decoder> chunks_;
  pace pace_;
  std::chrono::nanoseconds waited_{};  // for the peer
  std::error_code error_;
};

}  // namespace heddle::http::detail
