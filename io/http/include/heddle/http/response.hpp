// SPDX-License-Identifier: MIT
// An answer: a status, header fields, and a body that is held whole, or is a file.
// Invariants: (1) who sends it says how long it is: Content-Length and Transfer-Encoding cannot be
// set; (2) what is set cannot end a line (fields.hpp); (3) whether its connection goes on is the
// server's to say: a `Connection: close` that is set is sent, and ends it; if the connection ends
// anyhow, `close` goes before what else is set in Connection, and in the place of `keep-alive`. Not
// here: bodies that are made while they are sent (streaming.hpp).
#pragma once

#include <heddle/http/fields.hpp>

#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace heddle::http {

/// Copyable.
class response {
 public:
  /// Constructs an answer without a body. Shape: 200 <= status <= 599. Errors:
  /// std::invalid_argument.
  explicit response(int status = 200);

  /// Each of these sets Content-Type. Text is UTF-8.
  static response text(std::string body, int status = 200);
  static response html(std::string body, int status = 200);
  static response json(std::string body, int status = 200);

  /// Sends the file at `path`, with its type by its name, its age, and ranges of it if the client
  /// asks for them. Fields that are set go with it, in the place of what the file says of itself
  /// (Content-Type, ETag, ...); with another status than 200, and to another method than GET and
  /// HEAD, it is sent whole. Nobody there: 404, without those fields. Shape: the program's own
  /// path, not one that a client has chosen: for those there is server::files.
  static response file(std::string path);

  /// Sends the client elsewhere. Shape: status 301, 302, 303, 307 or 308. Errors:
  /// std::invalid_argument.
  static response redirect(std::string_view location, int status = 302);

  int status() const noexcept { return status_; }
  /// Errors: as the constructor.
  response& status(int status) &;
  response&& status(int status) && { return std::move(this->status(status)); }

  /// Sets a header field in the place of all of its name. Errors: std::invalid_argument that names
  /// it, also for Content-Length and Transfer-Encoding.
  response& set(std::string_view name, std::string_view value) &;
  response&& set(std::string_view name, std::string_view value) && {
    return std::move(set(name, value));
  }
  /// Adds one, for names that may come more than once.
  response& add(std::string_view name, std::string_view value) &;
  response&& add(std::string_view name, std::string_view value) && {
    return std::move(add(name, value));
  }

  response& body(std::string content) &;
  response&& body(std::string content) && { return std::move(body(std::move(content))); }

  const std::string& body() const& noexcept { return body_; }
  std::string body() && { return std::move(body_); }

  const http::fields& header() const noexcept { return fields_; }
  std::optional<std::string_view> header(std::string_view name) const noexcept {
    return fields_.get(name);
  }

  /// Returns the path given to file(); empty if the body is held.
  const std::string& file_path() const noexcept { return file_; }

 private:
  response(int status, std::string_view type, std::string body);

  int status_;
  http::fields fields_;
  std::string body_;
  std::string file_;
};

}  // namespace heddle::http
