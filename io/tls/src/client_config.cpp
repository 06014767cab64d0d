// SPDX-License-Identifier: MIT
// A client's context: whom it trusts, and whom it asks for.
#include "context.hpp"
#include "engine.hpp"
#include "system_trust.hpp"

#include <openssl/x509v3.h>

#include <chrono>
#include <new>
#include <stdexcept>

namespace heddle::tls {

namespace detail {

client_context::client_context(const client_options& options)
    : context_(make_context(TLS_client_method(), {options.lowest, options.highest})),
      verify_(options.verify),
      timeout_(options.handshake_timeout),
      cache_(std::make_shared<session_cache>(options.session_cache_size)) {
  check_range(timeout_, "handshake_timeout", std::chrono::milliseconds{1});
  SSL_CTX* const context = context_.get();
  if (options.trusted == trust::system_and_ca) trust_system(context);
  ERR_clear_error();
  if (!options.ca.empty()) use_authorities(context, load(options.ca, "list of authorities"));
  if (verify_ != verification::insecure_trust_anybody) {
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER, &engine_callbacks::verify);
  }
  const identity& own = options.client_identity;
  if (!own.certificate.empty() || !own.key.empty()) {
    use_identity(context, load(own.certificate, "client's certificate"),
                 load(own.key, "client's key"));
  }
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, &engine_callbacks::new_session);
}

owned<SSL> client_context::make(const std::string& host,
                                const std::vector<unsigned char>& alpn) const {
  ERR_clear_error();
  owned<SSL> made(SSL_new(context_.get()));
  if (made == nullptr) throw std::bad_alloc();
  if (!alpn.empty() &&
      SSL_set_alpn_protos(made.get(), alpn.data(), static_cast<unsigned>(alpn.size())) != 0) {
    throw std::bad_alloc();
  }
  SSL_set_connect_state(made.get());
  X509_VERIFY_PARAM* const wanted = SSL_get0_param(made.get());
  const bool named = verify_ == verification::full;
  if (host.empty() && named) throw std::invalid_argument("tls: no host to verify");
  // Takes what is an address, and nothing else.
  const owned<ASN1_OCTET_STRING> address(a2i_IPADDRESS(host.c_str()));
  ERR_clear_error();
  if (address != nullptr) {
    if (named && X509_VERIFY_PARAM_set1_ip_asc(wanted, host.c_str()) != 1) throw std::bad_alloc();
    return made;
  }
  if (!host.empty() && SSL_set_tlsext_host_name(made.get(), host.c_str()) != 1) {
    throw std::invalid_argument("tls: '" + host + "' is too long for a host");
  }
  if (named) {
    X509_VERIFY_PARAM_set_hostflags(
        wanted, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT | X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    if (X509_VERIFY_PARAM_set1_host(wanted, host.c_str(), host.size()) != 1) throw std::bad_alloc();
  }
  return made;
}

}  // namespace detail

client_config::client_config(const client_options& options)
    : context_(std::make_shared<const detail::client_context>(options)),
      alpn_(detail::alpn_wire(options.alpn)) {}

client_config client_config::with_alpn(const std::vector<std::string>& names) const {
  client_config made = *this;
  made.alpn_ = detail::alpn_wire(names);
  return made;
}

}  // namespace heddle::tls
