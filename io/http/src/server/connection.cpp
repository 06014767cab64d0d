// SPDX-License-Identifier: MIT
// The life of a connection; how one request is handled is in handling.cpp.
#include "server/connection.hpp"

#include "message/parse_head.hpp"

#include <heddle/http/error.hpp>
#include <heddle/runtime/cancel.hpp>
#include <heddle/runtime/this_fiber.hpp>

#include <algorithm>
#include <array>
#include <utility>

namespace heddle::http::detail {

namespace {

constexpr std::chrono::seconds moment{1};
constexpr std::size_t linger_bytes = 256 * 1024;
constexpr std::chrono::seconds linger_time{2};
constexpr std::size_t worth_sending = 64 * 1024;

head_limits limits_of(const server_config& config) noexcept {
  return {.start_line_bytes = config.request_line_bytes,
          .field_bytes = config.header_bytes,
          .fields = config.header_fields};
}

}  // namespace

connection::connection(std::shared_ptr<transport> over, server_core& core, idle_set& idle)
    : over_(std::move(over)),
      core_(core),
      idle_(idle),
      in_(*over_),
      out_(*over_, core.config().write_timeout),
      peer_(over_->peer_endpoint()) {}

void connection::run() {
  core_.connections.add();
  first_head_until_ = deadline::after(core_.config().header_timeout);
  try {
    while (await_request() == next::request && read_head() == next::request && serve_request()) {
    }
    if (!upgraded_ && !out_.failed() && out_.flush()) linger();
    end_work();
  } catch (...) {
    over_->abort();
    throw;
  }
  if (out_.error() == http_errc::too_slow) {
    core_.write_stalls.add();
  } else if (out_.failed()) {
    core_.broken.add();
  }
}

connection::next connection::await_request() {
  const bool held = !in_.buffer().held().empty();
  if (held && unsent_ < core_.config().pipelined && out_.buffer().size() < worth_sending) {
    return next::request;
  }
  unsent_ = 0;
  if (!out_.flush()) return next::end;
  if (held) return next::request;
  const deadline limit = first_ ? first_head_until_ : deadline::after(core_.config().idle_timeout);
  for (;;) {
    put_down();
    if (!await_bytes(limit)) return next::end;
    pick_up();
    std::error_code error;
    if (in_.try_fill(error)) return next::request;
    if (error != std::errc::operation_would_block) return next::end;
    if (over_->is_readable()) return next::request;  // for a read that may have to wait
    // What the wait was told of had been read by then, with the request before.
  }
}

/// Waits, without memory, until the client says something. Returns: false if it does not.
bool connection::await_bytes(deadline limit) {
  std::error_code error;
  if (in_.wait(std::min(limit, deadline::after(moment)), error)) return true;
  return !error && await_bytes_for_long(limit);
}

/// Lets go of the stack too, and lets serve() end the wait.
bool connection::await_bytes_for_long(deadline limit) {
  std::error_code error;
  cancel_scope waits;
  if (!idle_.enter(waits)) return false;
  this_fiber::trim_stack();
  bool came = false;
  try {
    waits.run([&] { came = in_.wait(limit, error); });
  } catch (...) {
    idle_.leave(waits);
    throw;
  }
  idle_.leave(waits);
  if (!came && !error && limit.passed()) core_.idle_closed.add();
  return came;
}

void connection::pick_up() {
  work_ = workspace::take();
  work_->request.peer = &peer_;
  work_->request.encrypted = over_->is_encrypted();
  work_->input.swap_memory(in_.buffer());
  work_->output.swap(out_.buffer());
}

/// Forgets what is held. Shape: nothing is unsent, no request is under way.
void connection::put_down() noexcept {
  if (work_ == nullptr) return;
  in_.buffer().clear();
  work_->input.swap_memory(in_.buffer());
  work_->output.swap(out_.buffer());
  workspace::give(std::move(work_));
}

/// As put_down(), wherever the connection has ended.
void connection::end_work() noexcept {
  if (work_ == nullptr) return;
  work_->request.clear();
  out_.buffer().clear();
  put_down();
}

/// Reads a head, as the buffer's first bytes, and pins it.
connection::next connection::read_head() {
  input_buffer& buffer = in_.buffer();
  exchange& request = work_->request;
  refusal refused;
  std::size_t bytes = parse_whole_head(buffer.held(), limits_of(core_.config()), request.head);
  if (bytes == 0) {
    bytes = find_head(refused);
    if (bytes == 0 && !refused) return next::end;
    if (!refused) refused = parse_head(buffer.held().substr(0, bytes), request.head);
  }
  first_ = false;
  if (!refused) refused = frame(request.head, request.framed);
  if (!refused) refused = request.read_target();
  if (refused) {
    refuse(refused);
    return next::end;
  }
  buffer.pin();
  buffer.take(bytes);
  return next::request;
}

/// Reads until a head is there. Who has sent a part of it may wait for the answers before it.
/// Returns: its bytes; 0: it is refused, or has not come.
std::size_t connection::find_head(refusal& refused) {
  unsent_ = 0;
  if (!out_.flush()) return 0;
  input_buffer& buffer = in_.buffer();
  head_scanner scanner(limits_of(core_.config()));
  const deadline limit =
      first_ ? first_head_until_ : deadline::after(core_.config().header_timeout);
  bool may_be_empty = true;  // the line: one such is passed over (RFC 9112, 2.2)
  for (;;) {
    if (may_be_empty && scanner.untouched() && buffer.held().starts_with("\r\n")) {
      buffer.take(2);
      may_be_empty = false;
    }
    const bool half = may_be_empty && scanner.untouched() && buffer.held() == "\r";
    const std::size_t bytes = half ? 0 : scanner.scan(buffer.held(), refused);
    if (bytes != 0 || refused) return bytes;
    std::error_code error;
    if (in_.fill(limit, error)) continue;
    const bool late = error == std::errc::timed_out && limit.passed();  // or TCP gave it up
    if (late && !buffer.held().empty()) {
      refuse({408, "the header did not come in time"});
    } else if (late) {
      core_.idle_closed.add();
    } else if (!buffer.held().empty()) {
      core_.broken.add();
    }
    return 0;
  }
}

/// Answers what cannot be served, without a handler. Nothing behind it can be understood. Shape:
/// the buffer begins with the head.
void connection::refuse(const refusal& why) {
  core_.refused(why.status);
  std::string body(why.why);
  body += '\n';
  fields header;
  header.set("Content-Type", "text/plain; charset=utf-8");
  const bool bodiless = in_.buffer().held().starts_with("HEAD ");
  append_head(
      out_.buffer(),
      {.status = why.status, .fields = &header, .bytes = body.size(), .then = after_message::close},
      work_->date);
  if (!bodiless) out_.buffer() += body;
}

/// Ends politely: reads on for a moment, since closing with unread bytes would have the kernel
/// throw away what the client has not read of the answer.
void connection::linger() {
  std::error_code error;
  over_->shutdown_write(error);
  const deadline limit = deadline::after(linger_time);
  std::array<std::byte, 2048> piece;
  for (std::size_t bytes = 0; bytes < linger_bytes && !error;) {
    const std::size_t more = in_.read_some(piece, limit, error);
    if (more == 0) return;
    bytes += more;
  }
}

}  // namespace heddle::http::detail
