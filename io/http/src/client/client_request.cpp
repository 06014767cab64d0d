// SPDX-License-Identifier: MIT
// What a request refuses to be, and what redirects make of it.
#include <heddle/http/client_request.hpp>

#include "message/syntax.hpp"

#include <array>
#include <stdexcept>

namespace heddle::http {

namespace {

constexpr std::array<std::string_view, 6> of_the_sender = {
    "Host", "Content-Length", "Transfer-Encoding", "Connection", "Expect", "Upgrade"};
constexpr std::array<std::string_view, 3> secrets = {"Authorization", "Cookie",
                                                     "Proxy-Authorization"};
constexpr std::array<std::string_view, 4> of_a_body = {"Content-Type", "Content-Encoding",
                                                       "Content-Language", "Content-Location"};

[[noreturn]] void refuse(std::string_view what, const char* why) {
  throw std::invalid_argument("heddle::http::client_request: " + std::string(what) + why);
}

void check_name(std::string_view name) {
  for (const std::string_view each : of_the_sender) {
    if (same_name(name, each)) refuse(name, " is not set by hand: it follows from the request");
  }
}

}  // namespace

client_request::client_request(std::string_view method, url where)
    : method_(method), where_(std::move(where)) {
  if (!detail::is_token(method)) refuse("the method", " is not a token");
  if (method == "CONNECT") refuse("CONNECT", " makes a tunnel, which is not offered here");
}

client_request& client_request::set(std::string_view name, std::string_view value) & {
  check_name(name);
  fields_.set(name, value);
  return *this;
}

client_request& client_request::add(std::string_view name, std::string_view value) & {
  check_name(name);
  fields_.add(name, value);
  return *this;
}

client_request& client_request::body(std::string content) & {
  content_ = std::move(content);
  source_.reset();
  source_bytes_.reset();
  return *this;
}

client_request& client_request::timeout(std::chrono::nanoseconds most) & {
  if (most <= std::chrono::nanoseconds::zero()) refuse("timeout", " is not positive");
  timeout_ = most;
  return *this;
}

void client_request::redirect(int status, const url& to) {
  const bool was_post = method_ == "POST" && (status == 301 || status == 302);
  if (was_post || (status == 303 && method_ != "HEAD")) {
    method_ = "GET";
    body({});
    for (const std::string_view each : of_a_body) fields_.remove(each);
  }
  if (to.origin() != where_.origin()) {
    for (const std::string_view each : secrets) fields_.remove(each);
  }
  where_ = to;
}

}  // namespace heddle::http
