// SPDX-License-Identifier: MIT
// Makes keys and certificates with OpenSSL's own functions: no program, no files.
#include "tls/support/authority.hpp"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <cstdint>
#include <stdexcept>

namespace heddle::test {

namespace {

struct freed {
  void operator()(BIO* one) const { BIO_free(one); }
  void operator()(EVP_PKEY* one) const { EVP_PKEY_free(one); }
  void operator()(X509* one) const { X509_free(one); }
  void operator()(X509_EXTENSION* one) const { X509_EXTENSION_free(one); }
};
template <class T>
using held = std::unique_ptr<T, freed>;

template <class Write>
std::string as_pem(Write write) {
  const held<BIO> out(BIO_new(BIO_s_mem()));
  write(out.get());
  char* text = nullptr;
  const long size = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(size)};
}

held<BIO> reader(const std::string& text) {
  return held<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

void extend(X509* certificate, X509* issuer, int what, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx_nodb(&context);
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  const held<X509_EXTENSION> one(X509V3_EXT_conf_nid(nullptr, &context, what, value.c_str()));
  if (one == nullptr) throw std::runtime_error("no extension " + value);
  X509_add_ext(certificate, one.get(), -1);
}

void fill(X509* made, const certificate_wish& wish, EVP_PKEY* key) {
  std::uint64_t number = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&number), sizeof number);
  X509_set_version(made, X509_VERSION_3);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(made), number >> 1);
  X509_time_adj_ex(X509_getm_notBefore(made), static_cast<int>(wish.from_days), 0, nullptr);
  X509_time_adj_ex(X509_getm_notAfter(made), static_cast<int>(wish.to_days), 0, nullptr);
  X509_NAME_add_entry_by_txt(X509_get_subject_name(made), "CN", MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(wish.common_name.c_str()), -1,
                             -1, 0);
  X509_set_pubkey(made, key);
}

issued make(const issued* by, const certificate_wish& wish) {
  const held<EVP_PKEY> key(wish.rsa ? EVP_RSA_gen(2048) : EVP_EC_gen("P-256"));
  const held<X509> made(X509_new());
  fill(made.get(), wish, key.get());
  held<X509> parent;
  held<EVP_PKEY> signer;
  if (by != nullptr) {
    parent.reset(PEM_read_bio_X509(reader(by->certificate).get(), nullptr, nullptr, nullptr));
    signer.reset(PEM_read_bio_PrivateKey(reader(by->key).get(), nullptr, nullptr, nullptr));
  }
  X509* const issuer = parent ? parent.get() : made.get();
  X509_set_issuer_name(made.get(), X509_get_subject_name(issuer));
  extend(made.get(), issuer, NID_basic_constraints,
         wish.authority ? "critical,CA:TRUE" : "CA:FALSE");
  extend(made.get(), issuer, NID_subject_key_identifier, "hash");
  if (!wish.names.empty()) extend(made.get(), issuer, NID_subject_alt_name, wish.names);
  if (!wish.usage.empty()) extend(made.get(), issuer, NID_ext_key_usage, wish.usage);
  X509_sign(made.get(), signer ? signer.get() : key.get(), EVP_sha256());
  return {as_pem([&](BIO* out) { PEM_write_bio_X509(out, made.get()); }), as_pem([&](BIO* out) {
            PEM_write_bio_PrivateKey(out, key.get(), nullptr, nullptr, 0, nullptr, nullptr);
          })};
}

}  // namespace

issued make_self_signed(const certificate_wish& wish) { return make(nullptr, wish); }
issued make_signed(const issued& by, const certificate_wish& wish) { return make(&by, wish); }

const issued& test_authority() {
  static const issued one = make_authority("heddle test authority");
  return one;
}

const issued& test_server() {
  static const issued one = make_signed(test_authority(), {});
  return one;
}

}  // namespace heddle::test
