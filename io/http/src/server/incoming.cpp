// SPDX-License-Identifier: MIT
// Before it reads, the client must have what it may be waiting for: answers to earlier requests,
// which were sent before the handler began, and 100 Continue, unless the body came without that.
#include "server/incoming.hpp"

#include <heddle/io/error.hpp>

#include <array>

namespace heddle::http {

namespace detail {

bool incoming::prepare(std::error_code& error) {
  const bool asks = expects_ != expectation::none && !body_.ended() && !body_.holds_some();
  expects_ = expectation::none;
  return !asks || answer_.ask_for_body(error);
}

std::size_t incoming::read_some(std::span<std::byte> into, std::error_code& error) {
  error.clear();
  return prepare(error) ? body_.read_some(into, error) : 0;
}

void incoming::read_all(std::string& into, std::uint64_t most, std::error_code& error) {
  error.clear();
  if (prepare(error)) body_.read_all(into, most, error);
}

bool incoming::discard(std::size_t most) {
  if (expects_ != expectation::none && !body_.ended()) return false;  // it may never come
  if (body_.left() > most) return false;
  std::array<std::byte, 2048> piece;
  std::error_code error;
  const std::uint64_t before = body_.bytes();
  while (!body_.ended() && body_.bytes() - before <= most && !error) {
    body_.read_some(piece, error);
  }
  return body_.ended() && !error;
}

}  // namespace detail

std::size_t request_reader::read_some(std::span<std::byte> into, std::error_code& error) {
  return body_->read_some(into, error);
}

std::string request_reader::read_all(std::size_t most) {
  std::string all;
  std::error_code error;
  body_->read_all(all, most, error);
  if (error) throw io::io_error(error, "read the body from", peer());
  return all;
}

const std::vector<field_view>& request_reader::trailer() const noexcept {
  static const std::vector<field_view> none;
  const detail::body_reader& body = body_->body();
  return body.ended() && body.is_chunked() ? body.trailer() : none;
}

}  // namespace heddle::http
