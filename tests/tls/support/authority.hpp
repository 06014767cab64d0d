// SPDX-License-Identifier: MIT
// Certificates made at run time: authorities, and what they have signed. EC keys, for they are
// quick.
#pragma once

#include <heddle/tls/config.hpp>

#include <memory>
#include <string>
#include <vector>

namespace heddle::test {

struct certificate_wish {
  std::string common_name = "test";
  /// "DNS:localhost,IP:127.0.0.1" and so on; empty: none.
  std::string names = "DNS:localhost,IP:127.0.0.1";
  long from_days = -1;  ///< valid from, counted from now
  long to_days = 30;
  bool authority = false;
  bool rsa = false;        ///< signatures of one length
  std::string usage = {};  ///< extended key usage: "clientAuth"; empty: any
};

/// A certificate and its key, as PEM.
struct issued {
  std::string certificate;
  std::string key;
  tls::identity identity() const { return {tls::pem::text(certificate), tls::pem::text(key)}; }
};

/// Signed by itself.
issued make_self_signed(const certificate_wish& wish);
/// Signed by `by`.
issued make_signed(const issued& by, const certificate_wish& wish);

/// What most cases need, made once a process: an authority, and a server's identity of its own.
const issued& test_authority();
const issued& test_server();

inline issued make_authority(const std::string& name) {
  return make_self_signed({.common_name = name, .names = "", .authority = true});
}

}  // namespace heddle::test
