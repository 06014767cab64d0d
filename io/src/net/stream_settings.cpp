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

}  // namespace

void check_give_up_after(std::chrono::seconds silence) {
  const bool never = silence == std::chrono::seconds::zero();
  if (never || (silence >= shortest_silence && silence <= longest_silence)) return;
  throw std::invalid_argument("stream_options::give_up_after is " +
                              std::to_string(silence.count()) +
                              " s; give 2 s..32400 s, or 0 for never");
}

void check(const stream_options& options) { check_give_up_after(options.give_up_after); }

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
  return apply_give_up_after(tcp_fd, options.give_up_after);
}

}  // namespace heddle::io::detail
