// SPDX-License-Identifier: MIT
// Every limit of an HTTP client. What passes one is an http_error that says which phase it was in.
#pragma once

#include <heddle/http/proxy.hpp>
#include <heddle/io/toggle.hpp>
#include <heddle/tls/config.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>

namespace heddle::io {
class resolver;
}

namespace heddle::http {

struct client_config {
  /// How long the lookup of a name, the connecting to its addresses and the handshake of TLS may
  /// take, together.
  std::chrono::nanoseconds connect_timeout = std::chrono::seconds{5};
  /// How long a request may wait for a connection that others use.
  std::chrono::nanoseconds pool_wait = std::chrono::seconds{1};
  /// How long a server may take from the end of the request to the end of its response's header.
  std::chrono::nanoseconds header_timeout = std::chrono::seconds{10};
  /// How long a server may take nothing of what is sent.
  std::chrono::nanoseconds write_timeout = std::chrono::seconds{30};
  /// The body of a response must come at this speed on average once `body_grace` is over.
  std::chrono::nanoseconds body_grace = std::chrono::seconds{10};
  std::uint64_t body_bytes_per_second = 240;
  /// How long all of a request may take, redirects and body included; requests may have their own.
  std::chrono::nanoseconds request_timeout = std::chrono::minutes{5};

  /// Bytes: the status line; all header lines; their number.
  std::size_t status_line_bytes = 8 * 1024;
  std::size_t header_bytes = 64 * 1024;
  std::size_t header_fields = 100;
  /// Most responses 1xx before the one that counts.
  std::size_t interim_responses = 10;
  /// Bytes of a body that is read whole, inflated. Bodies that are streamed have no limit but their
  /// reader's.
  std::size_t body_bytes = 16 * 1024 * 1024;

  /// Bytes of a chunked body: one size line; all extensions; the trailer.
  std::size_t chunk_line_bytes = 256;
  std::size_t chunk_extension_bytes = 16 * 1024;
  std::size_t trailer_bytes = 16 * 1024;

  /// Connections, idle ones included, to one origin, and to all.
  std::size_t connections_per_host = 16;
  std::size_t connections = 256;
  /// Connections that are kept for later requests, and for how long.
  std::size_t idle_connections = 64;
  std::chrono::nanoseconds idle_timeout = std::chrono::seconds{30};

  /// Most redirects that are followed; 0: the first is the response.
  std::size_t redirects = 10;
  /// Whether a redirect may lead from https to http.
  io::toggle downgrades = io::toggle::off;

  /// Whether bodies are asked for in gzip's encoding, and inflated. Not for requests with an
  /// Accept-Encoding or a Range of their own.
  io::toggle decompress = io::toggle::on;

  /// Whether bodies of at least so many bytes, and those whose length is not known, wait until the
  /// server says that it wants them (Expect: 100-continue), or answers; not for longer than that. A
  /// server that refuses is spared the body. A 417 has the request made again without.
  io::toggle expect_continue = io::toggle::on;
  std::uint64_t expect_continue_bytes = 1024 * 1024;
  std::chrono::nanoseconds expect_continue_wait = std::chrono::seconds{1};

  /// The value of User-Agent; empty: none is sent.
  std::string user_agent = "heddle";

  /// Who knows names. Null: each connect asks for itself. Must outlive the client.
  io::resolver* names = nullptr;

  /// Whom https trusts, and how. None: what tls::client_options has by default, the system's
  /// authorities, which are read when they are first needed. The only protocol that is offered by
  /// ALPN is "http/1.1", whatever stands here.
  std::optional<tls::client_config> tls = {};

  /// By which proxies requests go. None: by those that the environment names when the client is
  /// made; proxy_config{} is none at all.
  std::optional<proxy_config> proxy = {};
};

}  // namespace heddle::http
