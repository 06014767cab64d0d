// SPDX-License-Identifier: MIT
// What happens with the turn, and when it is given back.
#include "websocket/sending.hpp"

#include <heddle/http/websocket_error.hpp>
#include <heddle/runtime/cancel.hpp>
#include <heddle/runtime/park.hpp>
#include <heddle/runtime/this_fiber.hpp>

#include <algorithm>
#include <chrono>
#include <mutex>

namespace heddle::http::detail {

namespace {

// A frame's head goes out together with this much of its payload; the rest out of the sender's
// memory, unless it has to be masked.
constexpr std::size_t buffer_bytes = std::size_t{16} << 10;
constexpr std::size_t kept_bytes = std::size_t{2} << 10;

// Compressed between two looks at what else the loop has to do.
constexpr std::size_t compressed_at_once = std::size_t{64} << 10;

// How long a sender that is cancelled tries to send what others have left to it.
constexpr std::chrono::milliseconds parting_time{10};

}  // namespace

/// A message on its way. Invariant: has_begun says whether the stream has taken a byte of it.
struct sending::outgoing {
  opcode kind;
  std::span<const std::byte> payload;
  bool has_begun = false;
  bool is_compressed = false;
  std::string compressed = {};
};

sending::sending(wire& over, websocket_role own, const websocket_limits& limits,
                 const std::optional<agreed_compression>& agreed)
    : wire_(over),
      limits_(limits),
      masked_(own == websocket_role::client),
      posts_(masked_ ? &masks_ : nullptr) {
  if (!agreed || agreed->send_window_bits < 9) return;
  deflate_.emplace(*agreed);
  threshold_bytes_ = agreed->threshold_bytes;
}

std::error_code sending::refusal() const noexcept {
  if (const std::error_code why = wire_.cause()) return why;
  return posts_.is_closing() ? make_error_code(websocket_errc::closed) : std::error_code();
}

void sending::send(opcode kind, std::span<const std::byte> payload, std::error_code& error) {
  cooperate();
  error = refusal();
  if (error) return;
  try {
    const std::lock_guard turn(turn_);
    send_with_turn(kind, payload, error);
  } catch (...) {
    leave_posts_to_the_peer_or_others();
    throw;
  }
  // The message is out: a cancellation that comes now is met at the next suspension point.
  try {
    send_posts_if_free();
  } catch (const cancelled&) {
    leave_posts_to_the_peer_or_others();
  }
}

/// A fiber that is cancelled cannot wait for the peer; what was posted while it had the turn is
/// sent if the peer takes it soon, or by whoever sends or receives next.
void sending::leave_posts_to_the_peer_or_others() noexcept {
  if (!posts_.has_work() || wire_.cause()) return;
  try {
    shield([this] { move_on_after(parting_time, [this] { send_posts_if_free(); }); });
  } catch (...) {  // NOLINT(bugprone-empty-catch): what has failed here fails for the next one, too
  }
}

void sending::send_with_turn(opcode kind, std::span<const std::byte> payload,
                             std::error_code& error) {
  write_posts(outbox::place::between_messages, error);
  if (!error) error = refusal();
  if (error) return;
  outgoing message{kind, payload};
  try {
    compress(message);
    write_message(message, error);
  } catch (...) {
    if (message.has_begun) wire_.abort(websocket_errc::cut_off);
    if (message.is_compressed) deflate_->forget();
    throw;
  }
  if (buffer_.capacity() > kept_bytes) std::vector<std::byte>().swap(buffer_);
}

void sending::compress(outgoing& message) {
  if (!deflate_ || message.payload.size() < threshold_bytes_) return;
  message.is_compressed = true;
  for (auto rest = message.payload; !rest.empty();) {
    const auto piece = rest.first(std::min(rest.size(), compressed_at_once));
    rest = rest.subspan(piece.size());
    const auto which = rest.empty() ? compressor::part::last : compressor::part::more_follows;
    deflate_->add(piece, which, message.compressed);
    if (!rest.empty()) this_fiber::yield();
  }
  message.payload = std::as_bytes(std::span(message.compressed));
}

void sending::write_message(outgoing& message, std::error_code& error) {
  frame_head head{.code = message.kind, .is_compressed = message.is_compressed};
  auto rest = message.payload;
  do {
    const auto piece = rest.first(std::min(rest.size(), limits_.send_frame_bytes));
    rest = rest.subspan(piece.size());
    head.is_final = rest.empty();
    head.length = piece.size();
    if (masked_) head.mask = masks_.next();
    write_frame(head, message, piece, error);
    if (!error && !rest.empty()) write_posts(outbox::place::within_message, error);
    head.code = opcode::continuation;
    head.is_compressed = false;
  } while (!rest.empty() && !error);
  if (error && message.has_begun) broken_ = error;
}

void sending::write_frame(const frame_head& head, outgoing& message,
                          std::span<const std::byte> piece, std::error_code& error) {
  const built_head built = build_head(head);
  buffer_.assign(built.bytes.begin(),
                 built.bytes.begin() + static_cast<std::ptrdiff_t>(built.size));
  const mask_key key = head.mask.value_or(mask_key{});
  for (std::size_t done = 0; done < piece.size() || !buffer_.empty();) {
    const std::size_t bytes = std::min(piece.size() - done, buffer_bytes);
    const std::size_t before = buffer_.size();
    buffer_.resize(before + bytes);
    apply_mask(piece.data() + done, buffer_.data() + before, {bytes, done % key.size()}, key);
    done += bytes;
    write(buffer_, message, error);
    buffer_.clear();
    if (!masked_ && !error) {
      write(piece.subspan(done), message, error);
      done = piece.size();
    }
    if (error) return;
  }
}

void sending::write(std::span<const std::byte> bytes, outgoing& message, std::error_code& error) {
  while (!bytes.empty() && !error) {
    const std::size_t taken = wire_.write_some(bytes, error);
    if (taken != 0) message.has_begun = true;
    bytes = bytes.subspan(taken);
  }
}

void sending::write_posts(outbox::place where, std::error_code& error) {
  error = broken_;
  while (!error) {
    const auto next = posts_.front(where);
    if (next.empty()) return;
    const std::size_t taken = wire_.write_some(next, error);
    posts_.sent(taken);
  }
  broken_ = error;
}

void sending::ping(std::span<const std::byte> payload, std::error_code& error) {
  error = refusal();
  if (error) return;
  try {
    const std::lock_guard turn(turn_);
    write_posts(outbox::place::between_messages, error);
    if (!error) error = refusal();
    if (error) return;
    posts_.begin_ping(payload);
    write_posts(outbox::place::between_messages, error);
  } catch (...) {
    leave_posts_to_the_peer_or_others();
    throw;
  }
  send_posts_if_free();
}

void sending::send_posts_if_free() {
  std::error_code error;
  while (!error && posts_.has_work() && turn_.try_lock()) {
    const std::lock_guard turn(turn_, std::adopt_lock);
    write_posts(outbox::place::between_messages, error);
  }
}

void sending::send_posts(std::error_code& error) {
  {
    const std::lock_guard turn(turn_);
    write_posts(outbox::place::between_messages, error);
  }
  send_posts_if_free();
}

}  // namespace heddle::http::detail
