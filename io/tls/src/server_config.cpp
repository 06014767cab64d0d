// SPDX-License-Identifier: MIT
// A server's context: its certificates by name, its protocols, whose clients it trusts.
#include "context.hpp"
#include "engine.hpp"

#include <heddle/tls/error.hpp>

#include <openssl/x509v3.h>

#include <chrono>
#include <new>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace heddle::tls {

namespace detail {

namespace {

owned<SSL_CTX> context_for(const identity& who, version_range spoken) {
  if (who.certificate.empty()) throw std::invalid_argument("tls::server_config: no certificate");
  if (who.key.empty()) throw std::invalid_argument("tls::server_config: no key");
  owned<SSL_CTX> made = make_context(TLS_server_method(), spoken);
  use_identity(made.get(), load(who.certificate, "server's certificate"),
               load(who.key, "server's key"));
  return made;
}

bool is_for(SSL_CTX* context, std::string_view name) {
  return X509_check_host(SSL_CTX_get0_certificate(context), name.data(), name.size(),
                         X509_CHECK_FLAG_NEVER_CHECK_SUBJECT, nullptr) == 1;
}

}  // namespace

server_context::server_context(server_options options)
    : options_(std::move(options)),
      context_(
          context_for({options_.certificate, options_.key}, {options_.lowest, options_.highest})),
      alpn_(alpn_wire(options_.alpn)) {
  check_range(options_.handshake_timeout, "handshake_timeout", std::chrono::milliseconds{1});
  check_range(options_.goodbye_timeout, "goodbye_timeout", std::chrono::nanoseconds{0});
  for (const identity& each : options_.more) {
    more_.push_back(context_for(each, {options_.lowest, options_.highest}));
  }
  set_up(context_.get());
  for (const owned<SSL_CTX>& each : more_) set_up(each.get());
  if (!more_.empty()) {
    SSL_CTX_set_tlsext_servername_callback(context_.get(), &choose_identity);
    SSL_CTX_set_tlsext_servername_arg(context_.get(), this);
  }
  if (options_.clients != client_certificates::ignored) ask_for_certificates();
}

/// Sets what is the same for all names: from the moment that a name is chosen OpenSSL asks its
/// context alone, and no longer the one that the connection began with.
void server_context::set_up(SSL_CTX* context) {
  SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // tickets: no state here
  constexpr std::string_view scope = "heddle::tls";
  SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>(scope.data()),
                                 scope.size());
  if (!alpn_.empty()) SSL_CTX_set_alpn_select_cb(context, &choose_protocol, this);
}

void server_context::ask_for_certificates() {
  if (options_.client_ca.empty()) {
    throw std::invalid_argument("tls::server_config: client certificates need a client_ca");
  }
  const pem_source authorities = load(options_.client_ca, "clients' authorities");
  ask_for_certificates(context_.get(), authorities);
  for (const owned<SSL_CTX>& each : more_) ask_for_certificates(each.get(), authorities);
}

void server_context::ask_for_certificates(SSL_CTX* context, const pem_source& authorities) const {
  const auto trusted = use_authorities(context, authorities);
  for (const owned<X509>& each : trusted) {
    if (SSL_CTX_add_client_CA(context, each.get()) != 1) throw std::bad_alloc();
  }
  const bool must = options_.clients == client_certificates::required;
  SSL_CTX_set_verify(context, SSL_VERIFY_PEER | (must ? SSL_VERIFY_FAIL_IF_NO_PEER_CERT : 0),
                     &engine_callbacks::verify);
}

int server_context::choose_protocol(SSL*, const unsigned char** chosen, unsigned char* length,
                                    const unsigned char* offered, unsigned offered_length,
                                    void* self) {
  const auto& ours = static_cast<const server_context*>(self)->alpn_;
  unsigned char* found = nullptr;
  const int result = SSL_select_next_proto(
      &found, length, ours.data(), static_cast<unsigned>(ours.size()), offered, offered_length);
  if (result != OPENSSL_NPN_NEGOTIATED) return SSL_TLSEXT_ERR_ALERT_FATAL;
  *chosen = found;
  return SSL_TLSEXT_ERR_OK;
}

int server_context::choose_identity(SSL* ssl, int*, void* self) {
  const char* const name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  const auto& known = *static_cast<const server_context*>(self);
  if (name == nullptr || is_for(known.context_.get(), name)) return SSL_TLSEXT_ERR_OK;
  for (const owned<SSL_CTX>& each : known.more_) {
    if (!is_for(each.get(), name)) continue;
    SSL_set_SSL_CTX(ssl, each.get());
    break;
  }
  return SSL_TLSEXT_ERR_OK;
}

owned<SSL> server_context::make() const {
  ERR_clear_error();
  owned<SSL> made(SSL_new(context_.get()));
  if (made == nullptr) throw std::bad_alloc();
  SSL_set_accept_state(made.get());
  return made;
}

}  // namespace detail

server_config::server_config(server_options options)
    : cell_(std::make_shared<detail::server_cell>(
          std::make_shared<const detail::server_context>(std::move(options)))) {}

void server_config::reload() { reload(cell_->now()->options()); }

void server_config::reload(server_options options) {
  cell_->set(std::make_shared<const detail::server_context>(std::move(options)));
}

std::uint64_t server_config::failed_handshakes() const noexcept { return cell_->failures(); }

}  // namespace heddle::tls
