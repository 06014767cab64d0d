// SPDX-License-Identifier: MIT
// What a response refuses to be.
#include <heddle/http/response.hpp>

#include "message/framing.hpp"

#include <stdexcept>

namespace heddle::http {

namespace {

int checked(int status) {
  if (status >= 200 && status <= 599) return status;
  throw std::invalid_argument("heddle::http::response: status " + std::to_string(status) +
                              " is not in 200..599");
}

}  // namespace

response::response(int status) : status_(checked(status)) {}

response::response(int status, std::string_view type, std::string body)
    : status_(checked(status)), body_(std::move(body)) {
  fields_.start_with(type);
}

response response::text(std::string body, int status) {
  return {status, "Content-Type: text/plain; charset=utf-8\r\n", std::move(body)};
}

response response::html(std::string body, int status) {
  return {status, "Content-Type: text/html; charset=utf-8\r\n", std::move(body)};
}

response response::json(std::string body, int status) {
  return {status, "Content-Type: application/json\r\n", std::move(body)};
}

response response::file(std::string path) {
  response made;
  made.file_ = std::move(path);
  return made;
}

response response::redirect(std::string_view location, int status) {
  const bool redirects = (status >= 301 && status <= 303) || status == 307 || status == 308;
  if (!redirects) {
    throw std::invalid_argument("heddle::http::response::redirect: status " +
                                std::to_string(status) + " sends nobody elsewhere");
  }
  response made(status);
  made.set("Location", location);
  return made;
}

response& response::status(int status) & {
  status_ = checked(status);
  return *this;
}

response& response::set(std::string_view name, std::string_view value) & {
  detail::check_not_framing(name);
  fields_.set(name, value);
  return *this;
}

response& response::add(std::string_view name, std::string_view value) & {
  detail::check_not_framing(name);
  fields_.add(name, value);
  return *this;
}

response& response::body(std::string content) & {
  body_ = std::move(content);
  file_.clear();
  return *this;
}

}  // namespace heddle::http
