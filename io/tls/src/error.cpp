// SPDX-License-Identifier: MIT
// The category of tls_errc, and the text of a tls_error.
#include <heddle/tls/error.hpp>

#include <array>
#include <cstddef>
#include <string>

namespace heddle::tls {

namespace {

/// By tls_errc, from 1.
constexpr std::array messages{
    "The peer's certificate is not trusted",
    "The certificate is not for this host",
    "The connection ended without close_notify",
    "The TLS handshake failed",
    "The peer does not speak TLS",
    "The peer refused the connection",
    "The TLS handshake took too long",
    "The connection ended during the TLS handshake",
    "The peer has presented no certificate",
    "The peer broke the TLS protocol",
    "The peer asks for more answers than it reads",
    "A certificate or key cannot be used",
};

class category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "heddle.tls"; }
  std::string message(int value) const override {
    const bool known = value >= 1 && static_cast<std::size_t>(value) <= messages.size();
    return known ? messages[static_cast<std::size_t>(value) - 1] : "Unknown error";
  }
};

std::string with_reason(const char* said, std::string_view reason) {
  std::string text(said);
  return reason.empty() ? text : text.append(": ").append(reason);
}

}  // namespace

const std::error_category& tls_category() noexcept {
  static const category only;  // immutable: what std::error_category asks for is identity
  return only;
}

tls_error::tls_error(std::error_code code, std::string_view operation, const io::endpoint& where,
                     std::string_view reason)
    : io_error(code, operation, where),
      reason_(std::make_shared<const std::string>(reason)),
      text_(std::make_shared<const std::string>(with_reason(io_error::what(), reason))) {}

tls_error::tls_error(std::error_code code, std::string_view operation, const io::no_endpoint& what,
                     std::string_view reason)
    : io_error(code, operation, what),
      reason_(std::make_shared<const std::string>(reason)),
      text_(std::make_shared<const std::string>(with_reason(io_error::what(), reason))) {}

}  // namespace heddle::tls
