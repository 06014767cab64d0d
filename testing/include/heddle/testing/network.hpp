// SPDX-License-Identifier: MIT
// A network inside a simulation: named hosts, joined by links with a latency and a window, that can
// be parted, lose their connections, and crash. io's TCP streams and listeners use it unchanged.
// A host is an address; which host a socket is on is said by network::on() around the code that
// opens it. Bytes arrive in order, in segments, each at its virtual time; what arrives at the same
// time does so in an order that the seed chooses. Invariants: (1) a connection loses, doubles and
// reorders nothing unless it breaks, as TCP promises, whatever becomes of its link meanwhile; (2)
// between two hosts that are parted nothing arrives, and nobody is told; what was on its way comes
// after heal(); (3) calls end as Linux ends them, errors included, and give up when it does: a
// peer that is silent, or reads nothing, after io's stream_options::give_up_after; a request to
// connect, which is repeated after 1, 3, 7, 15, 31 and 63 s, after that or 127 s. Time-outs come
// from partitions, crashes and shut windows, never from a latency. Not here: names (no resolver),
// UDP, UNIX sockets, which stay the kernel's.
#pragma once

#include <heddle/io/tcp.hpp>
#include <heddle/runtime/context_var.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

namespace heddle::testing {

namespace detail {
class wire;
context_var<std::string>& host_variable() noexcept;
}  // namespace detail

/// What lies between two hosts.
struct link_options {
  /// How long a segment is under way, at least, and how much longer it may be, as the seed chooses.
  /// Range 0..24 h, each.
  std::chrono::nanoseconds latency{0};
  std::chrono::nanoseconds jitter{0};

  /// Bytes that may be sent and not yet read, each way; then sends have to wait. Range 1..2^30.
  std::size_t window = 64 * 1024;

  /// Bytes in a segment, at most: what one read can find. Range 1..2^30.
  std::size_t segment = 1460;

  /// A send may take less than there is room for, as the seed chooses.
  bool short_writes = false;
};

/// Counts, since the run began.
struct network_stats {
  std::uint64_t connections = 0;  ///< established
  std::uint64_t refused = 0;      ///< nobody listened
  std::uint64_t bytes = 0;        ///< delivered
  std::uint64_t resets = 0;       ///< connections that were reset
};

/// The network of a simulation: simulation::net(), network::current(). Used before run(), to set it
/// up for all runs, and by fibers: what those change is for their run. Each run begins with no
/// sockets, and all hosts up. Hosts are made when they are first named; "localhost", 127.0.0.1, is
/// each host's name for itself, and the one that code outside of on() runs on is "main".
/// A handle: copies are the same network.
class network {
 public:
  explicit network(detail::wire& over) noexcept : wire_(&over) {}

  /// Returns the network of the simulation that the calling fiber runs in: for programs of
  /// explore() and cancel_sweep(). Errors: std::logic_error outside of one.
  static network current();

  /// Returns the IPv4 address of `host`, as "10.0.0.1". Errors: std::bad_alloc.
  std::string address(std::string_view host);

  /// Calls `f()`: the sockets that it opens are on `host`, and those of fibers that it spawns.
  /// Returns: what f returns. In a fiber.
  template <class F>
  decltype(auto) on(std::string_view host, F&& f) {
    address(host);
    const context_var<std::string>::scoped here(detail::host_variable(), std::string(host));
    return std::invoke(std::forward<F>(f));
  }

  /// Returns the two ends of a new connection: of `one`, and of `other`. In a fiber. Suspends, and
  /// is cancel-safe. Errors: as of tcp_stream::connect, if the hosts are parted, say;
  /// std::logic_error if the caller is no fiber of the simulation.
  std::pair<io::tcp_stream, io::tcp_stream> connected_pair(std::string_view one = "main",
                                                           std::string_view other = "main");

  /// Sets the link between all hosts, or between two, for what is sent from now on. Errors:
  /// std::invalid_argument naming the option.
  void set_links(const link_options& options);
  void set_link(std::string_view one, std::string_view other, const link_options& options);

  /// Parts two hosts: nothing arrives, nobody is told. Who has a connection across gives it up
  /// after its give_up_after, counted from here, or from when it sends something.
  void part(std::string_view one, std::string_view other);
  /// Ends that: what was under way arrives after the link's latency, before what is sent later.
  void heal(std::string_view one, std::string_view other);

  /// Breaks all connections between two hosts: both ends are reset, now.
  void reset_connections(std::string_view one, std::string_view other);

  /// Ends all sockets of `host` without a word to their peers, and lets nothing arrive there until
  /// restart(): then it answers what belongs to no connection with a reset, be it data that was
  /// sent meanwhile or the next keep-alive probe. Its fibers go on; their calls fail with ENETDOWN.
  void crash(std::string_view host);
  void restart(std::string_view host);

  network_stats stats() const noexcept;

 private:
  detail::wire* wire_;
};

}  // namespace heddle::testing
