// SPDX-License-Identifier: MIT
// A server that runs for the time of one function, and raw clients that say to it what they like.
#pragma once

#include <heddle/http/server.hpp>
#include <heddle/io/tcp.hpp>
#include <heddle/runtime/runtime.hpp>
#include <heddle/runtime/task.hpp>

#include "io/net/sockets.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>

namespace heddle::test {

/// Serves `server` on two loops while `talk(endpoint)` runs.
template <class Talk>
void while_served(http::server& server, Talk talk) {
  heddle::run(with_loops(2), [&] {
    io::tcp_listener listener = io::tcp_listener::bind("127.0.0.1:0");
    const io::endpoint at = listener.local_endpoint();
    task<void> serving = spawn([&] { server.serve(listener); });
    talk(at);
    serving.cancel();
    EXPECT_THROW(serving.join(), task_cancelled);
  });
}

/// Returns `text` without its Date lines, which must be there, one a head.
inline std::string without_dates(std::string text) {
  for (std::size_t at = text.find("Date: "); at != std::string::npos; at = text.find("Date: ")) {
    text.erase(at, text.find("\r\n", at) + 2 - at);
  }
  return text;
}

/// Sends `request` over a connection of its own and returns all that comes back.
inline std::string ask(const io::endpoint& server, std::string_view request) {
  io::tcp_stream stream = io::tcp_stream::connect(server);
  std::error_code error;
  stream.write_all(bytes(request), error);  // a server that refuses may have closed
  std::string answer;
  std::string piece(4096, '\0');
  while (const std::size_t count = stream.read_some(room_in(piece), error)) {
    answer.append(piece, 0, count);
  }
  if (error) answer += " (" + error.message() + ")";
  return without_dates(answer);
}

/// Reads the head of an answer, up to and with its empty line.
inline std::string read_head(io::tcp_stream& from) {
  std::string head;
  while (!head.ends_with("\r\n\r\n")) {
    const std::string next = read_once(from, 1);
    if (next.empty()) return head + "(end)";
    head += next;
  }
  return without_dates(head);
}

}  // namespace heddle::test
