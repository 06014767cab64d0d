// SPDX-License-Identifier: MIT
// One span of silence, as the five socket options that the kernel has for it.
#include "net/stream_settings.hpp"

#include "net/system_call.hpp"

#include <algorithm>
#include <initializer_list>
#include <stdexcept>
#include <string>

#include <netinet/in.h>
#include <netinet/tcp.h>

namespace heddle::io::detail {

namespace {

constexpr std::chrono::seconds shortest_silence{2};
constexpr std::chrono::seconds longest_silence = std::chrono::hours{9};  // TCP_KEEPIDLE: 32767 s
constexpr int probes = 6;
constexpr std::size_t least_buffer = 1024;
constexpr std::size_t most_buffer = std::size_t{1} << 30;

}  // namespace

void check_give_up_after(std::chrono::seconds silence) {
  const bool never = silence == std::chrono::seconds::zero();
  if (never || (silence >= shortest_silence && silence <= longest_silence)) return;
  throw std::invalid_argument("stream_options::give_up_after is " +
                              std::to_string(silence.count()) +
                              " s; give 2 s..32400 s, or 0 for never");
}

void check_buffer(const char* option, std::size_t bytes) {
  if (bytes == 0 || (bytes >= least_buffer && bytes <= most_buffer)) return;
  throw std::invalid_argument(std::string(option) + " is " + std::to_string(bytes) +
                              "; give 1024..2^30 bytes, or 0 for what the system thinks best");
}

void check(const stream_options& options) {
  check_give_up_after(options.give_up_after);
  check_buffer("stream_options::send_buffer_bytes", options.send_buffer_bytes);
  check_buffer("stream_options::receive_buffer_bytes", options.receive_buffer_bytes);
  check_buffer("stream_options::unsent_bytes", options.unsent_bytes);
}

int apply_buffers(int fd, std::size_t send_bytes, std::size_t receive_bytes) noexcept {
  if (send_bytes != 0) {
    const int bytes = static_cast<int>(send_bytes);
    if (const int error = set_option(fd, SOL_SOCKET, SO_SNDBUF, bytes)) return error;
  }
  if (receive_bytes == 0) return 0;
  return set_option(fd, SOL_SOCKET, SO_RCVBUF, static_cast<int>(receive_bytes));
}

int apply_unsent(int tcp_fd, std::size_t bytes) noexcept {
  // To the kernel 0 means the system's, which is no limit unless net.ipv4.tcp_notsent_lowat says.
  return set_option(tcp_fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, static_cast<int>(bytes));
}

int apply_no_delay(int tcp_fd, toggle value) noexcept {
  return set_option(tcp_fd, IPPROTO_TCP, TCP_NODELAY, value == toggle::on ? 1 : 0);
}

int apply_give_up_after(int tcp_fd, std::chrono::seconds silence) noexcept {
  struct setting {
    int level;
    int name;
    int value;
  };
  const int whole = static_cast<int>(silence.count());
  const int first = whole / 2;
  const int between = std::max(1, (whole - first) / probes);
  // The user time-out decides, for probes and for data alike; the count of probes only follows it.
  const std::initializer_list<setting> on = {{IPPROTO_TCP, TCP_KEEPIDLE, first},
                                             {IPPROTO_TCP, TCP_KEEPINTVL, between},
                                             {IPPROTO_TCP, TCP_KEEPCNT, probes},
                                             {IPPROTO_TCP, TCP_USER_TIMEOUT, whole * 1000},
                                             {SOL_SOCKET, SO_KEEPALIVE, 1}};
  const std::initializer_list<setting> off = {{IPPROTO_TCP, TCP_USER_TIMEOUT, 0},
                                              {SOL_SOCKET, SO_KEEPALIVE, 0}};
  for (const setting& each : whole == 0 ? off : on) {
    if (const int error = set_option(tcp_fd, each.level, each.name, each.value)) return error;
  }
  return 0;
}

int apply(int tcp_fd, const stream_options& options) noexcept {
  if (const int error = apply_no_delay(tcp_fd, options.no_delay)) return error;
  // Before the connection is there: the window's scale is agreed upon at its beginning.
  if (const int error =
          apply_buffers(tcp_fd, options.send_buffer_bytes, options.receive_buffer_bytes)) {
    return error;
  }
  if (const int error = apply_unsent(tcp_fd, options.unsent_bytes)) return error;
  return apply_give_up_after(tcp_fd, options.give_up_after);
}

}  // namespace heddle::io::detail
