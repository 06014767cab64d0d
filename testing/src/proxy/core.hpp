// SPDX-License-Identifier: MIT
// What a fault_proxy is made of: a runtime of one loop, a listener with a fiber that accepts, and
// the connections that live, by number. Invariants: (1) a connection is in live_ from before it is
// counted as accepted until its streams are closed; (2) live_ and the choice of plans are under
// lock_; (3) runtime_ ends first: what fibers use outlives them.
#pragma once

#include "proxy/board.hpp"
#include "proxy/connection.hpp"
#include "proxy/port.hpp"

#include <heddle/io/tcp.hpp>
#include <heddle/runtime.hpp>
#include <heddle/testing/fault_proxy.hpp>

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

namespace heddle::testing::detail {

class proxy_core {
 public:
  proxy_core(io::endpoint target, fault_proxy_options options);
  ~proxy_core();
  proxy_core(const proxy_core&) = delete;
  proxy_core& operator=(const proxy_core&) = delete;

  const io::endpoint& where() const noexcept { return port_.where(); }
  board& counters() noexcept { return board_; }

  // As the functions of fault_proxy:
  void set_plan(const proxy_plan& plan);
  bool set_plan(std::uint64_t connection, const proxy_plan& plan);
  void end_connections(proxy_ending how);
  void treat(newcomers how);

 private:
  using shared_connection = std::shared_ptr<connection>;

  io::tcp_listener listen() const;
  void accept_all();
  void begin(io::tcp_stream client);
  shared_connection enter(std::uint64_t number, io::tcp_stream& client);
  void turn_away(io::tcp_stream& client);
  connection::shared_plan plan_of(std::uint64_t number);
  void carry(connection& over, std::uint64_t number);
  void leave(std::uint64_t number);
  std::vector<shared_connection> live();

  io::endpoint target_;
  fault_proxy_options options_;
  board board_;
  port port_;
  io::tcp_listener listener_;

  std::mutex lock_;  // held for a few instructions, in which nobody suspends
  std::map<std::uint64_t, shared_connection> live_;
  connection::shared_plan plan_;  // of those to come; null: options_.plan_for says

  std::uint64_t last_number_ = 0;  // of the fiber that accepts

  runtime runtime_;
  task<void> acceptor_;  // only while newcomers are accepted
};

}  // namespace heddle::testing::detail
