// SPDX-License-Identifier: MIT
// What goes wrong with TLS, beyond what io's sockets report.
// Invariants: (1) a tls_error says in words why, as far as is known: which certificate, which name,
// what the peer's alert was; (2) an error of the socket keeps the system's code; (3) it copies
// without throwing. Calls with a trailing std::error_code& report the same codes;
// stream::failure() then has the words.
#pragma once

#include <heddle/io/error.hpp>

#include <memory>
#include <string>
#include <string_view>
#include <system_error>

namespace heddle::tls {

enum class tls_errc {
  /// The peer's certificate, or one above it, is not trusted.
  verify_failed = 1,
  /// The certificate is trusted, but is not for this host.
  host_mismatch = 2,
  /// The connection ended without close_notify: what was read may not be all.
  truncated = 3,
  /// The two could not agree: on a version, a cipher, an application protocol.
  handshake_failed = 4,
  /// What came is not TLS.
  not_tls = 5,
  /// The peer refused by an alert: failure() says which.
  refused_by_peer = 6,
  /// The handshake took longer than handshake_timeout.
  handshake_timeout = 7,
  /// The connection ended in the middle of the handshake.
  ended_in_handshake = 8,
  /// The peer has to present a certificate, and did not.
  no_certificate = 9,
  /// The peer broke the protocol.
  protocol_error = 10,
  /// The peer asks for more answers than it reads.
  flooded = 11,
  /// A certificate, a key or a list cannot be used: the text says which, and why.
  bad_credentials = 12,
};

const std::error_category& tls_category() noexcept;

inline std::error_code make_error_code(tls_errc value) noexcept {
  return {static_cast<int>(value), tls_category()};
}

/// Thrown by the operations of tls. what(): operation, peer, and the reason in words.
class tls_error : public io::io_error {
 public:
  /// Shape: `operation` is static text. `reason` may be empty: then the code's own text counts.
  tls_error(std::error_code code, std::string_view operation, const io::endpoint& where,
            std::string_view reason);
  tls_error(std::error_code code, std::string_view operation, const io::no_endpoint& what,
            std::string_view reason);

  const char* what() const noexcept override { return text_->c_str(); }

  /// Returns the reason alone; empty if nothing is known beyond the code.
  const std::string& reason() const noexcept { return *reason_; }

 private:
  std::shared_ptr<const std::string> reason_;  // shared: an exception's copy must not throw
  std::shared_ptr<const std::string> text_;
};

}  // namespace heddle::tls

template <>
struct std::is_error_code_enum<heddle::tls::tls_errc> : std::true_type {};
