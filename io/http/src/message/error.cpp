// SPDX-License-Identifier: MIT
// The category of http_errc, and the check of a status_error.
#include <heddle/http/error.hpp>

#include <array>
#include <cstddef>
#include <string>

namespace heddle::http {

namespace {

// By number, from 1.
constexpr std::array<const char*, 14> messages = {
    "The body is malformed",
    "The body is too large",
    "The peer is too slow",
    "The connection ended within the body",
    "The response is malformed",
    "The connection ended before there was a response",
    "There are too many redirects",
    "The redirect is refused",
    "No connection became free in time",
    "The client has been closed",
    "This is not supported",
    "The body is not encoded as its header says",
    "The proxy refused",
    "The proxy cannot be used",
};

class category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "heddle.http"; }
  std::string message(int value) const override {
    const auto at = static_cast<std::size_t>(value) - 1;
    return at < messages.size() ? messages[at] : "Unknown error";
  }
};

}  // namespace

const std::error_category& http_category() noexcept {
  static const category only;  // immutable: what std::error_category asks for is identity
  return only;
}

status_error::status_error(int status, const std::string& text)
    : std::runtime_error(text), status_(status) {
  if (status >= 400 && status <= 599) return;
  throw std::invalid_argument("heddle::http::status_error: " + std::to_string(status) +
                              " is not in 400..599");
}

}  // namespace heddle::http
