// SPDX-License-Identifier: MIT
// Streams and listeners over TCP, and over UNIX stream sockets, which the same classes serve when
// the endpoint is a unix: one (what only those can do: unix.hpp). How calls behave, in fibers, on
// threads, and when another fiber closes: stream_socket.hpp.
#pragma once

#include <heddle/io/detail/socket_handle.hpp>
#include <heddle/io/endpoint.hpp>
#include <heddle/io/error.hpp>
#include <heddle/io/stream_socket.hpp>
#include <heddle/io/toggle.hpp>

#include <chrono>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace heddle::io {

class resolver;

namespace detail {
struct listener_access;
}

/// How a stream behaves. TCP only: UNIX sockets ignore it.
struct stream_options {
  /// Sends small writes at once instead of waiting to join them (TCP_NODELAY).
  toggle no_delay = toggle::on;

  /// How long a peer may be silent before the connection is given up with std::errc::timed_out: it
  /// acknowledges nothing, answers no keep-alive probe, or keeps its receive window shut. Probes
  /// begin after half of it. Whole seconds, range 2 s..9 h; 0: for ever.
  std::chrono::seconds give_up_after{120};

  /// How much the kernel keeps of what the peer has not acknowledged, and of what has not been read
  /// (SO_SNDBUF, SO_RCVBUF; the kernel doubles them for its own needs, and has limits of its own:
  /// net.core.wmem_max, rmem_max). 0: it finds out what is best. Range 1 KiB..1 GiB.
  std::size_t send_buffer_bytes = 0;
  std::size_t receive_buffer_bytes = 0;

  /// How much of what was written the kernel keeps before it is sent: what the peer has no room for
  /// (TCP_NOTSENT_LOWAT). More makes writes wait, so that peers that read nothing cost this each
  /// and not a whole send buffer, 4 MiB; what is under way does not count, so it makes nothing
  /// slower. 0: as the system has it, which is no limit. Range 1 KiB..1 GiB.
  std::size_t unsent_bytes = std::size_t{256} << 10;
};

struct connect_options {
  /// How long the peer has to answer, with all addresses of a name and the lookup of it; then
  /// std::errc::timed_out.
  std::chrono::nanoseconds timeout = std::chrono::seconds{5};
  stream_options stream = {};

  /// Where the connection comes from; port 0 has the system choose one. None: the system chooses
  /// both.
  endpoint local = {};

  /// Who knows names. Null: each connect() asks for itself, and nothing is remembered; a program
  /// that connects often has a resolver, which must outlive the call.
  resolver* names = nullptr;
  /// How long one address of a name may keep the next one waiting. Range 10 ms..1 h.
  std::chrono::nanoseconds next_address_after = std::chrono::milliseconds{250};
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
  /// Has a listener at an IPv6 address take IPv6 only. Off: "[::]:port" takes IPv4, too.
  toggle ipv6_only = toggle::off;
  /// Of the streams accepted.
  stream_options stream = {};
  /// Called at most once a second while newcomers are turned away. Must not throw or suspend.
  /// Default: one line on stderr.
  std::function<void(const shortage_report&)> on_shortage = {};
};

/// A stream over TCP, or over a UNIX socket if its endpoint is a unix: one.
class tcp_stream : public stream_socket {
 public:
  tcp_stream() noexcept = default;

  /// Connects to `peer`. Errors: io_error (connection_refused, timed_out, ...); a malformed
  /// endpoint throws std::invalid_argument from its constructor, in every form. Suspends: yes,
  /// cancel-safe: no descriptor is left behind. Cost: a dozen system calls.
  static tcp_stream connect(const endpoint& peer, const connect_options& options = {});
  static tcp_stream connect(const endpoint& peer, const connect_options& options,
                            std::error_code& error);
  static tcp_stream connect(const endpoint& peer, std::error_code& error);

  /// Looks `host` up and connects to the first of its addresses that answers: IPv6 and IPv4 in
  /// turn, the next one begun when one has failed or kept it waiting, and all others given up when
  /// one has won (RFC 8305). The stream's peer_endpoint() is the address. An address is taken as
  /// it is. On a plain thread addresses are tried one after the other, each for its share of the
  /// time. Shape: 0 <= port <= 65535. Errors: io_error that names the host and how each
  /// address failed, with the code that tells most; with a dns_errc if it has none;
  /// std::invalid_argument for the port, an option, or a malformed address. Suspends: yes,
  /// cancel-safe: no descriptor or fiber is left behind. Cost: a lookup, and a fiber for each
  /// attempt if there are several addresses.
  template <std::integral Port>
  static tcp_stream connect(std::string_view host, Port port, const connect_options& options = {}) {
    return connect_to_host(host, static_cast<int>(port), options);
  }
  template <std::integral Port>
  static tcp_stream connect(std::string_view host, Port port, const connect_options& options,
                            std::error_code& error) {
    return connect_to_host(host, static_cast<int>(port), options, error);
  }
  template <std::integral Port>
  static tcp_stream connect(std::string_view host, Port port, std::error_code& error) {
    return connect_to_host(host, static_cast<int>(port), connect_options{}, error);
  }

  /// Errors: io_error (operation_not_supported on a UNIX socket). Suspends: no.
  void set_no_delay(toggle value);
  void set_no_delay(toggle value, std::error_code& error);

  /// Changes stream_options::give_up_after. Errors: std::invalid_argument; io_error. Suspends: no.
  void set_give_up_after(std::chrono::seconds silence);
  void set_give_up_after(std::chrono::seconds silence, std::error_code& error);

 private:
  friend class tcp_listener;
  friend struct detail::listener_access;
  static tcp_stream connect_to_host(std::string_view host, int port,
                                    const connect_options& options);
  static tcp_stream connect_to_host(std::string_view host, int port, const connect_options& options,
                                    std::error_code& error);
  explicit tcp_stream(detail::socket_handle connected) noexcept
      : stream_socket(std::move(connected)) {}
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

  /// Listens `count` times at one place (listen_options::reuse_port), for serve() to have a
  /// listener on each loop; 0: as many as the runtime has loops. With port 0 the system chooses for
  /// the first, and the others share. The kernel spreads newcomers by their addresses, and what one
  /// listener has in its backlog no other gets: close all of them at once. Errors: as bind();
  /// operation_not_supported for a unix: endpoint; std::logic_error if `count` is 0 on a plain
  /// thread. Suspends: no.
  static std::vector<tcp_listener> bind_each(const endpoint& local, std::size_t count = 0,
                                             const listen_options& options = {});

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
