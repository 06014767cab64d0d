// SPDX-License-Identifier: MIT
// The kernel of a simulated network: sockets, what is under way between them, and who listens.
// Everything that crosses from one host to another is an event with a time; events of one lane (a
// connection's direction) keep their order, those of other lanes that come at the same time are
// chosen from. What cannot arrive, since the hosts are parted or the one it goes to is down, is
// held, and arrives when it can, before what was sent later; but requests to connect are lost and
// sent again.
// Invariants: (1) a socket is changed by its own calls and by events, never by a call on its peer;
// (2) a send counts against the window from the call until the bytes are read; (3) what is closed
// or broken is forgotten, and what arrives for it is answered with a reset; (4) the times of a
// lane's events never fall, and none of them is under way, and due, while one is held; (5) an end
// knows since when its peer is silent if and only if its peer cannot answer; (6) a number is given
// again only when nobody can hold a handle of it.
// Sources: RFC 9293; how Linux ends connections, net/ipv4/tcp_input.c (tcp_reset), tcp.c, af_inet.c
// and tcp_timer.c.
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
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace heddle::testing::detail {

class wire final : public socket_calls {
 public:
  explicit wire(heddle::detail::policy& decides) noexcept : decides_(decides) {}
  ~wire() override { remember_stale(); }

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
  void set_links(const link_options& options);
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
  bool can_receive(int fd) noexcept override;
  ssize_t send(int fd, std::span<const std::byte> from) noexcept override;
  int shut_down_writing(int fd) noexcept override;
  int set_option(int fd, int level, int name, int value) noexcept override;
  int local_address(int fd, sockaddr* found, socklen_t* length) noexcept override;
  int peer_address(int fd, sockaddr* found, socklen_t* length) noexcept override;
  int pending_error(int fd) noexcept override;
  void reset(int fd) noexcept override;
  void close(int fd) noexcept override;

 private:
  static constexpr std::uint16_t first_free_port = 49152;
  struct host {
    std::string name;
    std::uint32_t ip;
    bool down = false;
    std::uint16_t next_port = first_free_port;
  };
  /// What keeps its order.
  struct lane {
    clock::time_point last_due{};
  };
  using lane_ref = std::shared_ptr<lane>;
  enum class when_held : bool { kept, lost };
  /// Something that happens at its time; if it crosses from host to host, only if it can.
  struct event {
    host* from;  // both null: it does not cross
    host* to;
    lane_ref in;
    std::function<void()> happen;
    std::function<void()> held_up{};  // called if it cannot arrive; may be empty
    when_held then = when_held::kept;
  };
  using event_map = std::multimap<clock::time_point, event>;
  using timer = std::optional<event_map::iterator>;  // set while it is armed
  struct connection {
    struct end {
      int fd;  // -1: closed
      host* home;
      lane_ref towards;
      std::string received{};
      std::size_t under_way = 0;  // bytes that are on their way to here
      bool fin_arrived = false;
      bool fin_sent = false;
      bool broken = false;                              // there is no connection here any more
      bool wants_room = false;                          // a send has found none
      bool owed = false;                                // since it is silent, it was sent something
      std::optional<clock::time_point> silent_since{};  // the peer cannot answer
      timer until_room{};                               // then it is given up
      timer until_answer{};                             // then it is given up, or probed
    };
    std::array<end, 2> ends;
    bool was_reset = false;
  };
  using connection_ref = std::shared_ptr<connection>;
  /// What an accepted socket has from its listener.
  struct settings {
    std::chrono::milliseconds give_up{0};  // TCP_USER_TIMEOUT; 0: never
    bool keep_alive = false;
    std::chrono::seconds first_probe{7200};
    std::chrono::seconds between_probes{75};
    bool reuse_address = false;
    bool reuse_port = false;
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
    settings set{};
    heddle::detail::registration* watched = nullptr;
    std::size_t backlog = 0;
    std::deque<int> newcomers{};
    bool taken = true;  // by its user; newcomers are their listener's
    connection_ref over{};
    std::size_t side = 0;  // in it
  };
  /// A request to connect.
  struct request {
    int client;
    host* from;
    host* to;
    net_address target;
    clock::time_point began;
    unsigned repeats = 0;
  };
  enum class owes : bool { no, an_answer };
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
  void post_here(clock::time_point when, std::function<void()> happen);
  void post_to(const connection_ref& over, std::size_t side, std::function<void()> happen,
               owes peer = owes::an_answer);
  void arm(timer& which, clock::time_point when, std::function<void()> happen);
  void disarm(timer& which) noexcept;
  void disarm(connection::end& timers_of) noexcept;
  bool is_parted(const host& one, const host& other) const noexcept;
  bool is_held(const event& what) const noexcept;
  void release_held();
  void reconsider_all();
  void rouse_writers();

  record* find(int fd) noexcept;
  record* find_up(int fd, int& error) noexcept;
  record& open(host& on, int family);
  record* listener_at(const host& on, const net_address& at) noexcept;
  void set_local(record& of, const net_address& local);
  std::vector<record*> at_port(const host& on, std::uint16_t port) noexcept;
  static net_address source_for(const net_address& target, const host& home) noexcept;
  bool is_taken(const record& by) noexcept;
  std::uint16_t free_port(host& on) noexcept;
  void notify(int fd);
  std::uint32_t readiness_of(const record& of) const noexcept;

  void send_request(const request& what);
  void arrive_request(const request& what);
  void repeat_request(const request& what);
  void establish(const request& what, record& listening);
  void finish_connect(const connection_ref& over, int client);
  void refuse(const request& what);
  void fail(int client, int error);

  void deliver(const connection_ref& over, std::size_t side, const std::string& bytes);
  void end_input(const connection_ref& over, std::size_t side);
  void send_reset(const connection_ref& over, std::size_t side);
  void arrive_reset(connection& over, std::size_t side);
  void break_end(connection& over, std::size_t side, int error);
  void give_up(const connection_ref& over, std::size_t side);
  static bool is_over(const connection& over, std::size_t side) noexcept;
  std::size_t room(const connection& over, std::size_t sender) const noexcept;
  void tell_of_room(const connection_ref& over, std::size_t side);
  void watch_room(const connection_ref& over, std::size_t side);
  void offer_room(const connection_ref& over, std::size_t side);
  void want_room(const connection_ref& over, std::size_t side);

  bool is_silent(const connection& over, std::size_t side) const noexcept;
  void reconsider(const connection_ref& over, std::size_t side);
  void watch_silence(const connection_ref& over, std::size_t side);
  void sent_in_vain(const connection_ref& over, std::size_t side);
  void probe(const connection_ref& over, std::size_t side, clock::time_point last_heard);

  void remember_stale();
  static void forget_stale(int fd) noexcept;
  int fresh_number() noexcept;

  heddle::detail::policy& decides_;
  std::vector<std::unique_ptr<host>> hosts_;
  topology set_up_;  // outside of runs
  topology now_;
  std::map<int, record> sockets_;
  std::multimap<std::uint16_t, int> by_port_;  // those that have one, of all hosts
  int next_fd_ = first_simulated_descriptor;
  event_map events_;
  std::vector<event> held_;
  network_stats stats_;
};

}  // namespace heddle::testing::detail
