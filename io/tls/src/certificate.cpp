// SPDX-License-Identifier: MIT
// Names, addresses and digests of certificates, from OpenSSL's structures to text.
#include "certificate.hpp"

#include <heddle/io/endpoint.hpp>

#include <openssl/x509v3.h>

#include <array>
#include <cstddef>
#include <span>

#include <arpa/inet.h>

namespace heddle::tls::detail {

namespace {

std::string address_text(const ASN1_OCTET_STRING* address) {
  const int family = ASN1_STRING_length(address) == 4 ? AF_INET : AF_INET6;
  std::array<char, INET6_ADDRSTRLEN> text{};
  ::inet_ntop(family, ASN1_STRING_get0_data(address), text.data(), text.size());
  return text.data();
}

std::string host_name(const GENERAL_NAME* name) {
  int type = 0;
  const void* const value = GENERAL_NAME_get0_value(name, &type);
  if (type == GEN_IPADD) {
    return "IP:" + address_text(static_cast<const ASN1_OCTET_STRING*>(value));
  }
  if (type != GEN_DNS) return {};
  const auto* const text = static_cast<const ASN1_STRING*>(value);
  return "DNS:" + std::string(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                              static_cast<std::size_t>(ASN1_STRING_length(text)));
}

std::string hexadecimal(std::span<const unsigned char> bytes) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (const unsigned char each : bytes) {
    text += digits[each >> 4];
    text += digits[each & 15];
  }
  return text;
}

}  // namespace

std::string name_text(const X509_NAME* name) {
  const owned<BIO> out(BIO_new(BIO_s_mem()));
  X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_ONELINE & ~ASN1_STRFLGS_ESC_MSB & ~XN_FLAG_SPC_EQ);
  char* text = nullptr;
  const long length = BIO_get_mem_data(out.get(), &text);
  return {text, static_cast<std::size_t>(length)};
}

std::vector<std::string> host_names_of(const X509* certificate) {
  std::vector<std::string> found;
  const owned<GENERAL_NAMES> names(static_cast<GENERAL_NAMES*>(
      X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr)));
  for (int at = 0; names != nullptr && at < sk_GENERAL_NAME_num(names.get()); ++at) {
    if (std::string one = host_name(sk_GENERAL_NAME_value(names.get(), at)); !one.empty()) {
      found.push_back(std::move(one));
    }
  }
  return found;
}

peer_certificate describe(const X509* certificate) {
  std::array<unsigned char, EVP_MAX_MD_SIZE> digest{};
  unsigned length = 0;
  X509_digest(certificate, EVP_sha256(), digest.data(), &length);
  return {.subject = name_text(X509_get_subject_name(certificate)),
          .issuer = name_text(X509_get_issuer_name(certificate)),
          .names = host_names_of(certificate),
          .sha256 = hexadecimal(std::span(digest).first(length))};
}

}  // namespace heddle::tls::detail
