// SPDX-License-Identifier: MIT
// What users call: checks of what they say, and exceptions for errors.
#include <heddle/http/websocket.hpp>

#include "websocket/conversation.hpp"
#include "websocket/utf8.hpp"

#include <stdexcept>

namespace heddle::http {

namespace {

using detail::closing;
using detail::opcode;

void check_reason(std::string_view reason) {
  if (reason.size() <= detail::most_reason_bytes && detail::is_utf8(reason)) return;
  throw std::invalid_argument(
      "heddle::http::websocket::close: the reason is longer than 123 bytes, or no UTF-8");
}

void check_code(http::close_code code) {
  if (detail::may_be_sent(code)) return;
  throw std::invalid_argument("heddle::http::websocket::close: the code " +
                              std::to_string(static_cast<int>(code)) + " must not be sent");
}

void check_text(std::string_view text) {
  if (detail::is_utf8(text)) return;
  throw std::invalid_argument(
      "heddle::http::websocket::send: the text is no UTF-8; send it as a binary message");
}

void check_ping(std::string_view payload) {
  if (payload.size() <= detail::most_control_bytes) return;
  throw std::invalid_argument("heddle::http::websocket::ping: the payload has " +
                              std::to_string(payload.size()) + " bytes, more than 125");
}

void throw_if(const std::error_code& error, std::string_view operation,
              const detail::conversation& with) {
  if (!error) return;
  if (error.category() != websocket_category()) {
    throw io::io_error(error, operation, with.peer_endpoint());
  }
  throw websocket_error(static_cast<websocket_errc>(error.value()), operation,
                        with.peer_endpoint());
}

}  // namespace

websocket::websocket(std::shared_ptr<detail::conversation> begun) noexcept
    : conversation_(std::move(begun)) {}
websocket::websocket(websocket&&) noexcept = default;

websocket& websocket::operator=(websocket&& other) noexcept {
  auto next = std::move(other.conversation_);
  const websocket before(std::move(*this));
  conversation_ = std::move(next);
  return *this;
}

websocket::~websocket() {
  if (conversation_ != nullptr) conversation_->let_go();
}

/// Errors: std::logic_error if it was moved from.
detail::conversation& websocket::with() const {
  if (conversation_ != nullptr) return *conversation_;
  throw std::logic_error("heddle::http::websocket: moved from");
}

std::optional<websocket::message> websocket::receive(std::error_code& error) {
  auto got = with().receive(error);
  if (!got) return std::nullopt;
  return message{got->kind == opcode::text ? kind::text : kind::binary, std::move(got->data)};
}

std::optional<websocket::message> websocket::receive() {
  std::error_code error;
  auto got = receive(error);
  throw_if(error, "receive from", with());
  return got;
}

void websocket::send(std::string_view text, std::error_code& error) {
  check_text(text);
  with().send(opcode::text, std::as_bytes(std::span(text)), error);
}

void websocket::send(std::span<const std::byte> bytes, std::error_code& error) {
  with().send(opcode::binary, bytes, error);
}

void websocket::send(const message& what, std::error_code& error) {
  return what.is_text() ? send(std::string_view(what.data), error) : send(what.bytes(), error);
}

void websocket::send(std::string_view text) {
  std::error_code error;
  send(text, error);
  throw_if(error, "send to", with());
}

void websocket::send(std::span<const std::byte> bytes) {
  std::error_code error;
  send(bytes, error);
  throw_if(error, "send to", with());
}

void websocket::send(const message& what) {
  std::error_code error;
  send(what, error);
  throw_if(error, "send to", with());
}

void websocket::ping(std::string_view payload, std::error_code& error) {
  check_ping(payload);
  with().ping(std::as_bytes(std::span(payload)), error);
}

void websocket::ping(std::string_view payload) {
  std::error_code error;
  ping(payload, error);
  throw_if(error, "ping", with());
}

bool websocket::close(http::close_code code, std::string_view reason) {
  check_code(code);
  check_reason(reason);
  return with().close({code, std::string(reason)});
}

void websocket::abort() noexcept {
  if (conversation_ != nullptr) conversation_->abort();
}

bool websocket::is_open() const noexcept {
  return conversation_ != nullptr && conversation_->is_open();
}

std::optional<http::close_code> websocket::close_code() const {
  const closing* const said = with().peer_closing();
  return said == nullptr ? std::nullopt : std::optional(said->code);
}

std::string websocket::close_reason() const {
  const closing* const said = with().peer_closing();
  return said == nullptr ? std::string() : said->reason;
}

std::string_view websocket::subprotocol() const { return with().agreed().subprotocol; }

bool websocket::compresses() const { return with().agreed().compression.has_value(); }

io::endpoint websocket::peer_endpoint() const { return with().peer_endpoint(); }

}  // namespace heddle::http
