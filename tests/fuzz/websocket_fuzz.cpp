// SPDX-License-Identifier: MIT
// What strangers send to a WebSocket: frames, compressed payloads, offers of extensions. The first
// byte of an input chooses what the others are. Checked besides crashes: the result does not depend
// on how the bytes are cut, messages keep to their limits, and texts are UTF-8.
#include "websocket/assembly.hpp"
#include "websocket/close_frame.hpp"
#include "websocket/extension.hpp"
#include "websocket/utf8.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace heddle::http::detail;
using heddle::http::websocket_compression;
using heddle::http::websocket_error;
using heddle::http::websocket_limits;
using heddle::io::toggle;

/// What the bits of the first byte say.
enum choice : std::uint8_t {
  as_client = 1,
  compressed = 2,
  without_context = 4,
  small_window = 8,
  one_payload = 16,  // the rest is the payload of one compressed frame
  offers = 32,       // the rest is the value of Sec-WebSocket-Extensions
};

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "violated: %s\n", what);
  std::abort();
}

websocket_limits small_limits() {
  websocket_limits limits;
  limits.frame_bytes = 4096;
  limits.message_bytes = 20'000;
  limits.fragments = 8;
  limits.inflate_ratio = 20;
  limits.inflate_floor_bytes = 1000;
  return limits;
}

std::optional<agreed_compression> compression_of(std::uint8_t chosen) {
  if ((chosen & (compressed | one_payload)) == 0) return std::nullopt;
  agreed_compression agreed;
  if ((chosen & without_context) != 0) agreed.receive_context = agreed_compression::context::forget;
  if ((chosen & small_window) != 0) agreed.receive_window_bits = 9;
  return agreed;
}

/// Reads `bytes` in pieces, and tells what came as one text.
std::string told(std::uint8_t chosen, std::string bytes, std::size_t piece) {
  const websocket_limits limits = small_limits();
  const auto own = (chosen & as_client) != 0 ? websocket_role::client : websocket_role::server;
  assembler reader(own, limits, compression_of(chosen));
  std::string all;
  for (std::size_t at = 0; at < bytes.size(); at += piece) {
    auto input = std::as_writable_bytes(std::span(bytes));
    input = input.subspan(at, std::min(piece, bytes.size() - at));
    for (auto what = assembler::event::message; what != assembler::event::need_more;) {
      what = reader.next(input);
      all += std::to_string(static_cast<int>(what)) + ":";
      if (what == assembler::event::refused) return all += reader.error().message();
      if (what == assembler::event::need_more) all.resize(all.size() - 2);
      if (what == assembler::event::message) {
        const std::string message = reader.take_message();
        require(message.size() <= limits.message_bytes, "a message keeps to its limit");
        require(!reader.is_text() || is_utf8(message), "a text is UTF-8");
        all += message;
      } else if (what != assembler::event::need_more) {
        const auto payload = reader.control();
        all.append(reinterpret_cast<const char*>(payload.data()), payload.size());
        std::error_code error;
        if (what == assembler::event::close) read_closing(payload, error);
      }
    }
    require(input.empty(), "all bytes are taken");
  }
  return all;
}

std::string frame_around(std::string_view payload) {
  const auto head =
      build_head({.code = opcode::text, .is_compressed = true, .length = payload.size()});
  const auto bytes = head.span();
  return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size()).append(payload);
}

void read_offers(std::string_view text) {
  websocket_compression own;
  own.enabled = toggle::on;
  own.receive_window_bits = text.size() % 2 == 0 ? 15 : 12;
  const std::vector<std::string_view> values = {text};
  if (const auto answer = answer_offers(values, own)) {
    require(answer->agreed.send_window_bits >= 9, "zlib can compress with the window agreed on");
    require(answer->agreed.receive_window_bits <= own.receive_window_bits, "memory is bounded");
  }
  try {
    const auto agreed = read_answer(values, own);
    require(!agreed || agreed->receive_window_bits <= own.receive_window_bits, "memory is bounded");
  } catch (const websocket_error&) {  // NOLINT(bugprone-empty-catch): one of the answers
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT
  if (size < 1) return 0;
  std::uint8_t chosen = data[0];
  std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  if ((chosen & offers) != 0) {
    read_offers(bytes);
    return 0;
  }
  if ((chosen & one_payload) != 0) {
    chosen |= as_client;
    bytes = frame_around(bytes);
  }
  if ((chosen & small_window) != 0) {  // see deflate.hpp, (3)
    told(chosen, bytes, 5);
    return 0;
  }
  const std::string whole = told(chosen, bytes, std::max<std::size_t>(1, bytes.size()));
  require(told(chosen, bytes, 1) == whole, "bytes one by one mean what they mean at once");
  require(told(chosen, bytes, 7) == whole, "bytes in sevens mean what they mean at once");
  return 0;
}
