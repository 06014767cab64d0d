// SPDX-License-Identifier: MIT
// Head, payload, head, payload.
#include "websocket/assembly.hpp"

#include <algorithm>
#include <utility>

namespace heddle::http::detail {

assembler::assembler(websocket_role own, const websocket_limits& limits,
                     const std::optional<agreed_compression>& agreed)
    : limits_(limits),
      heads_(own,
             agreed ? head_reader::compression::negotiated : head_reader::compression::refused) {
  if (!agreed) return;
  inflate_.emplace(*agreed, inflate_limits{limits.message_bytes, limits.inflate_ratio,
                                           limits.inflate_floor_bytes});
}

bool assembler::refuse(websocket_errc why) noexcept {
  error_ = why;
  return false;
}

assembler::event assembler::next(std::span<std::byte>& input) {
  while (!error_) {
    if (!in_payload_) {
      const head_reader::progress got = heads_.read(input);
      if (got == head_reader::progress::need_more) return event::need_more;
      if (got == head_reader::progress::refused) error_ = heads_.error();
      if (error_ || !begin_frame()) break;
    }
    const auto piece =
        input.first(static_cast<std::size_t>(std::min<std::uint64_t>(left_, input.size())));
    input = input.subspan(piece.size());
    if (is_control(heads_.head().code)) {
      take_control(piece);
    } else {
      take_data(piece);
    }
    left_ -= piece.size();
    offset_ += piece.size();
    if (error_) break;
    if (left_ != 0) return event::need_more;
    const event what = end_frame();
    if (what != event::need_more) return what;
  }
  return event::refused;
}

bool assembler::begin_frame() {
  const frame_head& head = heads_.head();
  in_payload_ = true;
  left_ = head.length;
  offset_ = 0;
  if (!is_control(head.code)) return begin_data_frame();
  held_ = 0;
  return true;
}

bool assembler::begin_data_frame() {
  const frame_head& head = heads_.head();
  const bool continues = head.code == opcode::continuation;
  if (continues && !in_message_) return refuse(websocket_errc::nothing_to_continue);
  if (!continues && in_message_) return refuse(websocket_errc::message_interrupted);
  if (!continues) {
    in_message_ = true;
    is_compressed_ = head.is_compressed;
    kind_ = head.code;
    fragments_ = 0;
    text_ = {};
  }
  if (head.length > limits_.frame_bytes) return refuse(websocket_errc::frame_too_big);
  if (++fragments_ > limits_.fragments) return refuse(websocket_errc::too_many_fragments);
  if (!is_compressed_ && head.length > limits_.message_bytes - message_.size()) {
    return refuse(websocket_errc::message_too_big);
  }
  return true;
}

void assembler::take_control(std::span<const std::byte> piece) noexcept {
  const mask_key key = heads_.head().mask.value_or(mask_key{});
  apply_mask(piece.data(), control_.data() + held_, {piece.size(), held_}, key);
  held_ += piece.size();
}

void assembler::take_data(std::span<std::byte> piece) {
  const mask_key key = heads_.head().mask.value_or(mask_key{});
  const masked_piece where{piece.size(), static_cast<std::size_t>(offset_ % key.size())};
  const std::size_t held = message_.size();
  if (is_compressed_) {
    apply_mask(piece.data(), piece.data(), where, key);
    inflate_->add(piece, message_, error_);
  } else {
    message_.resize(held + piece.size());
    apply_mask(piece.data(), reinterpret_cast<std::byte*>(message_.data()) + held, where, key);
  }
  if (kind_ != opcode::text) return;
  // What was inflated before an error counts first, however the bytes were cut.
  if (!text_.add(std::as_bytes(std::span(message_)).subspan(held)))
    refuse(websocket_errc::bad_utf8);
}

assembler::event assembler::end_frame() {
  in_payload_ = false;
  switch (heads_.head().code) {
    case opcode::close:
      return event::close;
    case opcode::ping:
      return event::ping;
    case opcode::pong:
      return event::pong;
    default:
      return heads_.head().is_final ? finish_message() : event::need_more;
  }
}

assembler::event assembler::finish_message() {
  in_message_ = false;
  if (is_compressed_) {
    const std::size_t held = message_.size();
    inflate_->finish(message_, error_);
    if (error_) return event::refused;
    if (is_text()) text_.add(std::as_bytes(std::span(message_)).subspan(held));
  }
  if (!is_text() || text_.is_complete()) return event::message;
  refuse(websocket_errc::bad_utf8);
  return event::refused;
}

std::string assembler::take_message() noexcept { return std::exchange(message_, {}); }

}  // namespace heddle::http::detail
