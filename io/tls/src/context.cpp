// SPDX-License-Identifier: MIT
// What client and server contexts have in common: versions, ciphers, certificates, keys.
#include "context.hpp"

#include "engine.hpp"

#include <heddle/io/file.hpp>
#include <heddle/tls/error.hpp>

#include <openssl/pem.h>

#include <new>
#include <stdexcept>
#include <utility>

namespace heddle::tls::detail {

namespace {

/// Forward secrecy and authenticated encryption only. TLS 1.3 has no others.
constexpr const char* ciphers_of_tls_1_2 = "ECDHE+AESGCM:ECDHE+CHACHA20";

[[noreturn]] void refuse(const std::string& name, const std::string& why) {
  throw tls_error(tls_errc::bad_credentials, "use", io::no_endpoint{name}, why);
}

owned<BIO> reader_of(const std::string& text) {
  ERR_clear_error();
  owned<BIO> made(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
  if (made == nullptr) throw std::bad_alloc();
  return made;
}

int number_of(version spoken) noexcept {
  return spoken == version::tls_1_3 ? TLS1_3_VERSION : TLS1_2_VERSION;
}

int no_password(char*, int, int, void*) { return -1; }

std::vector<owned<X509>> certificates_in(const pem_source& from) {
  const owned<BIO> reader = reader_of(from.text);
  std::vector<owned<X509>> found;
  while (owned<X509> one{PEM_read_bio_X509(reader.get(), nullptr, &no_password, nullptr)}) {
    found.push_back(std::move(one));
  }
  const unsigned long last = ERR_peek_last_error();
  if (ERR_GET_LIB(last) != ERR_LIB_PEM || ERR_GET_REASON(last) != PEM_R_NO_START_LINE) {
    refuse(from.name, "malformed certificate: " + said_by_openssl());
  }
  ERR_clear_error();
  if (found.empty()) refuse(from.name, "there is no certificate in it");
  return found;
}

owned<EVP_PKEY> key_in(const pem_source& from) {
  const owned<BIO> reader = reader_of(from.text);
  owned<EVP_PKEY> key(PEM_read_bio_PrivateKey(reader.get(), nullptr, &no_password, nullptr));
  if (key != nullptr) return key;
  if (from.text.find("ENCRYPTED") != std::string::npos) {
    refuse(from.name, "the key is encrypted; store it decrypted, readable by its user alone");
  }
  if (from.text.find("PRIVATE KEY") == std::string::npos) {
    refuse(from.name, "there is no private key in it");
  }
  refuse(from.name, "malformed key: " + said_by_openssl());
}

}  // namespace

pem_source load(const pem& from, std::string_view role) {
  if (from.is_file()) return {io::read_file(from.value(), pem_file_bytes), from.value()};
  return {from.value(), "the " + std::string(role) + " given as text"};
}

owned<SSL_CTX> make_context(const SSL_METHOD* method, version_range spoken) {
  if (spoken.lowest > spoken.highest) {
    throw std::invalid_argument("lowest, highest: no version of TLS lies between them");
  }
  ERR_clear_error();
  owned<SSL_CTX> made(SSL_CTX_new(method));
  if (made == nullptr) throw std::runtime_error("heddle: no SSL_CTX: " + said_by_openssl());
  SSL_CTX_set_min_proto_version(made.get(), number_of(spoken.lowest));
  SSL_CTX_set_max_proto_version(made.get(), number_of(spoken.highest));
  SSL_CTX_set_options(made.get(), SSL_OP_NO_COMPRESSION | SSL_OP_NO_RENEGOTIATION);
  SSL_CTX_clear_options(made.get(), SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_mode(made.get(), SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                   SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER | SSL_MODE_AUTO_RETRY);
  if (SSL_CTX_set_cipher_list(made.get(), ciphers_of_tls_1_2) != 1) {
    throw std::runtime_error("heddle: OpenSSL has no usable cipher: " + said_by_openssl());
  }
  return made;
}

void use_identity(SSL_CTX* into, const pem_source& certificate, const pem_source& key) {
  std::vector<owned<X509>> chain = certificates_in(certificate);
  const owned<EVP_PKEY> secret = key_in(key);
  ERR_clear_error();
  if (SSL_CTX_use_certificate(into, chain.front().get()) != 1) {
    refuse(certificate.name, said_by_openssl());
  }
  for (std::size_t at = 1; at < chain.size(); ++at) {
    if (SSL_CTX_add1_chain_cert(into, chain[at].get()) != 1) {
      refuse(certificate.name, said_by_openssl());
    }
  }
  if (SSL_CTX_use_PrivateKey(into, secret.get()) != 1 || SSL_CTX_check_private_key(into) != 1) {
    ERR_clear_error();
    refuse(key.name, "the key does not belong to the certificate in " + certificate.name);
  }
}

std::vector<owned<X509>> use_authorities(SSL_CTX* into, const pem_source& from) {
  std::vector<owned<X509>> all = certificates_in(from);
  for (const owned<X509>& each : all) {
    if (X509_STORE_add_cert(SSL_CTX_get_cert_store(into), each.get()) != 1) {
      refuse(from.name, said_by_openssl());
    }
  }
  return all;
}

std::vector<unsigned char> alpn_wire(const std::vector<std::string>& names) {
  std::vector<unsigned char> wire;
  for (const std::string& each : names) {
    if (each.empty() || each.size() > 255) {
      throw std::invalid_argument("alpn: a name has 1 to 255 bytes, but one has " +
                                  std::to_string(each.size()));
    }
    wire.push_back(static_cast<unsigned char>(each.size()));
    wire.insert(wire.end(), each.begin(), each.end());
  }
  return wire;
}

void check_range(std::chrono::nanoseconds value, std::string_view option,
                 std::chrono::nanoseconds least) {
  if (value >= least && value <= std::chrono::hours{1}) return;
  throw std::invalid_argument(std::string(option) + ": range " +
                              (least.count() == 0 ? "0" : "1 ms") + " to 1 h");
}

}  // namespace heddle::tls::detail
