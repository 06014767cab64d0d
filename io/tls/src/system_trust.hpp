// SPDX-License-Identifier: MIT
// The authorities that the system trusts, read as a whole. OpenSSL by itself would look into their
// folder during a handshake, on the loop, each time it meets an issuer that it has not read yet.
#pragma once

#include <openssl/ssl.h>

namespace heddle::tls::detail {

/// Trusts the authorities where OpenSSL looks for them: in the file and the folders that it was
/// built with, or that SSL_CERT_FILE and SSL_CERT_DIR name. What cannot be read is left out, as
/// OpenSSL does: whoever has signed a peer's certificate is then unknown. Errors: io_error that
/// names the path, for want of descriptors or memory; `cancelled`; std::bad_alloc. Suspends: yes
/// (blocking pool), cancel-safe.
void trust_system(SSL_CTX* into);

}  // namespace heddle::tls::detail
