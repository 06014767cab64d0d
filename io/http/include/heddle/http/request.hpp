// SPDX-License-Identifier: MIT
// A request as a handler sees it: views of what came.
// Invariants: (1) every view is valid until the handler returns; (2) nothing of a request changes
// while it is handled, so fibers that the handler starts and joins may all read it. Not here:
// bodies that are read in pieces (streaming.hpp).
#pragma once

#include <heddle/http/fields.hpp>
#include <heddle/io/endpoint.hpp>

#include <optional>
#include <string_view>
#include <vector>

namespace heddle::http {

namespace detail {
struct exchange;
struct request_access;
}  // namespace detail

class request {
 public:
  std::string_view method() const noexcept;
  /// Returns the target as it came: "/users/7?full=1".
  std::string_view target() const noexcept;
  /// Returns the path of the target, its escapes decoded: "/users/7".
  std::string_view path() const noexcept;

  /// Returns the first value of `name` in the target's query, decoded; "" if it has none, as in
  /// "?full". Cost: a scan of the query's names, decoded before.
  std::optional<std::string_view> query(std::string_view name) const noexcept;
  /// Returns all names and values of the query, decoded, in order.
  const std::vector<field_view>& query() const noexcept;

  /// Returns the value of the first header field called `name`, whatever its case. Host is what
  /// the target says, if that is a URL, and not what the client's field says.
  std::optional<std::string_view> header(std::string_view name) const noexcept;
  const std::vector<field_view>& header() const noexcept;

  /// Returns what stood in the place of `{name}` in the pattern, decoded. Errors: std::out_of_range
  /// if the pattern has no such place.
  std::string_view param(std::string_view name) const;

  /// Returns the body; empty for requests that are read in pieces.
  std::string_view body() const noexcept;

  const io::endpoint& peer() const noexcept;
  /// Returns whether it came over TLS.
  bool is_encrypted() const noexcept;

 protected:
  explicit request(const detail::exchange& of) noexcept : exchange_(&of) {}
  request(const request&) = default;
  request& operator=(const request&) = default;
  ~request() = default;

 private:
  friend struct detail::request_access;
  const detail::exchange* exchange_;
};

}  // namespace heddle::http
