// SPDX-License-Identifier: MIT
// Byte streams: over TCP, and over UNIX stream sockets, which the same classes serve when the
// endpoint is a unix: one.
//
// Every call works in a fiber, which parks, and on a plain thread, which blocks. A call with a
// trailing std::error_code& reports there what its twin throws as io_error; both throw `cancelled`.
//
// Invariants: (1) one fiber may read while another writes and a third closes; two readers, or two
// writers, are safe too, but get the bytes in no known order; (2) close() ends the calls under way
// with std::errc::operation_canceled and later ones with std::errc::bad_file_descriptor, and no
// call ever touches a descriptor that was given to somebody else meanwhile; (3) descriptors are
// close-on-exec, and writing to a closed peer is an error, never SIGPIPE; (4) all sizes are bytes.
// Not here: buffers. The protocol that keeps (2): src/net/README.md.
#pragma once

#include <heddle/io/detail/socket_handle.hpp>
#include <heddle/io/endpoint.hpp>
#include <heddle/io/error.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <string_view>
#include <system_error>

namespace heddle::io {

namespace detail {
struct listener_access;
}

enum class toggle : bool { off, on };

/// How a stream behaves. TCP only: UNIX sockets ignore it.
struct stream_options {
  /// Sends small writes at once instead of waiting to join them (TCP_NODELAY).
  toggle no_delay = toggle::on;

  /// How long a peer may be silent before the connection is given up with std::errc::timed_out: it
  /// acknowledges nothing, answers no keep-alive probe, or keeps its receive window shut. Probes
  /// begin after half of it. Whole seconds, range 2 s..9 h; 0: for ever.
  std::chrono::seconds give_up_after{120};
};

struct connect_options {
  /// How long the peer has to answer; then std::errc::timed_out.
  std::chrono::nanoseconds timeout = std::chrono::seconds{5};
  stream_options stream = {};
};

/// Says that a listener had to turn newcomers away. Handed to listen_options::on_shortage.
struct shortage_report {
  endpoint listener = {};
  std::error_code error = {};  ///< EMFILE, ENFILE, ENOBUFS or ENOMEM
  std::uint64_t refused = 0;   ///< newcomers closed at once since the last report
};

struct listen_options {
  /// Most connections the kernel completes ahead of accept(); the kernel caps it (somaxconn).
  int backlog = 4096;
  /// Lets several listeners share the port; the kernel spreads the newcomers (SO_REUSEPORT).
  toggle reuse_port = toggle::off;
  /// Of the streams accepted.
  stream_options stream = {};
  /// Called at most once a second while newcomers are turned away. Must not throw or suspend.
  /// Default: one line on stderr.
  std::function<void(const shortage_report&)> on_shortage = {};
};

/// A connected stream. Move-only. Default-constructed or moved from, it is closed. Destroying it
/// closes it; calls under way in other fibers then end as by close().
class tcp_stream {
 public:
  tcp_stream() noexcept = default;

  /// Connects to `peer`. Errors: io_error (connection_refused, timed_out, ...); a malformed
  /// endpoint throws std::invalid_argument from its constructor, in every form. Suspends: yes,
  /// cancel-safe: no descriptor is left behind. Cost: a dozen system calls.
  static tcp_stream connect(const endpoint& peer, const connect_options& options = {});
  static tcp_stream connect(const endpoint& peer, const connect_options& options,
                            std::error_code& error);
  static tcp_stream connect(const endpoint& peer, std::error_code& error);
  template <std::integral Port>
  static tcp_stream connect(std::string_view host, Port port, const connect_options& options = {}) {
    return connect(endpoint(host, static_cast<int>(port)), options);
  }
  template <std::integral Port>
  static tcp_stream connect(std::string_view host, Port port, const connect_options& options,
                            std::error_code& error) {
    return connect(endpoint(host, static_cast<int>(port)), options, error);
  }
  template <std::integral Port>
  static tcp_stream connect(std::string_view host, Port port, std::error_code& error) {
    return connect(endpoint(host, static_cast<int>(port)), error);
  }

  /// Reads what there is, at least one byte. Returns: how many; 0: the peer has ended its side, or
  /// `into` is empty. Errors: io_error. Suspends: while nothing has arrived, cancel-safe. Cost: one
  /// recv if the kernel has data; a short read makes the next call wait without asking it.
  std::size_t read_some(std::span<std::byte> into);
  std::size_t read_some(std::span<std::byte> into, std::error_code& error);

  /// Writes what the kernel takes, at least one byte unless `from` is empty. Returns: how many.
  /// Errors: io_error (broken_pipe, connection_reset, ...). Suspends: while it takes nothing,
  /// cancel-safe. Cost: one send.
  std::size_t write_some(std::span<const std::byte> from);
  std::size_t write_some(std::span<const std::byte> from, std::error_code& error);

  /// Reads until `into` is full. Errors: io_error; io_errc::unexpected_end if the stream ends
  /// first. Returns (twin): how many bytes were read. Suspends: yes; not cancel-safe: bytes are
  /// lost.
  void read_exactly(std::span<std::byte> into);
  std::size_t read_exactly(std::span<std::byte> into, std::error_code& error);

  /// Writes all of `from`. Errors: io_error. Returns (twin): how many bytes were written.
  /// Suspends: yes; not cancel-safe: how much was written is then unknown.
  void write_all(std::span<const std::byte> from);
  std::size_t write_all(std::span<const std::byte> from, std::error_code& error);

  /// Ends this side: the peer reads what was written, then the end; reading goes on.
  /// Errors: io_error. Suspends: no.
  void shutdown_write();
  void shutdown_write(std::error_code& error);

  /// Closes; the kernel still delivers what was written. Calls under way in other fibers and
  /// threads end with operation_canceled. From any fiber or thread; a second call does nothing.
  /// Suspends: no.
  void close() noexcept;

  /// Closes and drops what is not yet delivered; a TCP peer sees connection_reset. Otherwise as
  /// close().
  void abort() noexcept;

  /// Returns whether it has been neither closed nor moved from. Suspends: no.
  bool is_open() const noexcept;

  /// Returns the other end, also after close(); `none` if never connected.
  endpoint peer_endpoint() const;
  /// Returns this end. Errors: io_error. Suspends: no. Cost: one system call.
  endpoint local_endpoint() const;
  endpoint local_endpoint(std::error_code& error) const;

  /// Errors: io_error (operation_not_supported on a UNIX socket). Suspends: no.
  void set_no_delay(toggle value);
  void set_no_delay(toggle value, std::error_code& error);

  /// Changes stream_options::give_up_after. Errors: std::invalid_argument; io_error. Suspends: no.
  void set_give_up_after(std::chrono::seconds silence);
  void set_give_up_after(std::chrono::seconds silence, std::error_code& error);

  /// Returns the descriptor, for options not offered here; -1 if closed. It stays the stream's.
  int native_handle() const noexcept;

 private:
  friend class tcp_listener;
  explicit tcp_stream(detail::socket_handle connected) noexcept;

  detail::socket_handle socket_;
};

/// A socket that accepts streams. Move-only. Default-constructed or moved from, it is closed.
/// A unix: listener removes its path when it closes, if the path is still its own.
class tcp_listener {
 public:
  tcp_listener() noexcept = default;

  /// Listens at `local`; port 0 has the system choose one. Addresses of ended connections can be
  /// bound again at once (SO_REUSEADDR). Errors: io_error naming `local` (address_in_use, ...).
  /// Suspends: no.
  static tcp_listener bind(const endpoint& local, const listen_options& options = {});
  static tcp_listener bind(const endpoint& local, const listen_options& options,
                           std::error_code& error);
  static tcp_listener bind(const endpoint& local, std::error_code& error);

  /// Takes the next newcomer. What befalls a newcomer before it is accepted is no error: the next
  /// one is taken. When the process or the system is out of descriptors, newcomers are closed at
  /// once, slowly enough to cost no CPU, and reported (listen_options::on_shortage), until there
  /// are descriptors again. Errors: io_error. Suspends: yes, cancel-safe: no newcomer is lost.
  /// Several fibers may accept.
  tcp_stream accept();
  tcp_stream accept(std::error_code& error);

  /// Returns where it is bound, with the port the system chose, also after close().
  endpoint local_endpoint() const;

  /// Returns how many newcomers were closed at once for want of descriptors or memory.
  std::uint64_t refused() const noexcept;

  /// Stops listening: newcomers are refused, calls under way end with operation_canceled. From any
  /// fiber or thread; a second call does nothing. Suspends: no.
  void close() noexcept;

  /// Returns whether it has been neither closed nor moved from. Suspends: no.
  bool is_open() const noexcept;

  /// Returns the descriptor, for options not offered here; -1 if closed. It stays the listener's.
  int native_handle() const noexcept;

 private:
  friend struct detail::listener_access;
  explicit tcp_listener(detail::socket_handle listening) noexcept;

  detail::socket_handle socket_;
};

}  // namespace heddle::io
