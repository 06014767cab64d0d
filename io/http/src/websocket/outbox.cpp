// SPDX-License-Identifier: MIT
// What is posted is copied, so that nobody waits for whoever sends it.
#include "websocket/outbox.hpp"

#include <algorithm>
#include <mutex>

namespace heddle::http::detail {

void outbox::post::fill(std::span<const std::byte> with) noexcept {
  size = std::min(with.size(), payload.size());
  std::copy_n(with.begin(), size, payload.begin());
  waits = true;
}

void outbox::post_pong(std::span<const std::byte> payload) noexcept {
  const std::lock_guard guard(lock_);
  if (!close_is_out_) pong_.fill(payload);
}

void outbox::post_ping() noexcept {
  const std::lock_guard guard(lock_);
  if (!is_closing_) ping_.fill({});
}

bool outbox::post_close(std::string_view payload) noexcept {
  const std::lock_guard guard(lock_);
  if (is_closing_) return false;
  is_closing_ = true;
  close_.fill(std::as_bytes(std::span(payload)));
  return true;
}

bool outbox::has_work() const noexcept {
  const std::lock_guard guard(lock_);
  return half_way_out_ || pong_.waits || ping_.waits || close_.waits;
}

bool outbox::is_closing() const noexcept {
  const std::lock_guard guard(lock_);
  return is_closing_;
}

bool outbox::close_is_out() const noexcept {
  const std::lock_guard guard(lock_);
  return close_is_out_;
}

bool outbox::take_next(place where, post& taken, opcode& code) noexcept {
  const std::lock_guard guard(lock_);
  post* next = nullptr;
  if (pong_.waits) {
    next = &pong_;
    code = opcode::pong;
  } else if (ping_.waits) {
    next = &ping_;
    code = opcode::ping;
  } else if (close_.waits && where == place::between_messages) {
    next = &close_;
    code = opcode::close;
  }
  if (next == nullptr) return false;
  taken = *next;
  next->waits = false;
  half_way_out_ = true;
  return true;
}

void outbox::begin(opcode code, std::span<const std::byte> payload, mask_key key) noexcept {
  frame_head head{.code = code, .length = payload.size()};
  if (masks_ != nullptr) head.mask = key;
  const built_head built = build_head(head);
  std::copy_n(built.bytes.begin(), built.size, frame_.begin());
  apply_mask(payload.data(), frame_.data() + built.size, {payload.size(), 0}, key);
  begin_ = 0;
  end_ = built.size + payload.size();
  is_close_ = code == opcode::close;
}

std::span<const std::byte> outbox::front(place where) {
  if (begin_ == end_ && has_work()) {
    const mask_key key = masks_ == nullptr ? mask_key{} : masks_->next();  // may throw: first
    post taken;
    opcode code{};
    if (take_next(where, taken, code)) begin(code, taken.span(), key);
  }
  return std::span<const std::byte>(frame_).subspan(begin_, end_ - begin_);
}

void outbox::begin_ping(std::span<const std::byte> payload) {
  const mask_key key = masks_ == nullptr ? mask_key{} : masks_->next();
  begin(opcode::ping, payload, key);
  const std::lock_guard guard(lock_);
  half_way_out_ = true;
}

void outbox::sent(std::size_t bytes) noexcept {
  begin_ += bytes;
  if (begin_ != end_) return;
  const std::lock_guard guard(lock_);
  half_way_out_ = false;
  if (!is_close_) return;
  close_is_out_ = true;
  pong_.waits = false;
  ping_.waits = false;
}

}  // namespace heddle::http::detail
