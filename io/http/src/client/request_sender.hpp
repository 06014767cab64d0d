// SPDX-License-Identifier: MIT
// Sends one request: at once if it is small, else in a fiber of its own, so that the response can
// be read meanwhile.
// Invariants: (1) the fiber has ended when the sender has; (2) what the connection refuses does not
// end it, for there may be a response to read; what the source or the clock refuses does, since
// nothing will come then.
#pragma once

#include "client/proxies.hpp"
#include "connection/transport.hpp"

#include <heddle/http/client_config.hpp>
#include <heddle/http/client_request.hpp>
#include <heddle/runtime/task.hpp>
#include <heddle/sync/event.hpp>

#include <cstdint>
#include <exception>
#include <string>
#include <string_view>
#include <system_error>

namespace heddle::http::detail {

/// Returns whether the client asks for gzip, and so undoes it. A user who asks for an encoding gets
/// it as it comes; part of an encoded body is of no use.
bool asks_for_gzip(const client_request& asked, const client_config& config) noexcept;

/// Returns the head of a request, without the empty line behind it, for the server or, unless the
/// URL is https, for the proxy `by`.
std::string head_of(const client_request& asked, const client_config& config, const proxy* by);

/// Whether the body waits until the server says that it wants it. Source: RFC 9110, section 10.1.1.
enum class expecting : bool { nothing, to_continue };

/// Returns whether a request is one whose body should wait.
expecting expects(const client_request& asked, const client_config& config) noexcept;

class request_sender {
 public:
  /// `to`, `asked`, `config` and `by`, which may be null, outlive it.
  request_sender(transport& to, const client_request& asked, const client_config& config,
                 const proxy* by, expecting expects) noexcept
      : to_(to), asked_(asked), config_(config), by_(by), expects_(expects) {}
  ~request_sender() { stop(); }
  request_sender(const request_sender&) = delete;
  request_sender& operator=(const request_sender&) = delete;

  /// Begins, and comes back at once or when all that was small enough has been sent. Suspends: no.
  void start();

  /// Says that the server wants the body. Suspends: no.
  void proceed() noexcept { wanted_.set(); }

  /// Returns whether it has ended, well or not.
  bool done() const { return !sending_.joinable() || sending_.done(); }

  /// Ends it, if it has not ended. Suspends: yes, shielded.
  void stop() noexcept { sending_ = {}; }

  /// The rest is known once it is done.
  /// Returns whether the server has got all of it.
  bool whole() const noexcept { return whole_; }
  /// Returns why the source or the clock ended the connection; empty if they did not.
  const std::error_code& error() const noexcept { return error_; }
  /// Returns what the connection has died of, if it was the writing that was told; empty if not, or
  /// if the peer only reads no more.
  const std::error_code& died_of() const noexcept { return died_of_; }
  /// Throws what the source has thrown.
  void rethrow() const {
    if (thrown_) std::rethrow_exception(thrown_);
  }
  /// Returns whether anything of the body was sent, or read from its source.
  bool has_begun_body() const noexcept { return begun_body_; }
  /// Returns how many bytes the connection took.
  std::uint64_t sent() const noexcept { return sent_; }

 private:
  void run();
  void send_source();
  bool write(std::string_view text);
  void give_up(std::error_code why) noexcept;
  void note(std::error_code failure) noexcept;

  transport& to_;
  const client_request& asked_;
  const client_config& config_;
  const proxy* const by_;
  const expecting expects_;
  sync::event wanted_;
  bool begun_body_ = false;
  std::string head_;
  std::uint64_t sent_ = 0;
  std::error_code error_;
  std::error_code died_of_;
  std::exception_ptr thrown_;
  bool whole_ = false;
  task<void> sending_;  // the last: it ends before what it uses
};

}  // namespace heddle::http::detail
