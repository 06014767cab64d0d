// SPDX-License-Identifier: MIT
// One step after another, each with the phase that errors name.
#include "client/dialing.hpp"

#include "client/answer.hpp"
#include "connection/owned_transport.hpp"

#include <heddle/http/error.hpp>
#include <heddle/io/resolver.hpp>
#include <heddle/runtime/cancel.hpp>
#include <heddle/tls/error.hpp>

#include <mutex>
#include <utility>

namespace heddle::http::detail {

namespace {

std::string tunnel_request(const url& where, const proxy& by, const client_config& config) {
  std::string target = where.authority();
  const std::string port = ":" + std::to_string(where.port());
  if (!target.ends_with(port)) target += port;
  std::string text = "CONNECT " + target + " HTTP/1.1\r\nHost: " + target + "\r\n";
  if (!config.user_agent.empty()) text += "User-Agent: " + config.user_agent + "\r\n";
  if (!by.authorization.empty()) text += "Proxy-Authorization: " + by.authorization + "\r\n";
  return text + "\r\n";
}

}  // namespace

std::string refusal_of(const proxy& by, const response_head& answer) {
  return by.name + " answered " + std::to_string(answer.status) + " " + std::string(answer.reason);
}

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
    tls_ = (config_.tls ? *config_.tls : tls::client_config()).with_alpn({"http/1.1"});
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

const proxy* dialer::proxy_for(const url& where) const {
  const proxy* const found = proxies_.find(where);
  if (found == nullptr || found->unusable.empty()) return found;
  throw dial_failure{client_phase::proxy, http_errc::proxy_unusable,
                     std::string(where.is_encrypted() ? "https_proxy " : "http_proxy ") +
                         "(or all_proxy) " + found->unusable};
}

io::tcp_stream dialer::connect_to(const proxy& by) {
  try {
    return connect(by.host, by.port);
  } catch (dial_failure& found) {
    found.why = "to the proxy " + by.name;
    throw;
  }
}

/// Has the proxy pass on to the server all that comes.
void dialer::ask_for_tunnel(io::tcp_stream& over, const url& where, const proxy& by,
                            deadline limit) {
  stream_transport<io::tcp_stream> line(over, encryption::none);
  inbound in(line);
  std::string text;
  response_head answer;
  bool in_time = false;
  try {
    in_time = move_on_at(limit, [&] {
      answer = ask_for_head(line, in, tunnel_request(where, by, config_), config_, text);
    });
  } catch (dial_failure& found) {
    found.why = by.name + (found.why.empty() ? "" : ": " + found.why);
    found.phase = client_phase::proxy;
    throw;
  }
  if (!in_time) {
    throw dial_failure{client_phase::proxy, std::make_error_code(std::errc::timed_out), by.name};
  }
  if (answer.status / 100 != 2) {
    throw dial_failure{client_phase::proxy, http_errc::proxy_refused, refusal_of(by, answer)};
  }
  if (in.buffer().held().empty()) return;
  throw dial_failure{client_phase::proxy, http_errc::malformed_response,
                     by.name + " said something before the server could"};
}

std::unique_ptr<transport> dialer::dial(const url& where, const proxy* by, purpose wanted) {
  const deadline limit = deadline::after(config_.connect_timeout);
  io::tcp_stream plain = by == nullptr ? connect(where.host(), where.port()) : connect_to(*by);
  const bool through = where.is_encrypted() || wanted == purpose::tunnel;
  if (by != nullptr && through) ask_for_tunnel(plain, where, *by, limit);
  if (!where.is_encrypted()) {
    return std::make_unique<owned_transport<io::tcp_stream>>(std::move(plain));
  }
  return std::make_unique<owned_transport<tls::stream>>(
      encrypt(std::move(plain), where.host(), limit));
}

}  // namespace heddle::http::detail
