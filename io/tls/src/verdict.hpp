// SPDX-License-Identifier: MIT
// Why a handshake or a connection failed: from OpenSSL's codes to ours and to words.
#pragma once

#include "owned.hpp"

#include <array>
#include <cstddef>
#include <string>
#include <system_error>

namespace heddle::tls::detail {

/// What is known of a connection when it fails.
struct evidence {
  /// The first certificate that was refused.
  int verify_code = X509_V_OK;
  int depth = 0;
  std::string subject = {};
  std::string names = {};  ///< of the host

  std::string host = {};  ///< that was asked for; a server's is empty
  /// The first bytes that came.
  std::array<unsigned char, 8> first = {};
  std::size_t first_count = 0;
  bool established = false;
};

struct verdict {
  std::error_code code = {};
  std::string reason = {};
};

/// Judges the first error in this thread's queue, and empties the queue.
verdict judge(const evidence& known);

/// Keeps what a verification callback is told of a refusal.
void remember_refusal(evidence& into, X509_STORE_CTX* asked);

}  // namespace heddle::tls::detail
