// SPDX-License-Identifier: MIT
// OpenSSL's objects, owned, and what its error queue says. Not here: anything that suspends.
#pragma once

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>
#include <openssl/x509v3.h>

#include <memory>
#include <string>

namespace heddle::tls::detail {

struct deleter {
  void operator()(BIO* one) const noexcept { BIO_free(one); }
  void operator()(BIO_METHOD* one) const noexcept { BIO_meth_free(one); }
  void operator()(EVP_PKEY* one) const noexcept { EVP_PKEY_free(one); }
  void operator()(SSL* one) const noexcept { SSL_free(one); }
  void operator()(SSL_CTX* one) const noexcept { SSL_CTX_free(one); }
  void operator()(SSL_SESSION* one) const noexcept { SSL_SESSION_free(one); }
  void operator()(X509* one) const noexcept { X509_free(one); }
  void operator()(ASN1_OCTET_STRING* one) const noexcept { ASN1_OCTET_STRING_free(one); }
  void operator()(GENERAL_NAMES* one) const noexcept { GENERAL_NAMES_free(one); }
};

template <class T>
using owned = std::unique_ptr<T, deleter>;

/// Returns the first error of this thread's queue in words, and empties the queue.
inline std::string said_by_openssl() {
  const unsigned long first = ERR_peek_error();
  const char* const text = ERR_reason_error_string(first);
  ERR_clear_error();
  return text != nullptr ? text : "OpenSSL error " + std::to_string(first);
}

}  // namespace heddle::tls::detail
