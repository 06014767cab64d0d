// SPDX-License-Identifier: MIT
// A stream of bytes over TLS: io's stream calls, and what was negotiated. Every call works in a
// fiber, which parks, and on a plain thread, which blocks.
// Invariants: (1) no byte of the application is sent before the handshake is done, and a client has
// verified its server; (2) one fiber may read while another writes and a third closes, on different
// threads; (3) an end without close_notify is an error; (4) a call that is cancelled, or that
// reports an error, has transferred nothing. How this is kept: io/tls/README.md.
#pragma once

#include <heddle/io/endpoint.hpp>
#include <heddle/io/stream.hpp>
#include <heddle/io/tcp.hpp>
#include <heddle/tls/config.hpp>
#include <heddle/tls/error.hpp>

#include <concepts>
#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace heddle::tls {

namespace detail {
class session;
}

/// What a handshake has settled.
struct negotiated {
  version spoken = version::tls_1_3;
  std::string cipher;       ///< as OpenSSL calls it
  std::string alpn;         ///< empty: none
  std::string server_name;  ///< that the client asked for; empty: none
  bool resumed = false;     ///< from an earlier session
};

/// Whom the peer says, and the authorities confirm, it is.
struct peer_certificate {
  std::string subject;             ///< "CN=a.example, O=..."
  std::string issuer;              ///< the same
  std::vector<std::string> names;  ///< of the host: "DNS:a.example", "IP:127.0.0.1"
  std::string sha256;              ///< of the whole certificate, in hexadecimal digits
};

/// A connected stream. Move-only. Default-constructed or moved from, it is closed. Destroying it
/// closes it. Reading, writing and waiting begin with the handshake, if that has not been done, and
/// fail as it did.
class stream : public io::detail::source_calls<stream>, public io::detail::sink_calls<stream> {
 public:
  stream() noexcept;
  stream(stream&&) noexcept;
  stream& operator=(stream&&) noexcept;
  ~stream();

  /// Makes `over`, which is connected, the client's end. `host` is asked for (SNI) and verified:
  /// a name or an address. Suspends: no.
  static stream client(io::tcp_stream over, std::string_view host, const client_config& config);
  /// Makes `over` the server's end. Suspends: no.
  static stream server(io::tcp_stream over, const server_config& config);

  /// Completes the handshake; done already: nothing. Errors: tls_error; the connection is then
  /// useless. Suspends: yes, cancel-safe: a later call goes on with it, in the same time-out.
  void handshake();
  void handshake(std::error_code& error);

  /// Reads what there is, at least one byte. Returns: how many; 0: the peer has said that it is
  /// done, or `into` is empty. Errors: tls_error (truncated, ...). Suspends: while nothing has
  /// arrived, cancel-safe. Cost: two recv, and to decrypt.
  std::size_t read_some(std::span<std::byte> into, std::error_code& error);
  using source_calls::read_some;

  /// Waits until a read need not wait, as io::stream_socket's, without a buffer.
  void wait_readable();
  void wait_readable(std::error_code& error);

  /// Returns whether a read has something to tell: bytes of the peer's application, the end, or an
  /// error; what else has come (tickets, new keys) is taken in. For pools, which must not hand out
  /// what the peer has ended. Before the handshake is done: whether anything has come. Suspends:
  /// no. Cost: a recv that finds nothing.
  bool is_readable() const noexcept;

  /// Writes at most 64 KiB, at least one byte unless `from` is empty. Returns: how many. Errors:
  /// tls_error. Suspends: until the kernel has taken them; cancel-safe: a call that throws
  /// `cancelled` has written nothing; one that is cancelled while its bytes are on their way
  /// returns their number, and the next suspension point throws.
  std::size_t write_some(std::span<const std::byte> from, std::error_code& error);
  using sink_calls::write_some;

  /// As write_some, but does not wait: what would have to sets `error` to operation_would_block,
  /// also before the handshake.
  std::size_t try_write_some(std::span<const std::byte> from, std::error_code& error);

  /// Ends this side: the peer reads what was written, then the end; reading goes on. Errors:
  /// tls_error. Suspends: until the kernel has taken it; a cancelled call may be repeated.
  void shutdown_write();
  void shutdown_write(std::error_code& error);

  /// Has the next write begin with new keys, and the peer make new ones too; again before that
  /// write changes nothing. Errors: tls_error; broken_pipe after shutdown_write();
  /// operation_not_supported below TLS 1.3. Suspends: only for the handshake.
  void renew_keys();

  /// Closes, with close_notify if it can be sent without waiting. Calls under way in other fibers
  /// end with operation_canceled. From any fiber or thread; a second call does nothing. Suspends:
  /// no.
  void close() noexcept;

  /// Closes and drops what is not yet delivered; the peer sees connection_reset.
  void abort() noexcept;

  bool is_open() const noexcept;
  io::endpoint peer_endpoint() const;
  /// Errors: io_error.
  io::endpoint local_endpoint() const;

  /// Returns what was settled. Errors: std::logic_error before the handshake is done.
  negotiated agreed() const;
  /// Returns nothing before the handshake is done, and if the peer has presented none.
  std::optional<peer_certificate> peer() const;

  /// Returns in words what went wrong last; empty: nothing. Suspends: no.
  std::string failure() const;

  /// Throws what `error` is, with the words for it, as tls_error.
  [[noreturn]] void raise(const std::error_code& error, std::string_view operation) const;

 private:
  friend class listener;
  explicit stream(std::shared_ptr<detail::session> session) noexcept;

  std::shared_ptr<detail::session> session_;
};

namespace detail {
stream connect(std::string_view host, int port, const client_config& config,
               const io::connect_options& options);
stream connect(std::string_view host, int port, const client_config& config,
               const io::connect_options& options, std::error_code& error);
}  // namespace detail

/// Connects to `host`, a name or an address, and completes the handshake. Errors: io_error of
/// io::tcp_stream::connect(); tls_error that says why the server was refused. Suspends: yes,
/// cancel-safe: no descriptor is left behind.
template <std::integral Port>
stream connect(std::string_view host, Port port, const client_config& config = {},
               const io::connect_options& options = {}) {
  return detail::connect(host, static_cast<int>(port), config, options);
}
template <std::integral Port>
stream connect(std::string_view host, Port port, const client_config& config,
               const io::connect_options& options, std::error_code& error) {
  return detail::connect(host, static_cast<int>(port), config, options, error);
}

}  // namespace heddle::tls
