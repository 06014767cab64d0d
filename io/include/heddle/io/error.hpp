// SPDX-License-Identifier: MIT
// What goes wrong with streams and sockets, and with whom.
// Invariants: (1) an io_error names the operation and the endpoint, as in "read from 10.0.0.1:80:
// Connection reset by peer"; (2) its code is the system's, or an io_errc where the system has none;
// (3) it copies without throwing. Calls with a trailing std::error_code& report the same codes.
#pragma once

#include <heddle/io/endpoint.hpp>

#include <memory>
#include <string_view>
#include <system_error>

namespace heddle::io {

/// Errors for which errno has no value.
enum class io_errc {
  /// The stream ended before read_exactly had all it asked for.
  unexpected_end = 1,
  /// A line, or a record, is longer than the reader's limit.
  line_too_long = 2,
  /// There is more than the caller was ready to take.
  too_much = 3,
};

const std::error_category& io_category() noexcept;

inline std::error_code make_error_code(io_errc value) noexcept {
  return {static_cast<int>(value), io_category()};
}

/// What an io_error names that has no endpoint: "a pipe", or a file's path.
struct no_endpoint {
  std::string_view name;
};

/// Thrown by the operations of io that the system refused, or that the peer ended.
class io_error : public std::system_error {
 public:
  /// Shape: `operation` is static text, such as "read from".
  io_error(std::error_code code, std::string_view operation, endpoint where);
  io_error(std::error_code code, std::string_view operation, const no_endpoint& what);

  /// Returns the peer of a stream, or where a listener is bound; `none` for pipes and files.
  const endpoint& where() const noexcept { return *where_; }
  std::string_view operation() const noexcept { return operation_; }

 private:
  std::string_view operation_;
  std::shared_ptr<const endpoint> where_;  // shared: an exception's copy must not throw
};

}  // namespace heddle::io

template <>
struct std::is_error_code_enum<heddle::io::io_errc> : std::true_type {};
