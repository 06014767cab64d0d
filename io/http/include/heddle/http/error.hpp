// SPDX-License-Identifier: MIT
// What goes wrong with messages of HTTP, on top of what goes wrong with streams (io/error.hpp).
#pragma once

#include <stdexcept>
#include <string>
#include <system_error>
#include <type_traits>

namespace heddle::http {

/// Reported by what reads messages and bodies. Streams' own errors come through as they are.
enum class http_errc {
  /// The body is not framed as its message said.
  malformed_body = 1,
  /// The body is longer than the limit.
  body_too_large = 2,
  /// The peer sends, or takes, fewer bytes a second than the limit asks for.
  too_slow = 3,
  /// The peer ended the connection before the body had ended.
  body_cut_off = 4,
  /// What came is no response of HTTP/1.1, or is larger than the limits.
  malformed_response = 5,
  /// The server ended the connection before it answered.
  no_response = 6,
  /// There were more redirects than the limit.
  too_many_redirects = 7,
  /// A redirect leads where none may lead.
  redirect_refused = 8,
  /// All connections that the limits allow were in use for too long.
  pool_exhausted = 9,
  /// The client has been closed.
  client_closed = 10,
  /// This is not offered here.
  not_supported = 11,
  /// The body is not encoded as its header says: not gzip, cut short, or with more behind it.
  malformed_encoding = 12,
  /// The proxy does not let the request through: the text has its answer.
  proxy_refused = 13,
  /// The proxy that the environment names cannot be used.
  proxy_unusable = 14,
};

const std::error_category& http_category() noexcept;

inline std::error_code make_error_code(http_errc value) noexcept {
  return {static_cast<int>(value), http_category()};
}

/// Thrown by a handler, has the server answer with `status` and the text: `throw status_error(404,
/// "no such user")`.
class status_error : public std::runtime_error {
 public:
  /// Shape: 400 <= status <= 599. Errors: std::invalid_argument.
  status_error(int status, const std::string& text);

  int status() const noexcept { return status_; }

 private:
  int status_;
};

}  // namespace heddle::http

template <>
struct std::is_error_code_enum<heddle::http::http_errc> : std::true_type {};
