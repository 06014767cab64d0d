// SPDX-License-Identifier: MIT
// From the first error in OpenSSL's queue to a code and a sentence.
#include "verdict.hpp"

#include "certificate.hpp"

#include <heddle/tls/error.hpp>

#include <openssl/sslerr.h>
#include <openssl/x509v3.h>

#include <cctype>
#include <utility>

namespace heddle::tls::detail {

namespace {

constexpr unsigned char handshake_record = 22;
constexpr unsigned char alert_record = 21;

bool is_name_mismatch(int code) noexcept {
  return code == X509_V_ERR_HOSTNAME_MISMATCH || code == X509_V_ERR_IP_ADDRESS_MISMATCH;
}

std::string printable(const evidence& known) {
  std::string text;
  for (std::size_t at = 0; at < known.first_count; ++at) {
    const unsigned char one = known.first[at];
    text += std::isprint(one) != 0 ? static_cast<char>(one) : '.';
  }
  return text;
}

verdict of_refusal(const evidence& known) {
  if (is_name_mismatch(known.verify_code)) {
    std::string reason = "the certificate of '" + known.subject + "' is not for '" + known.host;
    reason += known.names.empty() ? "': it names no host (a common name does not count)"
                                  : "', but for " + known.names;
    return {tls_errc::host_mismatch, std::move(reason)};
  }
  return {tls_errc::verify_failed, std::string(X509_verify_cert_error_string(known.verify_code)) +
                                       ": '" + known.subject + "' at depth " +
                                       std::to_string(known.depth)};
}

bool is_not_tls(const evidence& known) noexcept {
  return !known.established && known.first_count > 0 && known.first[0] != handshake_record &&
         known.first[0] != alert_record;
}

}  // namespace

verdict judge(const evidence& known) {
  const unsigned long error = ERR_peek_error();
  const int reason = ERR_GET_REASON(error);
  std::string said = said_by_openssl();
  if (!known.established && known.verify_code != X509_V_OK) return of_refusal(known);
  if (ERR_GET_LIB(error) == ERR_LIB_SSL) {
    if (reason == SSL_R_UNEXPECTED_EOF_WHILE_READING) {
      return known.established ? verdict{tls_errc::truncated, {}}
                               : verdict{tls_errc::ended_in_handshake, {}};
    }
    if (reason == SSL_R_PEER_DID_NOT_RETURN_A_CERTIFICATE) return {tls_errc::no_certificate, {}};
  }
  if (is_not_tls(known)) return {tls_errc::not_tls, "it begins with '" + printable(known) + "'"};
  if (ERR_GET_LIB(error) == ERR_LIB_SSL && reason >= SSL_AD_REASON_OFFSET) {
    return {tls_errc::refused_by_peer, std::move(said)};
  }
  return {known.established ? tls_errc::protocol_error : tls_errc::handshake_failed,
          std::move(said)};
}

void remember_refusal(evidence& into, X509_STORE_CTX* asked) {
  if (into.verify_code != X509_V_OK) return;
  into.verify_code = X509_STORE_CTX_get_error(asked);
  into.depth = X509_STORE_CTX_get_error_depth(asked);
  X509* const refused = X509_STORE_CTX_get_current_cert(asked);
  if (refused == nullptr) return;
  into.subject = name_text(X509_get_subject_name(refused));
  for (const std::string& each : host_names_of(refused)) {
    into.names.append(into.names.empty() ? "" : ", ").append(each);
  }
}

}  // namespace heddle::tls::detail
