// SPDX-License-Identifier: MIT
// The answer under way: its head, once, and its body, framed as the head says.
// Invariants: (1) the head goes out with the first bytes of the body, or when the answer ends; (2)
// an answer that breaks off cannot be taken for a whole one: its connection is aborted; (3) a
// handler may write in one fiber and read the request's body in another: what both may have to send
// is sent under turns_, and 100 Continue never stands inside an answer; but for that nobody who
// reads waits for who writes; (4) a HEAD's head does not
// wait for the end of a handler that has begun its body.
#pragma once

#include "connection/outbound.hpp"
#include "server/answer_head.hpp"
#include "server/exchange.hpp"
#include "server/idle_set.hpp"

#include <heddle/http/response.hpp>
#include <heddle/http/streaming.hpp>
#include <heddle/runtime/cancel.hpp>
#include <heddle/sync/mutex.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

namespace heddle::http::detail {

class outgoing {
 public:
  outgoing(outbound& to, const exchange& of, date_text& date, const idle_set& idle) noexcept
      : to_(to), of_(of), date_(date), idle_(idle), then_(of.framed.then) {}

  /// The writer that a handler gets.
  response_writer writer() noexcept { return response_writer(*this); }

  /// Sends a whole answer; what is small is only gathered.
  void answer(const response& whole);

  /// The calls of response_writer.
  void set_status(int status);
  void set(std::string_view name, std::string_view value);
  void add(std::string_view name, std::string_view value);
  void set_length(std::uint64_t bytes);
  void write(std::string_view text);
  void flush();
  void add_trailer(std::string_view name, std::string_view value);

  /// Sends the 100 that asks for the body, unless the answer has begun. Returns: false with an
  /// error if the connection is of no use. Suspends: yes.
  bool ask_for_body(std::error_code& error);

  /// Forgets what was said of an answer that has not begun.
  void forget() noexcept;

  /// Sends the head that makes a WebSocket of the connection. Returns: false if it cannot be sent.
  bool switch_protocols(const fields& header);

  /// Runs a HEAD's handler: it is cancelled once its head has been sent, since nobody is there for
  /// the body. Errors: the handler's. Suspends: as it does.
  template <class F>
  void run_for_head(F&& handle) {
    for_head_.emplace().run(std::forward<F>(handle));
  }

  /// Ends the body. Returns: false if less was written than was said; then it breaks off.
  bool finish();

  bool begun() const noexcept { return begun_; }
  /// Returns whether the connection ends after this answer.
  after_message then() const noexcept { return then_; }
  void close_after() noexcept { then_ = after_message::close; }
  int status() const noexcept { return status_; }
  const exchange& of() const noexcept { return of_; }
  void throw_if_broken() const;

 private:
  void check_not_begun(const char* what) const;
  bool has_body() const noexcept;
  void begin(const fields& header);
  void begin() { begin(fields_); }
  void send_gathered();
  void send_head_alone();
  void write_chunk(std::string_view text);

  outbound& to_;
  sync::mutex turns_;
  const exchange& of_;
  date_text& date_;
  const idle_set& idle_;
  after_message then_;
  int status_ = 200;
  fields fields_;
  fields trailer_;
  std::optional<std::uint64_t> length_;
  body_length how_ = body_length::known;
  std::uint64_t written_ = 0;
  std::string gathered_;  // of the body, not yet in a chunk
  bool begun_ = false;
  std::optional<cancel_scope> for_head_;
};

}  // namespace heddle::http::detail
