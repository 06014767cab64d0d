// SPDX-License-Identifier: MIT
// Phases of the reading: open; then answering a close frame, or refusing what the peer has sent;
// then ended. Each step leaves a state from which the next call goes on, should it be cancelled.
#include "websocket/conversation.hpp"

#include <heddle/http/websocket_error.hpp>
#include <heddle/io/error.hpp>
#include <heddle/runtime/cancel.hpp>
#include <heddle/runtime/park.hpp>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace heddle::http::detail {

/// Has the reading from take() on until it goes out of scope.
class conversation::reader {
 public:
  reader(conversation& of, reading_right::user who) : of_(of), got_(of.reading_.take(who)) {}
  ~reader() {
    if (got_ == reading_right::outcome::taken) of_.reading_.leave();
  }
  reader(const reader&) = delete;
  reader& operator=(const reader&) = delete;

  reading_right::outcome got() const noexcept { return got_; }

 private:
  conversation& of_;
  const reading_right::outcome got_;
};

conversation::conversation(std::shared_ptr<transport> stream, const websocket_start& start)
    : stream_(std::move(stream)),
      own_(start.own),
      limits_(start.limits),
      agreed_(start.agreed),
      wire_(*stream_, limits_.write_stall),
      sending_(wire_, own_, limits_, agreed_.compression),
      assembler_(own_, limits_, agreed_.compression),
      heard_(clock::now()) {
  if (start.already_read.empty()) return;
  end_ = start.already_read.size();
  buffer_.reset(new std::byte[end_]);
  std::copy_n(start.already_read.begin(), end_, buffer_.get());
}

conversation::~conversation() { let_go(); }

void conversation::let_go() noexcept {
  wire_.close(std::make_error_code(std::errc::operation_canceled));
}

std::optional<received_message> conversation::receive(std::error_code& error) {
  error.clear();
  const reader me(*this, reading_right::user::receiver);
  if (me.got() == reading_right::outcome::twice) {
    throw std::logic_error("heddle::http::websocket::receive: another fiber receives already");
  }
  if (auto message = read_message(error)) return message;
  error = end_error_;
  return std::nullopt;
}

/// Reads up to the next message, or to the end.
std::optional<received_message> conversation::read_message(std::error_code& error) {
  cooperate();
  while (phase_ == phase::open) {
    auto input = std::span(buffer_.get(), end_).subspan(begin_);
    assembler::event what{};
    try {
      what = assembler_.next(input);
    } catch (const std::bad_alloc&) {
      end(std::make_error_code(std::errc::not_enough_memory));  // half of a frame has been taken
      throw;
    }
    begin_ = end_ - input.size();
    if (what == assembler::event::message) {
      const opcode kind = assembler_.is_text() ? opcode::text : opcode::binary;
      return received_message{kind, assembler_.take_message()};
    }
    take(what);
  }
  finish(error);
  return std::nullopt;
}

void conversation::take(assembler::event what) {
  switch (what) {
    case assembler::event::need_more:
      return fill();
    case assembler::event::refused:
      return refuse(static_cast<websocket_errc>(assembler_.error().value()));
    case assembler::event::close:
      return take_close();
    case assembler::event::ping:
      sending_.posts().post_pong(assembler_.control());
      [[fallthrough]];
    case assembler::event::pong:
      return count_control_frame();
    case assembler::event::message:
      break;  // the caller's
  }
}

void conversation::count_control_frame() {
  const clock::time_point now = clock::now();
  if (now - control_since_ >= std::chrono::seconds{1}) {
    control_since_ = now;
    control_frames_ = 0;
  }
  if (++control_frames_ > limits_.control_frames_per_second) {
    return refuse(websocket_errc::too_many_pings);
  }
  sending_.send_posts_if_free();
}

void conversation::take_close() {
  std::error_code error;
  closing found = read_closing(assembler_.control(), error);
  if (error) return refuse(static_cast<websocket_errc>(error.value()));
  peer_closing_ = std::move(found);
  // order: release — what the frame said is there for whoever sees it; partner: peer_closing().
  peer_has_closed_.store(true, std::memory_order_release);
  begin_closing(phase::answering, peer_closing_.code);
}

void conversation::refuse(websocket_errc why) {
  end_error_ = why;
  begin_closing(phase::refusing, close_code_of(why));
}

void conversation::begin_closing(phase next, close_code code) {
  phase_ = next;
  closing_until_ = deadline::after(limits_.close_timeout);
  sending_.posts().post_close(build_closing(code, {}));
}

void conversation::end(std::error_code why) noexcept {
  phase_ = phase::ended;
  end_error_ = why;
  has_ended_.store(true, std::memory_order_relaxed);
  wire_.close({});
}

/// Reads what there is into the buffer, which is empty, or ends the reading.
void conversation::fill() {
  sending_.send_posts_if_free();
  buffer_.reset();
  begin_ = end_ = 0;
  // It has passed while nobody received: what has come since is still to be read.
  if (ping_is_out_ && pong_until_.passed()) ping_is_out_ = false;
  std::error_code error;
  std::size_t bytes = 0;
  for (bool came = false; !came;) {
    came = move_on_at(next_look(), [&] { bytes = read_more(error); });
    if (!came && !keep_alive()) error = wire_.cause();
    if (error) return end(error);
  }
  if (bytes == 0) return end(io::io_errc::unexpected_end);
  end_ = bytes;
  ping_is_out_ = false;
  if (limits_.ping_interval.count() != 0) heard_ = clock::now();
}

/// A connection that waits holds no buffer, also if its wait ended for what had been read by then.
std::size_t conversation::read_more(std::error_code& error) {
  for (;;) {
    wire_.wait_readable(error);
    if (error) return 0;
    buffer_.reset(new std::byte[limits_.read_bytes]);
    const std::span into(buffer_.get(), limits_.read_bytes);
    const std::size_t bytes = wire_.read_what_has_come(into, error);
    if (error != std::errc::operation_would_block) return bytes;
    buffer_.reset();
  }
}

deadline conversation::next_look() const noexcept {
  if (limits_.ping_interval.count() == 0) return deadline::never();
  return ping_is_out_ ? pong_until_ : deadline(heard_ + limits_.ping_interval);
}

/// Nothing has come for too long. Returns: false if that ends the connection.
bool conversation::keep_alive() {
  if (ping_is_out_) {
    wire_.abort(std::make_error_code(std::errc::timed_out));
    return false;
  }
  ping_is_out_ = true;
  pong_until_ = deadline::after(limits_.pong_timeout);
  sending_.posts().post_ping();
  sending_.send_posts_if_free();
  return true;
}

/// Sees the closing handshake to its end, within its time.
void conversation::finish(std::error_code& error) {
  if (phase_ == phase::ended) return;
  const std::error_code why = end_error_;
  const bool in_time = move_on_at(closing_until_, [&] { see_closing_out(error); });
  if (!in_time) wire_.abort(std::make_error_code(std::errc::timed_out));
  end(why);
}

void conversation::see_closing_out(std::error_code& error) {
  if (!sending_.posts().close_is_out()) sending_.send_posts(error);
  if (phase_ == phase::answering && own_ == websocket_role::server) return;
  if (phase_ == phase::refusing) wire_.shutdown_write();
  read_to_the_end();
}

/// Drops what comes until the peer has ended its side.
void conversation::read_to_the_end() {
  std::array<std::byte, 2048> dropped;
  std::error_code error;
  while (wire_.read_some(dropped, error) != 0 && !error) continue;
}

bool conversation::close(const closing& what) {
  const deadline limit = deadline::after(limits_.close_timeout);
  sending_.posts().post_close(build_closing(what.code, what.reason));
  const bool in_time = move_on_at(limit, [this] {
    std::error_code error;  // of a stream that has failed: the reading finds out
    sending_.send_posts(error);
    const reader me(*this, reading_right::user::closer);
    while (phase_ != phase::ended) read_message(error);
  });
  if (!in_time) wire_.abort(std::make_error_code(std::errc::timed_out));
  return peer_closing() != nullptr;
}

void conversation::abort() noexcept {
  wire_.abort(std::make_error_code(std::errc::operation_canceled));
}

bool conversation::is_open() const noexcept {
  return !sending_.posts().is_closing() && !wire_.cause() &&
         !has_ended_.load(std::memory_order_relaxed);
}

const closing* conversation::peer_closing() const noexcept {
  // order: acquire — partner: take_close().
  return peer_has_closed_.load(std::memory_order_acquire) ? &peer_closing_ : nullptr;
}

}  // namespace heddle::http::detail
