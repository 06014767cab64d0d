// SPDX-License-Identifier: MIT
// What an HTTP client throws: which request failed, in which phase, and why.
#pragma once

#include <heddle/http/error.hpp>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <system_error>

namespace heddle::http {

/// What a request was at when it failed.
enum class client_phase : std::uint8_t {
  pool,      ///< waiting for a connection that others use
  resolve,   ///< looking the host's name up
  connect,   ///< connecting
  proxy,     ///< asking a proxy for a way through
  tls,       ///< agreeing on TLS
  send,      ///< sending the request
  header,    ///< waiting for the response's header
  body,      ///< reading the response's body
  redirect,  ///< following a redirect
};

/// Returns the phase in words: "waiting for the header".
std::string_view to_string(client_phase phase) noexcept;

/// The code is of http_errc, tls::tls_errc, io::dns_errc, or the system; std::errc::timed_out for
/// time-outs.
class http_error : public std::system_error {
 public:
  /// What a message is made of. Views are copied.
  struct details {
    client_phase phase = client_phase::send;
    std::string_view method = {};
    std::string_view url = {};
    std::string_view why = {};  ///< more than the code says; may be empty
  };

  http_error(std::error_code code, const details& of);

  client_phase phase() const noexcept { return phase_; }
  const std::string& method() const noexcept { return named_->method; }
  const std::string& url() const noexcept { return named_->url; }

 private:
  struct names {
    std::string method;
    std::string url;
  };
  client_phase phase_;
  std::shared_ptr<const names> named_;  // shared: an exception's copy must not throw
};

}  // namespace heddle::http
