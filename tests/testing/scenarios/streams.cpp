// SPDX-License-Identifier: MIT
// io's listeners and streams, on the simulated loopback: bytes arrive in order or not at all, and
// every socket is closed.
#include <heddle/io/serve.hpp>
#include <heddle/io/tcp.hpp>
#include <heddle/runtime.hpp>

#include "testing/scenarios/scenario.hpp"

#include <array>
#include <chrono>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

namespace heddle::test {

namespace {

using namespace std::chrono_literals;
using io::endpoint;
using io::tcp_listener;
using io::tcp_stream;

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

std::string read_all(tcp_stream& from) {
  std::string text;
  std::array<char, 16> piece{};
  std::error_code error;
  while (const auto bytes = from.read_some(std::as_writable_bytes(std::span(piece)), error)) {
    text.append(piece.data(), bytes);
  }
  return text;
}

struct echo {
  static constexpr std::string_view sent = "some bytes, and some more of them";
  std::string echoed;
  bool ended = false;
  void program() {
    tcp_listener listener = tcp_listener::bind(endpoint("127.0.0.1:0"));
    task_group both;
    both.spawn([&listener] {
      tcp_stream stream = listener.accept();
      std::array<std::byte, 8> piece;
      std::error_code error;  // as below
      while (const std::size_t bytes = stream.read_some(piece, error)) {
        stream.write_all(std::span(piece).first(bytes), error);
      }
    });
    both.run([&] {
      tcp_stream stream = tcp_stream::connect(listener.local_endpoint());
      stream.write_all(bytes_of(sent));
      stream.shutdown_write();
      echoed = read_all(stream);
      ended = true;
    });
  }
  void after() const {
    if (ended && echoed != sent) throw lost("the echo is '" + echoed + "'");
  }
};

struct slow_reader {
  static constexpr std::size_t length = 200'000;  // more than the window
  std::size_t arrived = 0;
  bool ended = false;
  void program() {
    tcp_listener listener = tcp_listener::bind(endpoint("127.0.0.1:0"));
    task_group both;
    both.spawn([&listener] {
      std::error_code error;
      std::array<std::byte, 1> answer;
      // A reader that is cancelled, or has no descriptor, closes or resets.
      for (bool answered = false; !answered;) {
        tcp_stream stream = tcp_stream::connect(listener.local_endpoint());
        stream.write_all(bytes_of(std::string(length, 'x')), error);
        answered = !error && stream.read_some(answer, error) == 1;
      }
    });
    both.run([&] {
      tcp_stream stream = listener.accept();
      this_fiber::sleep_for(10ms);
      stream.wait_readable();
      std::vector<std::byte> all(length);
      stream.read_exactly(all);
      arrived = all.size();
      std::error_code error;  // a writer that is cancelled is gone
      stream.write_all(std::span(all).first(1), error);
      ended = true;
    });
  }
  void after() const {
    if (ended) account("bytes", length, static_cast<long long>(arrived));
  }
};

struct nobody_there {
  int refused = 0;
  void program() {
    std::error_code error;
    for (const char* const nobody : {"127.0.0.1:9", "[::1]:9"}) {
      tcp_stream::connect(endpoint(nobody), {.timeout = 1s}, error);
      if (error != std::errc::connection_refused) throw std::system_error(error);
      ++refused;
    }
    account("refusals", 2, refused);
  }
  void after() {}
};

struct service {
  int served = 0;
  int answers = 0;
  void program() {
    tcp_listener listener = tcp_listener::bind(endpoint("127.0.0.1:0"));
    const endpoint where = listener.local_endpoint();
    task_group all;
    cancel_scope serving;
    all.spawn([&] {
      serving.run([&] {
        io::serve(listener, [this](tcp_stream stream) {
          ++served;
          std::error_code error;
          stream.write_all(bytes_of("hello"), error);
        });
      });
    });
    all.run([&] {
      // A service that is cancelled, or short of something, closes or resets whom it does not
      // serve.
      for (int tries = 0; answers < 2 && tries < 4; ++tries) {
        std::error_code error;
        tcp_stream stream = tcp_stream::connect(where, error);
        if (!error && read_all(stream) == "hello") ++answers;
      }
      serving.cancel();
    });
    this_fiber::checkpoint();  // cancelled: some may have got no answer
    account("answers", 2, answers);
  }
  void after() const {
    if (answers > served) throw lost("an answer came from nowhere");
  }
};

struct closed_meanwhile {
  int woken = 0;
  void program() {
    tcp_listener listener = tcp_listener::bind(endpoint("127.0.0.1:0"));
    task_group all;
    all.spawn([&] {
      std::error_code error;
      listener.accept(error);
      if (error) ++woken;
    });
    all.run([&] {
      this_fiber::sleep_for(1ms);
      listener.close();
    });
    account("waits that were ended", 1, woken);
  }
  void after() {}
};

}  // namespace

std::vector<scenario> stream_scenarios() {
  return {
      scenario_of<echo>("tcp_echo"),
      scenario_of<slow_reader>("tcp_slow_reader"),
      stand_alone<nobody_there>("connect"),
      scenario_of<service>("serve"),
      scenario_of<closed_meanwhile>("close_while_accepting"),
  };
}

}  // namespace heddle::test
