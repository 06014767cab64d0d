// SPDX-License-Identifier: MIT
// A table of all errors: text and close code.
#include <heddle/http/websocket_error.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace heddle::http {

namespace {

struct entry {
  websocket_errc error;
  close_code code;
  const char* text;
};

using enum websocket_errc;
constexpr auto protocol = close_code::protocol_error;
constexpr auto payload = close_code::invalid_payload;
constexpr auto big = close_code::too_big;

constexpr std::array table = {
    entry{closed, close_code::none, "The WebSocket is closed"},
    entry{cut_off, close_code::none, "A send was cancelled in the middle of its message"},
    entry{bad_handshake, close_code::none, "The WebSocket handshake failed"},
    entry{reserved_bit, protocol, "A reserved bit of a frame is set"},
    entry{unknown_opcode, protocol, "A frame has an unknown opcode"},
    entry{fragmented_control, protocol, "A control frame is fragmented"},
    entry{long_control, protocol, "A control frame has more than 125 bytes"},
    entry{wasteful_length, protocol, "The length of a frame is not in its shortest form"},
    entry{impossible_length, protocol, "The length of a frame has its highest bit set"},
    entry{mask_missing, protocol, "A frame of the client is not masked"},
    entry{mask_unexpected, protocol, "A frame of the server is masked"},
    entry{nothing_to_continue, protocol, "A continuation frame continues no message"},
    entry{message_interrupted, protocol, "A message began before the last one ended"},
    entry{bad_close_payload, protocol, "A close frame has a payload of one byte"},
    entry{bad_close_code, protocol, "A close frame has a code that must not be sent"},
    entry{bad_utf8, payload, "A text is not UTF-8"},
    entry{bad_compression, payload, "A message cannot be inflated"},
    entry{too_many_pings, close_code::policy_violation, "Too many pings and pongs"},
    entry{frame_too_big, big, "A frame is longer than the limit"},
    entry{message_too_big, big, "A message is longer than the limit"},
    entry{too_many_fragments, big, "A message has more fragments than the limit"},
    entry{inflates_too_much, big, "A message inflates to more than the limit"},
};

const entry* find(websocket_errc error) noexcept {
  const auto* const found = std::find_if(table.begin(), table.end(),
                                         [&](const entry& each) { return each.error == error; });
  return found == table.end() ? nullptr : found;
}

class category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "heddle.websocket"; }
  std::string message(int value) const override {
    const entry* const found = find(static_cast<websocket_errc>(value));
    return found == nullptr ? "Unknown error" : found->text;
  }
};

std::string describe(websocket_errc code, std::string_view operation, const io::endpoint& peer) {
  std::string text(operation);
  text.append(" ").append(peer.to_string());
  const close_code told = close_code_of(code);
  if (told == close_code::none) return text;
  return text.append(": closed with ").append(std::to_string(static_cast<int>(told)));
}

}  // namespace

const std::error_category& websocket_category() noexcept {
  static const category only;  // immutable: what std::error_category asks for is identity
  return only;
}

close_code close_code_of(websocket_errc error) noexcept {
  const entry* const found = find(error);
  return found == nullptr ? close_code::none : found->code;
}

websocket_error::websocket_error(websocket_errc code, std::string_view operation, io::endpoint peer)
    : std::system_error(code, describe(code, operation, peer)),
      peer_(std::make_shared<const io::endpoint>(std::move(peer))) {}

websocket_error::websocket_error(websocket_errc code, const std::string& detail, int status)
    : std::system_error(code, detail),
      status_(status),
      peer_(std::make_shared<const io::endpoint>()) {}

http::close_code websocket_error::close_code() const noexcept {
  return close_code_of(static_cast<websocket_errc>(code().value()));
}

}  // namespace heddle::http
