// SPDX-License-Identifier: MIT
// What tests of sockets share: connected pairs, bytes, and what /proc says of descriptors and
// threads.
#pragma once

#include <heddle/io/tcp.hpp>
#include <heddle/runtime.hpp>

#include <cstddef>
#include <cstdlib>
#include <fstream>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include <dirent.h>
#include <sched.h>
#include <sys/types.h>

namespace heddle::io::test {

struct stream_pair {
  tcp_stream near;
  tcp_stream far;
};

/// Connects a stream to itself through a listener, which may be a unix: one.
inline stream_pair connected_pair(const endpoint& at = "127.0.0.1:0",
                                  const listen_options& options = {}) {
  tcp_listener listener = tcp_listener::bind(at, options);
  tcp_stream near = tcp_stream::connect(listener.local_endpoint());
  return {std::move(near), listener.accept()};
}

inline std::span<const std::byte> bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

inline std::span<std::byte> room_in(std::string& text) {
  return std::as_writable_bytes(std::span(text));
}

inline std::string read_once(tcp_stream& from, std::size_t most = 4096) {
  std::string text(most, '\0');
  text.resize(from.read_some(room_in(text)));
  return text;
}

inline std::string read_exactly(tcp_stream& from, std::size_t size) {
  std::string text(size, '\0');
  from.read_exactly(room_in(text));
  return text;
}

/// Reads up to the end.
inline std::string read_all(tcp_stream& from) {
  std::string all;
  for (std::string more = read_once(from); !more.empty(); more = read_once(from)) all += more;
  return all;
}

/// Writes until the kernel takes no more and the caller would wait; in a fiber of its own this
/// parks.
inline std::error_code write_for_ever(tcp_stream& to) {
  const std::string block(65536, 'x');
  std::error_code error;
  while (!error) to.write_some(bytes(block), error);
  return error;
}

/// The descriptors that the process has open.
inline std::set<int> open_descriptors() {
  std::set<int> open;
  DIR* const listing = ::opendir("/proc/self/fd");
  if (listing == nullptr) return open;
  while (const dirent* const entry = ::readdir(listing)) {
    const int fd = std::atoi(entry->d_name);
    if (entry->d_name[0] != '.' && fd != ::dirfd(listing)) open.insert(fd);
  }
  ::closedir(listing);
  return open;
}

/// Waits until a plain thread of this process sleeps in a system call.
inline void wait_until_asleep(pid_t thread) {
  const std::string path = "/proc/self/task/" + std::to_string(thread) + "/stat";
  for (;;) {
    std::ifstream file(path);
    std::string line;
    std::getline(file, line);
    const auto state = line.rfind(") ");  // the name before it may hold anything
    if (state != line.npos && line[state + 2] == 'S') return;
    ::sched_yield();
  }
}

/// Returns the defaults for a runtime with so many loops.
inline config on_loops(unsigned loops) {
  config settings;
  settings.loops = loops;
  return settings;
}

/// Lets every other fiber of a runtime with one loop run until it waits. There nobody is preempted,
/// so what they were to do before they wait has then been done.
inline void let_others_wait() {
  constexpr int rounds = 20;
  for (int i = 0; i < rounds; ++i) this_fiber::yield();
}

}  // namespace heddle::io::test
