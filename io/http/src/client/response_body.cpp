// SPDX-License-Identifier: MIT
// Pieces of the raw body go through the inflater; without one, nothing lies between.
#include "client/response_body.hpp"

#include <heddle/http/error.hpp>

#include <string_view>

namespace heddle::http::detail {

namespace {

chunk_limits chunks_of(const client_config& config) noexcept {
  return {.line_bytes = config.chunk_line_bytes,
          .extension_bytes = config.chunk_extension_bytes,
          .trailer_bytes = config.trailer_bytes,
          .trailer_fields = config.header_fields};
}

}  // namespace

response_body::response_body(inbound& from, const framing& framed, const client_config& config,
                             content_coding coded)
    : raw_(from, framed, chunks_of(config),
           pace{.grace = config.body_grace, .bytes_per_second = config.body_bytes_per_second}) {
  if (coded == content_coding::none || raw_.ended()) return;
  inflates_.emplace();
  piece_ = std::make_unique_for_overwrite<char[]>(piece_bytes);
}

bool response_body::ended() const noexcept {
  return raw_.ended() && (!inflates_ || (begin_ == end_ && inflates_->whole()));
}

std::size_t response_body::read_some(std::span<std::byte> into, std::error_code& error) {
  error.clear();
  if (into.empty() || ended()) return 0;
  return inflates_ ? read_inflated(into, error) : raw_.read_some(into, error);
}

std::size_t response_body::read_inflated(std::span<std::byte> into, std::error_code& error) {
  for (;;) {
    const auto step =
        inflates_->inflate(std::string_view(piece_.get() + begin_, end_ - begin_), into);
    begin_ += step.taken;
    if (step.malformed) {
      error = http_errc::malformed_encoding;
      return 0;
    }
    if (step.made != 0 || !refill(error)) return step.made;
  }
}

/// Reads on. Returns: false at the end, or if there was an error.
bool response_body::refill(std::error_code& error) {
  if (!raw_.ended()) {
    begin_ = end_ = 0;
    end_ = raw_.read_some(std::as_writable_bytes(std::span(piece_.get(), piece_bytes)), error);
  }
  if (begin_ != end_ || error) return !error;
  if (!inflates_->whole()) error = http_errc::malformed_encoding;
  return false;
}

}  // namespace heddle::http::detail
