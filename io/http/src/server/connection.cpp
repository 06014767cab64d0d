// SPDX-License-Identifier: MIT
// The life of a connection; how one request is handled is in handling.cpp.
#include "server/connection.hpp"

#include "message/parse_head.hpp"

#include <heddle/http/error.hpp>
#include <heddle/runtime/cancel.hpp>
#include <heddle/runtime/this_fiber.hpp>

#include <algorithm>
#include <array>
#include <optional>

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

connection::connection(transport& over, server_core& core, idle_set& idle)
    : over_(over),
      core_(core),
      idle_(idle),
      in_(over),
      out_(over, core.config().write_timeout),
      scanner_(limits_of(core.config())) {
  exchange_.peer = over.peer_endpoint();
  exchange_.encrypted = over.is_encrypted();
}

void connection::run() {
  core_.connections.add();
  try {
    while (await_request() == next::request && read_head() == next::request && serve_request()) {
    }
    if (!upgraded_ && !out_.failed() && out_.flush()) linger();
  } catch (...) {
    over_.abort();
    throw;
  }
  if (out_.error() == std::errc::timed_out) {
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
  const auto patience = first_ ? core_.config().header_timeout : core_.config().idle_timeout;
  const auto briefly = std::min<std::chrono::nanoseconds>(patience, moment);
  std::error_code error;
  if (in_.fill(deadline::after(briefly), error)) return next::request;
  if (error != std::errc::timed_out) return next::end;
  return await_request_without_memory(deadline::after(patience - briefly));
}

connection::next connection::await_request_without_memory(deadline limit) {
  in_.buffer().release();
  out_.release();
  exchange_.release();
  std::error_code error;
  cancel_scope waits;
  if (!idle_.enter(waits)) return next::end;
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
  return came ? next::request : next::end;
}

/// Reads a head into exchange_, as the buffer's first bytes, and pins it.
connection::next connection::read_head() {
  input_buffer& buffer = in_.buffer();
  std::optional<deadline> limit;  // most heads are there when their first bytes are
  refusal refused;
  scanner_.reset();
  std::size_t bytes = 0;
  for (;;) {
    if (scanner_.untouched() && buffer.held().starts_with("\r\n")) buffer.take(2);
    const bool half = scanner_.untouched() && buffer.held() == "\r";
    if (!half) bytes = scanner_.scan(buffer.held(), refused);
    if (bytes != 0 || refused) break;
    std::error_code error;
    if (!limit) limit = deadline::after(core_.config().header_timeout);
    if (in_.fill(*limit, error)) continue;
    if (error == std::errc::timed_out && !buffer.held().empty()) {
      refuse({408, "the header did not come in time"});
    } else if (error == std::errc::timed_out) {
      core_.idle_closed.add();
    } else if (!buffer.held().empty()) {
      core_.broken.add();
    }
    return next::end;
  }
  first_ = false;
  if (!refused) refused = parse_head(buffer.held().substr(0, bytes), exchange_.head);
  if (!refused) refused = frame(exchange_.head, exchange_.framed);
  if (!refused) refused = exchange_.read_target();
  if (refused) {
    refuse(refused);
    return next::end;
  }
  buffer.pin();
  buffer.take(bytes);
  return next::request;
}

/// Answers what cannot be served, without a handler. Nothing behind it can be understood.
void connection::refuse(const refusal& why) {
  core_.refused(why.status);
  std::string body(why.why);
  body += '\n';
  fields header;
  header.set("Content-Type", "text/plain; charset=utf-8");
  append_head(
      out_.buffer(),
      {.status = why.status, .fields = &header, .bytes = body.size(), .then = after_message::close},
      date_);
  out_.buffer() += body;
}

/// Ends politely: reads on for a moment, since closing with unread bytes would have the kernel
/// throw away what the client has not read of the answer.
void connection::linger() {
  std::error_code error;
  over_.shutdown_write(error);
  const deadline limit = deadline::after(linger_time);
  std::array<std::byte, 2048> piece;
  for (std::size_t bytes = 0; bytes < linger_bytes && !error;) {
    const std::size_t more = in_.read_some(piece, limit, error);
    if (more == 0) return;
    bytes += more;
  }
}

}  // namespace heddle::http::detail
