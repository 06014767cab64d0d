// SPDX-License-Identifier: MIT
// Raw servers over TLS that say what they like, and a client config that trusts them.
#pragma once

#include <heddle/http/client_config.hpp>
#include <heddle/tls/listener.hpp>

#include "http/support/answering.hpp"
#include "tls/support/tls_pair.hpp"

#include <string>
#include <utility>

namespace heddle::test {

/// A client that trusts the test's authority and nobody else.
inline http::client_config trusting(http::client_config config = {}) {
  config.tls = test_client_options();
  return config;
}

/// As while_answering(), over TLS: calls `serve(stream)` with streams whose handshake is done,
/// while `talk("https://127.0.0.1:port")` runs.
template <class Serve, class Talk>
void while_answering_tls(const tls::server_config& config, Serve serve, Talk talk) {
  heddle::run(with_loops(2), [&] {
    tls::listener listener(io::tcp_listener::bind("127.0.0.1:0"), config);
    const std::string at = "https://" + listener.local_endpoint().to_string();
    task<void> serving = spawn([&] {
      tls::serve(listener, [&](tls::stream& client) { serve(client); },
                 {.drain = std::chrono::nanoseconds::zero()});
    });
    talk(at);
    serving.cancel();
    EXPECT_THROW(serving.join(), task_cancelled);
  });
}

}  // namespace heddle::test
