// SPDX-License-Identifier: MIT
// What tests of the fault proxy share: a service that echoes, proxies in front of it, and the proof
// that it still serves.
#pragma once

#include <heddle/io.hpp>
#include <heddle/testing/fault_proxy.hpp>

#include "io/net/sockets.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <cstdint>
#include <string>
#include <system_error>
#include <utility>

namespace heddle::test {

/// Sends back what it reads, until the end. For fibers.
class echo_service {
 public:
  echo_service()
      : listener_(io::tcp_listener::bind("127.0.0.1:0")), server_(spawn([this] {
          io::serve(listener_, echo, {.drain = std::chrono::nanoseconds{0}});
        })) {}
  ~echo_service() {
    listener_.close();
    server_.join();
  }
  echo_service(const echo_service&) = delete;
  echo_service& operator=(const echo_service&) = delete;

  io::endpoint where() const { return listener_.local_endpoint(); }

 private:
  static void echo(io::tcp_stream& peer) {
    std::error_code error;
    std::string room(65536, '\0');
    while (const std::size_t bytes = peer.read_some(room_in(room), error)) {
      peer.write_all(bytes_of(room, bytes), error);
      if (error) return;
    }
  }
  static std::span<const std::byte> bytes_of(const std::string& text, std::size_t count) {
    return bytes(std::string_view(text).substr(0, count));
  }

  io::tcp_listener listener_;
  task<void> server_;
};

inline io::tcp_stream connect_to(const testing::fault_proxy& proxy) {
  return io::tcp_stream::connect(proxy.local_endpoint());
}

/// Writes a text and reads as many bytes.
inline std::string echoed(io::tcp_stream& over, std::string_view text) {
  over.write_all(bytes(text));
  return read_exactly(over, text.size());
}

/// How a stream ended: what was read before, and the error, or none at its end.
struct last_words {
  std::string text;
  std::error_code error;
};

inline last_words read_to_the_end(io::tcp_stream& from) {
  last_words all;
  std::string room(4096, '\0');
  while (const std::size_t more = from.read_some(room_in(room), all.error)) {
    all.text.append(room, 0, more);
  }
  return all;
}

/// How a connection ends that is reset right after it was accepted: connecting may see that.
inline std::error_code error_of_newcomer(const testing::fault_proxy& proxy) {
  std::error_code error;
  io::tcp_stream client = io::tcp_stream::connect(proxy.local_endpoint(), error);
  return error ? error : read_to_the_end(client).error;
}

/// Bytes in which neighbours and pages differ.
inline std::string numbered_bytes(std::size_t size) {
  std::string text(size, '\0');
  for (std::size_t at = 0; at < size; ++at) text[at] = static_cast<char>(at * 7 + at / 251);
  return text;
}

/// Whether nothing comes for a while.
inline bool stays_silent(io::tcp_stream& over) {
  return !move_on_after(std::chrono::milliseconds{60}, [&over] { return read_once(over); });
}

inline void expect_recovery(testing::fault_proxy& proxy) {
  proxy.set_plan({});
  proxy.treat(testing::newcomers::accept);
  io::tcp_stream fresh = connect_to(proxy);
  EXPECT_EQ(echoed(fresh, "and the service recovers"), "and the service recovers");
  fresh.shutdown_write();
  EXPECT_EQ(read_once(fresh), "");
}

/// Runs `body(proxy)` beside an echo service, then sees that it still serves.
template <class Body>
void through_proxy(const testing::fault_proxy_options& options, Body body) {
  run(with_loops(2), [&] {
    echo_service service;
    testing::fault_proxy proxy(service.where(), options);
    body(proxy);
    expect_recovery(proxy);
  });
}

template <class Body>
void through_proxy(const testing::proxy_plan& plan, Body body) {
  through_proxy(testing::fault_proxy_options{.plan = plan}, std::move(body));
}

}  // namespace heddle::test
