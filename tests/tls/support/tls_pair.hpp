// SPDX-License-Identifier: MIT
// What tests of tls share: configs with certificates of the test's own, connected pairs, and what
// both ends say of a handshake.
#pragma once

#include <heddle/runtime/gather.hpp>
#include <heddle/tls.hpp>

#include "io/net/sockets.hpp"
#include "tls/support/authority.hpp"

#include <string>
#include <system_error>
#include <utility>

namespace heddle::test {

inline tls::server_options server_options_of(const issued& who) {
  tls::server_options options;
  options.certificate = tls::pem::text(who.certificate);
  options.key = tls::pem::text(who.key);
  return options;
}
inline tls::server_options test_server_options() { return server_options_of(test_server()); }

inline tls::client_options test_client_options() {
  tls::client_options options;
  options.trusted = tls::trust::only_ca;
  options.ca = tls::pem::text(test_authority().certificate);
  return options;
}

struct tls_pair {
  tls::stream client;
  tls::stream server;
};

/// Two ends of a connection whose handshake is still to be done.
inline tls_pair new_pair(const tls::client_config& client, const tls::server_config& server,
                         std::string_view host = "localhost") {
  stream_pair raw = connected_pair();
  return {tls::stream::client(std::move(raw.near), host, client),
          tls::stream::server(std::move(raw.far), server)};
}

struct shaken {
  std::error_code client;
  std::error_code server;
};

/// Has both ends shake hands; each closes if it fails.
inline shaken shake(tls_pair& both) {
  shaken errors;
  const auto one = [](tls::stream& end, std::error_code& error) {
    end.handshake(error);
    if (error) end.close();
  };
  gather([&] { one(both.client, errors.client); }, [&] { one(both.server, errors.server); });
  return errors;
}

inline tls_pair shaken_pair(const tls::client_config& client = test_client_options(),
                            const tls::server_config& server = test_server_options(),
                            std::string_view host = "localhost") {
  tls_pair both = new_pair(client, server, host);
  gather([&] { both.client.handshake(); }, [&] { both.server.handshake(); });
  return both;
}

/// Reads until the end, or an error.
inline std::string read_up_to_end(tls::stream& from, std::error_code& error) {
  std::string all;
  std::string piece(16384, '\0');
  while (const std::size_t count = from.read_some(room_in(piece), error)) {
    all.append(piece, 0, count);
  }
  return all;
}

inline std::string read_exactly(tls::stream& from, std::size_t size) {
  std::string text(size, '\0');
  from.read_exactly(room_in(text));
  return text;
}

}  // namespace heddle::test
