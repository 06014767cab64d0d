// SPDX-License-Identifier: MIT
// WebSockets that a client opens: with heddle's server over both schemes, and with servers that
// answer what they should not.
#include <heddle/http/server.hpp>
#include <heddle/http/websocket.hpp>

#include "http/support/encrypted.hpp"
#include "http/websocket/frames.hpp"
#include "websocket/handshake.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace heddle::http {
namespace {

using namespace std::chrono_literals;
using test::bytes;
using test::read_request;
using test::while_answering;
using ::testing::HasSubstr;

websocket_client_config trusting() {
  websocket_client_config config;
  config.connection = test::trusting();
  return config;
}

/// "ws://127.0.0.1:port" for what while_answering() calls "http://127.0.0.1:port".
std::string ws(const std::string& at) { return "ws" + at.substr(4); }

/// Runs `talk(ws, wss)` beside a server whose /echo says what it was asked with, then echoes.
template <class Talk>
void while_served(Talk talk) {
  server serves;
  websocket_config config;
  config.subprotocols = {"chat.v2", "chat.v1"};
  config.compression.enabled = io::toggle::on;
  serves.websocket(
      "/echo",
      [](websocket& with, const request& asked) {
        with.send(std::string(asked.header("X-Own").value_or("none")) +
                  (asked.is_encrypted() ? " sealed" : " open"));
        while (const auto message = with.receive()) with.send(*message);
      },
      config);
  serves.get("/page", [](const request&) { return response::text("a page"); });
  heddle::run(test::with_loops(2), [&] {
    io::tcp_listener open = io::tcp_listener::bind("127.0.0.1:0");
    tls::listener sealed(io::tcp_listener::bind("127.0.0.1:0"), test::test_server_options());
    task<void> one = spawn([&] { serves.serve(open); });
    task<void> other = spawn([&] { serves.serve(sealed); });
    talk("ws://" + open.local_endpoint().to_string(),
         "wss://" + sealed.local_endpoint().to_string());
    for (task<void>* each : {&one, &other}) {
      each->cancel();
      EXPECT_THROW(each->join(), task_cancelled);
    }
  });
}

/// What websocket::connect() throws of type Error.
template <class Error>
Error error_of(const std::string& where, const websocket_client_config& config = {}) {
  try {
    websocket::connect(where, config);
  } catch (const Error& found) {
    return found;
  }
  throw std::runtime_error("nothing was thrown for " + where);
}

TEST(websocket_connect, talks_to_a_server_over_both_schemes) {
  while_served([](const std::string& open, const std::string& sealed) {
    for (const std::string& at : {open, sealed}) {
      websocket_client_config config = trusting();
      config.websocket.subprotocols = {"chat.v1"};
      config.websocket.compression.enabled = io::toggle::on;
      config.header.set("X-Own", "mine");
      websocket with = websocket::connect(at + "/echo?a=b", config);
      EXPECT_EQ(with.receive()->data, at == open ? "mine open" : "mine sealed");
      EXPECT_EQ(with.subprotocol(), "chat.v1");
      EXPECT_TRUE(with.compresses());
      std::string large;
      for (int n = 0; large.size() < 1'000'000; ++n) large += std::to_string(n);
      with.send(large);
      EXPECT_TRUE(with.receive()->data == large);
      EXPECT_TRUE(with.close());
      websocket plain = websocket::connect(at + "/echo", trusting());
      EXPECT_EQ(plain.subprotocol(), "");
      EXPECT_FALSE(plain.compresses());
      EXPECT_TRUE(plain.close());
    }
  });
}

TEST(websocket_connect, a_refused_upgrade_has_the_status) {
  while_served([](const std::string& open, const std::string& sealed) {
    for (const std::string& at : {open, sealed}) {
      const auto missing = error_of<websocket_error>(at + "/none", trusting());
      EXPECT_EQ(missing.code(), websocket_errc::bad_handshake);
      EXPECT_EQ(missing.status(), 404);
      EXPECT_THAT(missing.what(), HasSubstr(at + "/none answered 404 Not Found, not 101"));
      EXPECT_EQ(error_of<websocket_error>(at + "/page", trusting()).status(), 200);
      websocket_client_config foreign = trusting();
      foreign.header.set("Origin", "http://other.example");
      EXPECT_EQ(error_of<websocket_error>(at + "/echo", foreign).status(), 403);
    }
  });
}

TEST(websocket_connect, says_who_could_not_be_reached_or_trusted) {
  while_served([](const std::string& open, const std::string& sealed) {
    const auto refused = error_of<http_error>("ws://127.0.0.1:1/x");
    EXPECT_EQ(refused.code(), std::errc::connection_refused);
    EXPECT_EQ(refused.phase(), client_phase::connect);
    EXPECT_EQ(refused.url(), "ws://127.0.0.1:1/x");
    const auto distrusted = error_of<http_error>(sealed + "/echo");
    EXPECT_EQ(distrusted.code(), tls::tls_errc::verify_failed);
    EXPECT_EQ(distrusted.phase(), client_phase::tls);
    EXPECT_EQ(error_of<http_error>("wss" + open.substr(2), trusting()).phase(), client_phase::tls);
  });
}

/// Answers a request with `text`, in which "{accept}" stands for what belongs to its key.
auto answering(std::string text) {
  return [text](io::tcp_stream& from) {
    const std::string asked = read_request(from);
    const std::size_t at = asked.find("Sec-WebSocket-Key: ");
    if (at == std::string::npos) return;
    std::string said = text;
    if (const std::size_t mark = said.find("{accept}"); mark != std::string::npos) {
      said.replace(mark, 8, detail::accept_key(asked.substr(at + 19, 24)));
    }
    std::error_code error;
    from.write_all(bytes(said), error);
    from.wait_readable(error);
  };
}

const std::string switching =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n";
const std::string accepted = switching + "Sec-WebSocket-Accept: {accept}\r\n";

struct hostile {
  std::string answer;
  int status;
  std::string_view why;
};

TEST(websocket_connect, answers_that_belong_to_no_such_request_are_refused) {
  const std::string wrong = "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n";
  const std::vector<hostile> table = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, "answered 200 OK, not 101"},
      {"HTTP/1.1 302 Found\r\nLocation: /x\r\n\r\n", 302, "answered 302 Found, not 101"},
      {switching + wrong + "\r\n", 0, "Sec-WebSocket-Accept"},
      {switching + "\r\n", 0, "Sec-WebSocket-Accept"},
      {accepted + wrong + "\r\n", 0, "Sec-WebSocket-Accept"},
      {"HTTP/1.1 101 x\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n", 0,
       "did not upgrade to websocket"},
      {accepted + "Sec-WebSocket-Protocol: other\r\n\r\n", 0, "which was not offered"},
      {accepted + "Sec-WebSocket-Protocol: one\r\nSec-WebSocket-Protocol: one\r\n\r\n", 0,
       "or two"},
      {accepted + "Sec-WebSocket-Extensions: permessage-deflate\r\n\r\n", 0,
       "which was not offered"},
      {accepted + "Sec-WebSocket-Extensions: x-private\r\n\r\n", 0, "which was not offered"},
  };
  for (const hostile& each : table) {
    while_answering(answering(each.answer), [&](const std::string& at) {
      websocket_client_config config;
      config.websocket.subprotocols = {"one", "two"};
      const auto found = error_of<websocket_error>(ws(at), config);
      EXPECT_EQ(found.code(), websocket_errc::bad_handshake);
      EXPECT_EQ(found.status(), each.status) << each.answer;
      EXPECT_THAT(found.what(), HasSubstr(std::string(each.why)));
    });
  }
}

TEST(websocket_connect, heads_that_are_none_are_errors_of_http) {
  std::string interims;
  for (int i = 0; i < 12; ++i) interims += "HTTP/1.1 102 Processing\r\n\r\n";
  for (const std::string& each : {std::string("SSH-2.0-x\r\n\r\n"), interims,
                                  "HTTP/1.1 101 x\r\nA: " + std::string(70000, 'x') + "\r\n\r\n"}) {
    while_answering(answering(each), [&](const std::string& at) {
      const auto found = error_of<http_error>(ws(at));
      EXPECT_EQ(found.code(), http_errc::malformed_response) << found.what();
      EXPECT_EQ(found.phase(), client_phase::header);
    });
  }
  const auto silent = [](io::tcp_stream& from) { read_request(from); };
  while_answering(silent, [&](const std::string& at) {
    EXPECT_EQ(error_of<http_error>(ws(at)).code(), http_errc::no_response);
  });
}

TEST(websocket_connect, what_lies_behind_the_answer_is_received) {
  const std::string interim = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";
  const std::string first = test::frame(test::fin | test::text, "first");
  const std::string half = test::frame(test::fin | test::text, "second").substr(0, 4);
  while_answering(answering(interim + accepted + "\r\n" + first + half), [](const std::string& at) {
    websocket with = websocket::connect(ws(at));
    EXPECT_EQ(with.receive()->data, "first");
    EXPECT_FALSE(move_on_after(20ms, [&] { with.receive(); }));
    with.abort();
  });
}

TEST(websocket_connect, a_server_that_does_not_answer_is_left_in_time) {
  const auto silent = [](io::tcp_stream& from) {
    read_request(from);
    std::error_code error;
    from.wait_readable(error);
  };
  while_answering(silent, [](const std::string& at) {
    websocket_client_config config;
    config.timeout = 30ms;
    const auto whole = error_of<http_error>(ws(at), config);
    EXPECT_EQ(whole.code(), std::errc::timed_out);
    EXPECT_EQ(whole.phase(), client_phase::header);
    config = {};
    config.connection.header_timeout = 30ms;
    EXPECT_EQ(error_of<http_error>(ws(at), config).code(), std::errc::timed_out);
  });
}

TEST(websocket_connect, says_what_cannot_be_asked) {
  heddle::run(test::with_loops(1), [] {
    for (const char* each : {"http://h/", "ws:h", "//h/", "", "ws://user@h/"}) {
      EXPECT_THROW(websocket::connect(each), std::invalid_argument) << each;
    }
    for (const char* each : {"Host", "sec-websocket-key", "Connection", "Content-Length"}) {
      websocket_client_config config;
      config.header.set(each, "x");
      EXPECT_THAT(error_of<std::invalid_argument>("ws://h/", config).what(), HasSubstr(each));
    }
    websocket_client_config config;
    config.timeout = 0ns;
    EXPECT_THAT(error_of<std::invalid_argument>("ws://h/", config).what(), HasSubstr("timeout"));
    config = {};
    config.websocket.limits.frame_bytes = 1;
    EXPECT_THROW(websocket::connect("ws://h/", config), std::invalid_argument);
    config = {};
    config.connection.header_bytes = 1;
    EXPECT_THROW(websocket::connect("ws://h/", config), std::invalid_argument);
  });
}

}  // namespace
}  // namespace heddle::http
