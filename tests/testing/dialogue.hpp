// SPDX-License-Identifier: MIT
// A dialogue over loopback, with the kernel's sockets or a simulation's, told step by step: errors
// by their number, bytes by their count. A step that depends on what the other end has done waits
// until it has arrived: for the kernel, until it says so; in a simulation, until time passes.
#pragma once

#include <heddle/io/tcp.hpp>
#include <heddle/runtime.hpp>
#include <heddle/testing/simulation.hpp>

#include "io/net/sockets.hpp"
#include "runtime/support/loops.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <ostream>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

namespace heddle::test {

enum class world : bool { kernel, simulation };

inline bool has_bytes(int fd, int count) {
  int unread = 0;
  return ::ioctl(fd, FIONREAD, &unread) != 0 || unread >= count;
}

inline bool has_end(int fd) {
  pollfd asked{fd, POLLRDHUP, 0};
  return ::poll(&asked, 1, 0) != 0;
}

inline bool is_disconnected(int fd) {
  tcp_info found{};
  socklen_t length = sizeof found;
  const int failed = ::getsockopt(fd, IPPROTO_TCP, TCP_INFO, &found, &length);
  return failed != 0 || found.tcpi_state == TCP_CLOSE;
}

/// An endpoint without its port, which the kernel chooses.
inline std::string host_of(const io::endpoint& where) {
  const std::string text = where.to_string();
  return text.substr(0, text.rfind(':'));
}

/// A connection over loopback, a listener if it is wanted, and the record of what is done to them.
class dialogue {
 public:
  explicit dialogue(world in) : in_(in) {}

  io::tcp_listener listener;
  io::tcp_stream client;
  io::tcp_stream server;

  void say(std::string_view what) { record_.append(what).append("; "); }
  void say(std::string_view who, std::string_view did, const std::error_code& error) {
    say(std::string(who).append(did).append(error ? std::to_string(error.value()) : "ok"));
  }
  const std::string& record() const noexcept { return record_; }

  void listen(const io::endpoint& where = "127.0.0.1:0", const io::listen_options& options = {}) {
    std::error_code error;
    listener = io::tcp_listener::bind(where, options, error);
    if (error) say("", "listen ", error);
  }
  /// Where `host` has the listener's port.
  io::endpoint at_port(std::string_view host) const {
    return io::endpoint(std::string(host) + ":" + std::to_string(listener.local_endpoint().port()));
  }
  void connect(const io::endpoint& where,
               std::chrono::nanoseconds timeout = std::chrono::seconds{5}) {
    std::error_code error;
    client = io::tcp_stream::connect(where, {.timeout = timeout}, error);
    say("c", " connects ", error);
  }
  void accept() {
    std::error_code error;
    server = listener.accept(error);
    say("s", " accepts ", error);
  }
  void meet() {
    listen();
    connect(listener.local_endpoint());
    accept();
    listener.close();
  }

  void read(io::tcp_stream& from, std::size_t most = 64) {
    std::string room(most, '\0');
    std::error_code error;
    const std::size_t count = from.read_some(room_in(room), error);
    tell(from, " reads ", count, error);
  }
  void write(io::tcp_stream& to, std::size_t count = 1) {
    std::error_code error;
    const std::size_t taken = to.write_some(bytes(std::string(count, 'x')), error);
    tell(to, " writes ", taken, error);
  }
  void shut(io::tcp_stream& which) {
    std::error_code error;
    which.shutdown_write(error);
    tell(which, " shuts ", 0, error);
  }

  void until_bytes(const io::tcp_stream& at, int count) {
    until([&] { return has_bytes(at.native_handle(), count); });
  }
  void until_end(const io::tcp_stream& at) {
    until([&] { return has_end(at.native_handle()); });
  }
  /// Until a reset has arrived, or both have ended it.
  void until_disconnected(const io::tcp_stream& at) {
    until([&] { return is_disconnected(at.native_handle()); });
  }

 private:
  template <class Holds>
  void until(Holds holds) {
    this_fiber::sleep_for(std::chrono::milliseconds{1});
    for (int n = 0; in_ == world::kernel && !holds(); ++n) {
      if (n == 5000) return say("it never comes");
      this_fiber::sleep_for(std::chrono::milliseconds{1});
    }
  }
  void tell(const io::tcp_stream& who, std::string_view did, std::size_t count,
            const std::error_code& error) {
    const std::string told =
        error ? "error " + std::to_string(error.value()) : std::to_string(count);
    say(std::string(&who == &client ? "c" : "s").append(did).append(told));
  }

  world in_;
  std::string record_;
};

struct scene {
  const char* name;
  void (*play)(dialogue&);
  bool six = false;  // needs IPv6
};

inline std::ostream& operator<<(std::ostream& out, const scene& one) { return out << one.name; }

inline std::string told(world in, const scene& one) {
  dialogue with(in);
  try {
    one.play(with);
  } catch (const std::exception& thrown) {
    with.say(thrown.what());
  }
  return with.record();
}

inline bool has_ipv6() {
  std::error_code error;
  io::tcp_listener::bind(io::endpoint("[::1]:0"), error);
  return !error;
}

/// Has both tell it, the simulation with a few seeds, and compares.
inline void compare(const scene& one) {
  std::string by_kernel;
  bool skipped = false;
  run(with_loops(1), [&] {
    skipped = one.six && !has_ipv6();
    if (!skipped) by_kernel = told(world::kernel, one);
  });
  if (skipped) GTEST_SKIP() << "this machine has no IPv6";
  for (std::uint64_t seed = 0; seed < 5; ++seed) {
    std::string by_simulation;
    testing::simulation sim(seed);
    sim.run([&] { by_simulation = told(world::simulation, one); });
    EXPECT_EQ(by_simulation, by_kernel) << "seed " << seed;
  }
}

inline std::string name_of(const ::testing::TestParamInfo<scene>& info) { return info.param.name; }

}  // namespace heddle::test
