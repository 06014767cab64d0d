// SPDX-License-Identifier: MIT
// The words of an http_error.
#include <heddle/http/client_error.hpp>

#include <array>
#include <cstddef>

namespace heddle::http {

namespace {

constexpr std::array<std::string_view, 9> phases = {
    "waiting for a connection", "looking the host up", "connecting",
    "asking the proxy",         "agreeing on TLS",     "sending the request",
    "waiting for the header",   "reading the body",    "following the redirect",
};

std::string text_of(const http_error::details& of) {
  std::string text(of.method);
  text.append(" ").append(of.url).append(": failed ").append(to_string(of.phase));
  if (!of.why.empty()) text.append(", ").append(of.why);
  return text;
}

}  // namespace

std::string_view to_string(client_phase phase) noexcept {
  return phases[static_cast<std::size_t>(phase)];
}

http_error::http_error(std::error_code code, const details& of)
    : std::system_error(code, text_of(of)),
      phase_(of.phase),
      named_(std::make_shared<const names>(names{std::string(of.method), std::string(of.url)})) {}

}  // namespace heddle::http
