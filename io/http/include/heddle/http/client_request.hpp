// SPDX-License-Identifier: MIT
// A request that a client is to make: a method, a URL, header fields, and a body that is held whole
// or comes from a stream.
// Invariants: (1) who sends it says how it is framed, and to whom: Host, Content-Length,
// Transfer-Encoding, Connection, Expect and Upgrade cannot be set; (2) what is set cannot end a
// line.
#pragma once

#include <heddle/http/fields.hpp>
#include <heddle/http/url.hpp>
#include <heddle/io/stream.hpp>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace heddle::http {

/// Copyable; a copy reads from the same stream.
class client_request {
 public:
  /// Shape: `method` is a token, and not CONNECT. Errors: std::invalid_argument that names what is
  /// wrong.
  client_request(std::string_view method, url where);
  client_request(std::string_view method, std::string_view where)
      : client_request(method, url(where)) {}

  /// Sets a field in the place of all of its name, or adds one. Errors: std::invalid_argument that
  /// names it.
  client_request& set(std::string_view name, std::string_view value) &;
  client_request&& set(std::string_view name, std::string_view value) && {
    return std::move(set(name, value));
  }
  client_request& add(std::string_view name, std::string_view value) &;

  /// Sends `content`.
  client_request& body(std::string content) &;
  client_request&& body(std::string content) && { return std::move(body(std::move(content))); }

  /// Sends what `from` has up to its end, chunked; with `bytes`, exactly so many, with
  /// Content-Length. `from` is borrowed until the response has ended, and is read by another fiber
  /// than the caller's. It is read once: such a request is neither sent again nor redirected.
  template <io::byte_source Source>
  client_request& body_from(Source& from, std::optional<std::uint64_t> bytes = {}) & {
    content_.clear();
    source_ = io::detail::source_ref::to(from);
    source_bytes_ = bytes;
    return *this;
  }

  /// How long all of it may take, instead of client_config::request_timeout. Shape: positive.
  /// Errors: std::invalid_argument.
  client_request& timeout(std::chrono::nanoseconds most) &;
  client_request&& timeout(std::chrono::nanoseconds most) && { return std::move(timeout(most)); }

  const std::string& method() const noexcept { return method_; }
  const url& where() const noexcept { return where_; }
  const fields& header() const noexcept { return fields_; }
  const std::string& body() const noexcept { return content_; }
  std::optional<std::chrono::nanoseconds> timeout() const noexcept { return timeout_; }
  const std::optional<io::detail::source_ref>& source() const noexcept { return source_; }
  std::optional<std::uint64_t> source_bytes() const noexcept { return source_bytes_; }

  /// Makes it what a redirect with `status` to `to` asks for: 303, and 301 and 302 of a POST, turn
  /// it into a GET without a body; to another origin, fields that are secrets are left out.
  void redirect(int status, const url& to);

 private:
  std::string method_;
  url where_;
  fields fields_;
  std::string content_;
  std::optional<io::detail::source_ref> source_;
  std::optional<std::uint64_t> source_bytes_;
  std::optional<std::chrono::nanoseconds> timeout_;
};

}  // namespace heddle::http
