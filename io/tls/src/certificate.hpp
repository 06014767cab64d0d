// SPDX-License-Identifier: MIT
// What certificates say, as text.
#pragma once

#include "owned.hpp"

#include <heddle/tls/stream.hpp>

#include <string>
#include <vector>

namespace heddle::tls::detail {

/// "CN=a.example, O=..."
std::string name_text(const X509_NAME* name);

/// "DNS:a.example", "IP:127.0.0.1"
std::vector<std::string> host_names_of(const X509* certificate);

peer_certificate describe(const X509* certificate);

}  // namespace heddle::tls::detail
