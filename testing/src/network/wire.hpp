// SPDX-License-Identifier: MIT
// The kernel of a simulated network: sockets, what is under way between them, and who listens.
// Everything that crosses from one host to another is an event with a time; events of one lane (a
// connection's direction) keep their order, those of other lanes that come at the same time are
// chosen from. Invariants: (1) a socket is changed by its own calls and by events, never by a call
// on its peer; (2) a send counts against the window from the call until the bytes are read; (3)
// what is closed is forgotten, and what arrives for it is answered with a reset.
#pragma once

#include <heddle/runtime/clock.hpp>
#include <heddle/runtime/detail/policy.hpp>
#include <heddle/runtime/socket_calls.hpp>
#include <heddle/testing/network.hpp>

#include "network/address.hpp"

#include <array>
#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace heddle::testing::detail {

class wire final : public socket_calls {
 public:
  explicit wire(heddle::detail::policy& decides) noexcept : decides_(decides) {}

  /// Forgets sockets, what is under way, and what fibers have done to links and hosts. What was set
  /// outside of runs stays.
  void begin();
  /// Lists the sockets that nobody has closed, a line each; empty if there are none.
  std::string describe_open() const;

  /// Returns when the next event is due; time_point::max() if none is.
  clock::time_point next_event() const noexcept;
  /// Lets one event happen that is due. Returns: false if none is.
  bool run_event();

  void watch(int fd, heddle::detail::registration& entry);
  void unwatch(int fd) noexcept;

  // network.hpp
  std::uint32_t address_of(std::string_view name);
  void set_links(const link_options& options) { layout().usual = options; }
  void set_link(std::string_view one, std::string_view other, const link_options& options);
  void part(std::string_view one, std::string_view other, bool parted);
  void reset_connections(std::string_view one, std::string_view other);
  void crash(std::string_view host);
  void restart(std::string_view host);
  const network_stats& stats() const noexcept { return stats_; }

  // socket_calls.hpp
  int socket(int family) noexcept override;
  int bind(int fd, const sockaddr* local, socklen_t length) noexcept override;
  int listen(int fd, int backlog) noexcept override;
  int accept(int fd, sockaddr* peer, socklen_t* length) noexcept override;
  int connect(int fd, const sockaddr* peer, socklen_t length) noexcept override;
  ssize_t receive(int fd, std::span<std::byte> into) noexcept override;
  ssize_t send(int fd, std::span<const std::byte> from) noexcept override;
  int shut_down_writing(int fd) noexcept override;
  int set_option(int fd, int level, int name, int value) noexcept override;
  int local_address(int fd, sockaddr* found, socklen_t* length) noexcept override;
  int peer_address(int fd, sockaddr* found, socklen_t* length) noexcept override;
  int pending_error(int fd) noexcept override;
  void reset(int fd) noexcept override;
  void close(int fd) noexcept override;

 private:
  struct host {
    std::string name;
    std::uint32_t ip;
    bool down = false;
    std::uint16_t next_port = 49152;
  };
  struct connection {
    struct end {
      int fd;  // -1: closed
      host* home;
      std::string received{};
      std::size_t under_way = 0;  // bytes that are on their way to here
      bool fin_arrived = false;
      bool fin_sent = false;
      bool broken = false;
      bool wants_room = false;       // a send has found none
      std::uint64_t arrivals = 0;    // of what this end has sent
      clock::time_point last_due{};  // of what is on its way to here
    };
    std::array<end, 2> ends;
    std::uint64_t lane;  // towards ends[0]; and lane + 1
  };
  enum class stage : std::uint8_t { fresh, listening, connecting, connected, failed };
  struct record {
    int fd;
    host* home;
    int family;
    stage at = stage::fresh;
    net_address local{};
    net_address peer{};
    int error = 0;
    std::chrono::milliseconds give_up{0};
    heddle::detail::registration* watched = nullptr;
    std::size_t backlog = 0;
    std::deque<int> newcomers{};
    bool taken = true;  // by its user; newcomers are their listener's
    std::shared_ptr<connection> over{};
    std::size_t side = 0;  // in it
  };
  struct event {
    host* from;
    host* to;
    std::uint64_t lane;
    std::function<void()> happen;
    std::function<void()> held_up;  // called if it cannot arrive; may be empty
  };
  using pair = std::pair<const host*, const host*>;
  /// How the hosts are joined.
  struct topology {
    link_options usual;
    std::map<pair, link_options> links{};
    std::map<pair, bool> parted{};
  };

  topology& layout() noexcept;
  host& host_named(std::string_view name);
  host& current();
  host* host_at(std::uint32_t ip) noexcept;
  static pair between(const host& one, const host& other) noexcept;
  const link_options& link(const host& one, const host& other) const noexcept;
  clock::time_point arrival(const host& from, const host& to);
  void post(clock::time_point when, event what);
  void post_to(const std::shared_ptr<connection>& over, std::size_t side,
               std::function<void()> happen);
  std::uint64_t fresh_lanes() noexcept { return lanes_ += 2; }

  record* find(int fd) noexcept;
  record* find_up(int fd, int& error) noexcept;
  record& open(host& on, int family);
  record* listener_at(const host& on, const net_address& at) noexcept;
  std::uint16_t free_port(host& on) noexcept;
  void notify(int fd);
  std::uint32_t readiness_of(const record& of) const noexcept;

  void arrive_syn(int client, host& from, host& to, const net_address& target);
  void establish(int client, record& listening, const net_address& target);
  void refuse(int client, host& from, host& to);
  void deliver(const std::shared_ptr<connection>& over, std::size_t side, const std::string& bytes);
  void send_reset(const std::shared_ptr<connection>& over, std::size_t side);
  void break_end(connection& over, std::size_t side, int error);
  void watch_for_silence(const std::shared_ptr<connection>& over, std::size_t sender);
  std::size_t room(const connection& over, std::size_t sender) const noexcept;

  heddle::detail::policy& decides_;
  std::vector<std::unique_ptr<host>> hosts_;
  topology set_up_;  // outside of runs
  topology now_;
  std::map<int, record> sockets_;
  int next_fd_ = first_simulated_descriptor;
  std::multimap<clock::time_point, event> events_;
  std::vector<event> held_;
  std::uint64_t lanes_ = 0;
  network_stats stats_;
};

}  // namespace heddle::testing::detail
