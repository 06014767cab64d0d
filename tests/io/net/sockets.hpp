// SPDX-License-Identifier: MIT
// What tests of sockets share: connected pairs, bytes, and what /proc says of descriptors and
// threads.
#pragma once

#include <heddle/io/tcp.hpp>

#include "runtime/support/loops.hpp"

#include <cstddef>
#include <filesystem>
#include <fstream>
#include <map>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>

#include <sched.h>
#include <sys/types.h>
#include <unistd.h>

namespace heddle::test {

struct stream_pair {
  io::tcp_stream near;
  io::tcp_stream far;
};

/// Connects a stream to itself through a listener, which may be a unix: one.
inline stream_pair connected_pair(const io::endpoint& at = "127.0.0.1:0",
                                  const io::listen_options& options = {}) {
  io::tcp_listener listener = io::tcp_listener::bind(at, options);
  io::tcp_stream near = io::tcp_stream::connect(listener.local_endpoint());
  return {std::move(near), listener.accept()};
}

inline std::span<const std::byte> bytes(std::string_view text) {
  return std::as_bytes(std::span(text));
}

inline std::span<std::byte> room_in(std::string& text) {
  return std::as_writable_bytes(std::span(text));
}

inline std::string read_once(io::tcp_stream& from, std::size_t most = 4096) {
  std::string text(most, '\0');
  text.resize(from.read_some(room_in(text)));
  return text;
}

inline std::string read_exactly(io::tcp_stream& from, std::size_t size) {
  std::string text(size, '\0');
  from.read_exactly(room_in(text));
  return text;
}

/// Reads up to the end.
inline std::string read_all(io::tcp_stream& from) {
  std::string all;
  for (std::string more = read_once(from); !more.empty(); more = read_once(from)) all += more;
  return all;
}

/// Writes until the kernel takes no more and the caller would wait; in a fiber of its own this
/// parks.
inline std::error_code write_for_ever(io::tcp_stream& to) {
  const std::string block(65536, 'x');
  std::error_code error;
  while (!error) to.write_some(bytes(block), error);
  return error;
}

/// The descriptors that the process has open, and what they are; but those of its own files in
/// /proc, which the C library and the sanitizers open for a moment, on any thread.
inline std::map<int, std::string> open_descriptors() {
  std::map<int, std::string> open;
  const std::string own = "/proc/" + std::to_string(::getpid()) + "/";
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    const std::string what = std::filesystem::read_symlink(entry.path(), gone).string();
    if (!gone && !what.starts_with(own)) open[std::stoi(entry.path().filename().string())] = what;
  }
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

}  // namespace heddle::test
