// SPDX-License-Identifier: MIT
// A proxy for real TCP connections on this machine that does to them what networks and peers do:
// delay, cut, merge, corrupt, starve, reset, vanish. The program under test connects to the proxy
// in the place of its target, and is not changed otherwise.
// Invariants: (1) nothing happens that the connection's plan does not say; (2) buffers and
// connections are bounded, whatever the peers send; (3) when the destructor has returned, the
// proxy's thread, connections and descriptors are gone. It is a program of heddle itself, with a
// runtime of its own: the peers may run anywhere, on plain threads and in other processes too. Not
// here: a network without descriptors, under a seed and virtual time; in a simulation this class
// does not work.
#pragma once

#include <heddle/io/tcp.hpp>
#include <heddle/runtime/deadline.hpp>
#include <heddle/testing/proxy_plan.hpp>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>

namespace heddle::testing {

namespace detail {
class proxy_core;
}

/// How a proxy treats those who connect.
enum class newcomers : std::uint8_t {
  accept,
  /// They connect, as far as the backlog goes, and nothing ever answers.
  keep_waiting,
  refuse,  ///< connection_refused; those that were kept waiting are reset
};

struct fault_proxy_options {
  /// What is done to every connection, unless plan_for is given.
  proxy_plan plan = {};

  /// Returns the plan of a connection, by its number: 1, 2, ... in the order of accepting. Called
  /// in a fiber of the proxy. Throws: the connection is reset and counts as failed.
  std::function<proxy_plan(std::uint64_t connection)> plan_for = {};

  /// Most connections at once; those beyond wait in the backlog. Range 1..10000.
  std::size_t max_connections = 256;

  /// What one direction of one connection holds at most, the kernel's buffers apart. Range 1 KiB..
  /// 64 MiB.
  std::size_t buffer_bytes = std::size_t{256} * 1024;

  /// As io::listen_options. With 0 or 1, and nobody accepting, connecting soon times out.
  int backlog = 128;

  /// How the proxy connects to the target.
  io::connect_options connect = {};
};

/// Forwards connections to a target, each by its plan, until it is destroyed. Its functions may be
/// called from any fiber, not of a simulation, and any plain thread.
class fault_proxy {
 public:
  /// Listens at a port of 127.0.0.1 that the system chooses. Errors: std::invalid_argument naming
  /// an option; std::logic_error in a simulation; io::io_error; resource_exhausted. Suspends: no.
  /// Cost: a thread.
  explicit fault_proxy(io::endpoint target, fault_proxy_options options = {});

  /// Closes all connections and waits, shielded, until nothing is left. Suspends: yes.
  ~fault_proxy();
  fault_proxy(const fault_proxy&) = delete;
  fault_proxy& operator=(const fault_proxy&) = delete;

  /// Returns where clients connect to. It stays the same, also while newcomers are refused.
  const io::endpoint& local_endpoint() const noexcept;

  /// Has the connections that live, and all to come, go by `plan`; plan_for is asked no more.
  /// A write under way is not called back. Errors: std::invalid_argument naming a field.
  /// Suspends: no.
  void set_plan(const proxy_plan& plan);

  /// Has one connection that lives go by `plan`. Returns: false if there is none of that number.
  /// Errors, Suspends: as above.
  bool set_plan(std::uint64_t connection, const proxy_plan& plan);

  /// Ends the connections that live. What was accepted before this call counts; wait_until_idle()
  /// tells when close and reset are done. Suspends: no.
  void end_connections(proxy_ending how);

  /// Changes what becomes of newcomers; connections go on. By one caller at a time. Order: who
  /// connects after the return is treated so. Errors: io::io_error if the port cannot be listened
  /// at again. Suspends: yes, shielded, for a moment.
  void treat(newcomers how);

  /// Returns the counters as they were together at one moment. Suspends: no.
  proxy_stats stats() const;

  /// Waits until the counters are such that `holds(stats)`, which is asked after each change.
  /// Returns: false if `limit` passed first. Errors: throws `cancelled`; what `holds` throws.
  /// Suspends: yes, cancel-safe.
  bool wait_until(const std::function<bool(const proxy_stats&)>& holds, deadline limit = {}) const;

  /// Waits until that many connections have been accepted, in all. Otherwise as wait_until().
  bool wait_until_accepted(std::uint64_t connections, deadline limit = {}) const;

  /// Waits until no connection lives. Otherwise as wait_until().
  bool wait_until_idle(deadline limit = {}) const;

 private:
  std::unique_ptr<detail::proxy_core> core_;
};

}  // namespace heddle::testing
