// SPDX-License-Identifier: MIT
// Raw servers that say what they like, for the time of one function.
#pragma once

#include <heddle/http/client.hpp>
#include <heddle/io/serve.hpp>
#include <heddle/io/tcp.hpp>
#include <heddle/runtime/runtime.hpp>
#include <heddle/runtime/task.hpp>
#include <heddle/runtime/this_fiber.hpp>

#include "http/message/cuts.hpp"
#include "io/net/sockets.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <system_error>

namespace heddle::test {

/// Calls `serve(stream)` for each client, on two loops, while `talk("http://127.0.0.1:port")` runs.
template <class Serve, class Talk>
void while_answering(Serve serve, Talk talk) {
  heddle::run(with_loops(2), [&] {
    io::tcp_listener listener = io::tcp_listener::bind("127.0.0.1:0");
    const std::string at = "http://" + listener.local_endpoint().to_string();
    task<void> serving = spawn([&] {
      io::serve(listener, [&](io::tcp_stream& client) { serve(client); },
                {.drain = std::chrono::nanoseconds::zero()});
    });
    talk(at);
    serving.cancel();
    EXPECT_THROW(serving.join(), task_cancelled);
  });
}

/// Reads up to and with the empty line behind a request's head. Returns: "" if there is none.
template <class Stream>
std::string read_request(Stream& from) {
  std::string head;
  std::error_code error;
  while (!head.ends_with("\r\n\r\n")) {
    std::string next(1, '\0');
    if (from.read_some(room_in(next), error) == 0) return "";
    head += next;
  }
  return head;
}

/// Sends `text` in pieces, each of which the client has the time to read alone.
inline void send_cut(io::tcp_stream& to, std::string_view text, const cut& sizes) {
  std::error_code error;
  for (const std::size_t size : sizes) {
    to.write_all(bytes(text.substr(0, size)), error);
    text.remove_prefix(size);
    this_fiber::yield();
  }
}

/// The error that `f` throws; a failure of the test if it throws none.
template <class F>
http::http_error error_of(F f) {
  try {
    f();
  } catch (const http::http_error& found) {
    return found;
  }
  ADD_FAILURE() << "nothing was thrown";
  return {{}, {}};
}

}  // namespace heddle::test
