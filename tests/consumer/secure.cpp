// SPDX-License-Identifier: MIT
// Links heddle::tls alone, and through it OpenSSL: a certificate that is none is refused in words.
#include <heddle/tls.hpp>

#include <iostream>

int main() {
  heddle::tls::client_options options;
  options.trusted = heddle::tls::trust::only_ca;
  const heddle::tls::client_config usable(options);
  options.ca = heddle::tls::pem::text("no certificate");
  try {
    const heddle::tls::client_config refused(options);
  } catch (const heddle::tls::tls_error& error) {
    if (error.code() == heddle::tls::tls_errc::bad_credentials) {
      std::cout << "hello from a fiber: 42\n";
    }
  }
}
