// SPDX-License-Identifier: MIT
// A server and its client in one program, which is refused each request for memory, a mapping or a
// descriptor, one after the other: whoever asked is told, the next request is answered as if
// nothing had been, and nothing is left over. A program of its own: what it refuses must not meet
// other tests.
#include <heddle/http/client.hpp>
#include <heddle/http/server.hpp>
#include <heddle/http/websocket.hpp>
#include <heddle/io/tcp.hpp>
#include <heddle/runtime.hpp>
#include <heddle/testing/fault.hpp>
#include <heddle/tls/listener.hpp>

#include "io/stream/pieces.hpp"
#include "testing/resource_name.hpp"
#include "tls/support/tls_pair.hpp"

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <exception>
#include <new>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <tuple>
#include <utility>

namespace heddle::http {
namespace {

using namespace std::chrono_literals;
using testing::resource;

struct exchange {
  std::string_view name;
  void (*talk)(client& asks, const std::string& origin);
  bool over_tls = false;
};

/// Returns the body; a server that was refused memory says so as status 500.
std::string body_of(response got) {
  if (got.status() == 500) throw std::bad_alloc();
  return std::string(got.body());
}

void check(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(what);
}

/// Adds the routes that the exchanges use.
void fill(server& serves) {
  serves.get("/users/{id}", [](const request& asked) {
    return response::text("user " + std::string(asked.param("id")));
  });
  serves.get("/long", [](const request&) { return response::text(std::string(20'000, 'x')); });
  serves.files("/files/{path...}", HEDDLE_TEST_TREE "/tests/http");
  serves.stream("POST", "/echo",
                [](request_reader& in, response_writer& out) { io::copy(in, out); });
  serves.websocket("/feed", [](websocket& ws) {
    while (const auto message = ws.receive()) ws.send(*message);
  });
}

// Each takes a connection that may have been used before, and leaves one that may be used again.
const std::array exchanges{
    exchange{"get",
             [](client& asks, const std::string& origin) {
               check(body_of(asks.get(origin + "/users/7")) == "user 7", "an answer is not whole");
             }},
    exchange{"post",
             [](client& asks, const std::string& origin) {
               const std::string body(100'000, 'b');
               check(body_of(asks.post(origin + "/echo", body)) == body, "an echo is not whole");
             }},
    exchange{"compressed",
             [](client& asks, const std::string& origin) {
               check(body_of(asks.get(origin + "/long")) == std::string(20'000, 'x'),
                     "a text is not whole");
             }},
    exchange{"file",
             [](client& asks, const std::string& origin) {
               const std::string got = body_of(asks.get(origin + "/files/refusal_test.cpp"));
               check(got.starts_with("// SPDX") && got.ends_with("heddle::http\n"),
                     "a file is not whole");
             }},
    exchange{"streamed",
             [](client& asks, const std::string& origin) {
               test::pieces up(std::string(100'000, 'u'));
               test::sink into;
               client_request asked("POST", origin + "/echo");
               const response got = asks.stream(asked.body_from(up), into);
               body_of(got);
               check(into.text() == std::string(100'000, 'u'), "a stream is not whole");
             }},
    exchange{"get_over_tls",
             [](client& asks, const std::string& origin) {
               check(body_of(asks.get(origin + "/users/7")) == "user 7", "an answer is not whole");
             },
             true},
    exchange{"websocket",
             [](client&, const std::string& origin) {
               websocket feed = websocket::connect("ws" + origin.substr(4) + "/feed");
               const std::string text(5'000, 'm');
               feed.send(text);
               std::optional<websocket::message> back;
               try {
                 back = feed.receive();
               } catch (const std::bad_alloc&) {
                 std::error_code error;
                 back = feed.receive(error);
                 check(!back || back->data == text, "a message is another");
                 throw;
               }
               if (!back) throw std::bad_alloc();  // it had no memory, and has closed
               check(back->data == text, "a message is another");
               feed.close();
             }},
};

client_config asking_as() {
  client_config config;
  config.connections_per_host = 1;
  config.tls = test::test_client_options();
  return config;
}

/// Runs `one` three times, of which a single one may fail, and throws what that did: a client that
/// had lost its only connection could not go on.
template <class Listener>
void talk_thrice(const exchange& one, Listener listener, const std::string& scheme) {
  const std::string origin = scheme + "://" + listener.local_endpoint().to_string();
  server_config serving_as;
  serving_as.compress_from_bytes = 1'000;
  serving_as.on_failure = [](const handler_failure&) {};
  server serves(serving_as);
  fill(serves);
  task<void> serving = spawn([&] { serves.serve(listener); });
  client asks(asking_as());
  std::exception_ptr refused;
  for (int turn = 0; turn < 3; ++turn) {
    try {
      with_timeout(20s, [&] { one.talk(asks, origin); });
    } catch (const std::exception& error) {
      if (serving.done()) return serving.join();  // it could not even begin
      if (refused) throw std::runtime_error(std::string("another one fails, too: ") + error.what());
      refused = std::current_exception();
    }
  }
  check(asks.stats().waiting == 0 && asks.stats().open <= 1, "the pool has lost count");
  asks.close();
  listener.close();
  serving.join();
  if (refused) std::rethrow_exception(refused);
}

void program(const exchange& one) {
  io::tcp_listener listener = io::tcp_listener::bind("127.0.0.1:0");
  if (one.over_tls) {
    talk_thrice(one, tls::listener(std::move(listener), test::test_server_options()), "https");
  } else {
    talk_thrice(one, std::move(listener), "http");
  }
}

class http_refusals_of : public ::testing::TestWithParam<std::tuple<exchange, resource>> {};

TEST_P(http_refusals_of, are_told_and_the_next_is_answered) {
  const auto& [one, what] = GetParam();
  const auto report = testing::fail_each(what, [&one] {
    config settings;
    settings.loops = 1;
    runtime home(settings);  // with a thread of its own, which takes what it keeps along
    home.run([&one] { program(one); });
  });
  EXPECT_TRUE(report.ok()) << report.text();
  EXPECT_GE(report.told, 1U);
}

INSTANTIATE_TEST_SUITE_P(every, http_refusals_of,
                         ::testing::Combine(::testing::ValuesIn(exchanges),
                                            ::testing::Values(resource::allocation,
                                                              resource::mapping,
                                                              resource::descriptor)),
                         [](const auto& each) {
                           return std::string(std::get<exchange>(each.param).name) + "_" +
                                  test::name_of(std::get<resource>(each.param));
                         });

}  // namespace
}  // namespace heddle::http
