// SPDX-License-Identifier: MIT
// One step after another, each with the phase that errors name.
#include "client/dialing.hpp"

#include "client/owned_transport.hpp"

#include <heddle/io/resolver.hpp>
#include <heddle/runtime/blocking.hpp>
#include <heddle/runtime/cancel.hpp>
#include <heddle/tls/error.hpp>

#include <mutex>
#include <utility>

namespace heddle::http::detail {

io::tcp_stream dialer::connect(const std::string& host, std::uint16_t port) {
  io::connect_options options;
  options.timeout = config_.connect_timeout;
  options.names = config_.names;
  std::error_code error;
  io::tcp_stream made = io::tcp_stream::connect(host, port, options, error);
  const bool unknown = error.category() == io::dns_category();
  if (error) throw dial_failure{unknown ? client_phase::resolve : client_phase::connect, error};
  return made;
}

/// Returns what TLS is to be like. What the system trusts is read when it is first needed.
tls::client_config dialer::trusted() {
  const std::lock_guard lock(reading_);
  if (!tls_) {
    const auto by_default = [] { return blocking([] { return tls::client_config(); }); };
    tls_ = (config_.tls ? *config_.tls : by_default()).with_alpn({"http/1.1"});
  }
  return *tls_;
}

tls::stream dialer::encrypt(io::tcp_stream over, const std::string& host, deadline limit) {
  tls::stream made;
  std::error_code error;
  const bool in_time = move_on_at(limit, [&] {
    made = tls::stream::client(std::move(over), host, trusted());
    made.handshake(error);
  });
  if (!in_time || error == tls::tls_errc::handshake_timeout) {
    throw dial_failure{client_phase::tls, std::make_error_code(std::errc::timed_out)};
  }
  if (error) throw dial_failure{client_phase::tls, error, made.failure()};
  return made;
}

std::unique_ptr<transport> dialer::dial(const url& where) {
  const deadline limit = deadline::after(config_.connect_timeout);
  io::tcp_stream plain = connect(where.host(), where.port());
  if (!where.is_encrypted())
    return std::make_unique<owned_transport<io::tcp_stream>>(std::move(plain));
  return std::make_unique<owned_transport<tls::stream>>(
      encrypt(std::move(plain), where.host(), limit));
}

}  // namespace heddle::http::detail
