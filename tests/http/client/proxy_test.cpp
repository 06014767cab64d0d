// SPDX-License-Identifier: MIT
// The client by a proxy: requests given whole, tunnels, who is asked for what, and refusals.
#include <heddle/http/client.hpp>
#include <heddle/http/server.hpp>
#include <heddle/http/websocket.hpp>
#include <heddle/io/copy.hpp>
#include <heddle/runtime/gather.hpp>

#include "http/support/encrypted.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace heddle::http {
namespace {

using test::bytes;
using test::error_of;
using test::read_request;
using test::while_answering;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::StartsWith;

/// A proxy that keeps the heads that it was given. Tunnels lead to `inside`, wherever they were to
/// lead; requests that it is given whole it answers itself.
struct recording_proxy {
  io::endpoint inside = {};
  std::mutex guard = {};
  std::vector<std::string> heads = {};

  void operator()(io::tcp_stream& from) {
    for (;;) {
      const std::string head = read_request(from);
      if (head.empty()) return;
      {
        const std::lock_guard lock(guard);
        heads.push_back(head);
      }
      std::error_code error;
      if (head.starts_with("CONNECT ")) return tunnel(from);
      from.write_all(bytes("HTTP/1.1 200 OK\r\nContent-Length: 8\r\n\r\nby proxy"), error);
    }
  }

  void tunnel(io::tcp_stream& from) const {
    io::tcp_stream to = io::tcp_stream::connect(inside);
    from.write_all(bytes("HTTP/1.1 200 Connection established\r\n\r\n"));
    const auto carry = [](io::tcp_stream& source, io::tcp_stream& sink) {
      try {
        io::copy(source, sink);
        sink.shutdown_write();
      } catch (const io::io_error&) {
        sink.abort();
      }
    };
    gather([&] { carry(from, to); }, [&] { carry(to, from); });
  }
};

/// Runs `talk("http://127.0.0.1:port")` with the URL of `by`.
template <class Talk>
void while_proxied(recording_proxy& by, Talk talk) {
  while_answering([&](io::tcp_stream& from) { by(from); }, talk);
}

client_config by_proxy(const std::string& at) {
  client_config config = test::trusting();
  config.proxy = proxy_config{.http = at, .https = at};
  return config;
}

std::string with_user(std::string at) { return at.insert(7, "u:p%40w@"); }

TEST(proxy, is_given_plain_requests_whole_over_shared_connections) {
  recording_proxy by;
  while_proxied(by, [&](const std::string& at) {
    client asks(by_proxy(with_user(at)));
    EXPECT_EQ(asks.get("http://one.test/a?b=c").body(), "by proxy");
    EXPECT_EQ(asks.get("http://two.test:81/").body(), "by proxy");
    EXPECT_EQ(asks.stats().connections, 1U);
    EXPECT_THAT(
        by.heads,
        ElementsAre(StartsWith("GET http://one.test/a?b=c HTTP/1.1\r\nHost: one.test\r\n"
                               "Proxy-Authorization: Basic dTpwQHc=\r\n"),
                    StartsWith("GET http://two.test:81/ HTTP/1.1\r\nHost: two.test:81\r\n")));
  });
}

TEST(proxy, makes_tunnels_for_https_in_which_the_server_is_verified) {
  server serves;
  serves.get("/", [](const request& asked) {
    return response::text("sealed " + std::string(asked.header("Host").value_or("")) +
                          std::string(asked.header("Proxy-Authorization").value_or(" no secret")));
  });
  serves.websocket("/feed", [](websocket& with) { with.send("hello"); });
  recording_proxy by;
  while_proxied(by, [&](const std::string& at) {
    tls::listener listener(io::tcp_listener::bind("127.0.0.1:0"), test::test_server_options());
    by.inside = listener.local_endpoint();
    task<void> serving = spawn([&] { serves.serve(listener); });
    client_config config = by_proxy(with_user(at));
    {
      client asks(config);
      EXPECT_EQ(asks.get("https://localhost").body(), "sealed localhost no secret");
      EXPECT_EQ(asks.get("https://localhost").body(), "sealed localhost no secret");
      EXPECT_EQ(asks.stats().connections, 1U);
      const http_error other = error_of([&] { asks.get("https://other.test/"); });
      EXPECT_EQ(other.code(), tls::tls_errc::host_mismatch);
      websocket with = websocket::connect("wss://localhost:7/feed", {.connection = config});
      EXPECT_EQ(with.receive()->data, "hello");
    }
    serving.cancel();
    EXPECT_THROW(serving.join(), task_cancelled);
    ASSERT_EQ(by.heads.size(), 3U);
    EXPECT_THAT(by.heads[0],
                StartsWith("CONNECT localhost:443 HTTP/1.1\r\nHost: localhost:443\r\n"));
    EXPECT_THAT(by.heads[0], HasSubstr("\r\nProxy-Authorization: Basic dTpwQHc=\r\n"));
    EXPECT_THAT(by.heads[1], StartsWith("CONNECT other.test:443 HTTP/1.1\r\n"));
    EXPECT_THAT(by.heads[2], StartsWith("CONNECT localhost:7 HTTP/1.1\r\n"));
  });
}

TEST(proxy, makes_tunnels_for_websockets_that_are_not_encrypted) {
  server serves;
  serves.websocket("/feed", [](websocket& with) { with.send("hello"); });
  recording_proxy by;
  while_proxied(by, [&](const std::string& at) {
    io::tcp_listener listener = io::tcp_listener::bind("127.0.0.1:0");
    by.inside = listener.local_endpoint();
    task<void> serving = spawn([&] { serves.serve(listener); });
    websocket with = websocket::connect("ws://feed.test/feed", {.connection = by_proxy(at)});
    EXPECT_EQ(with.receive()->data, "hello");
    EXPECT_EQ(with.receive(), std::nullopt);
    serving.cancel();
    EXPECT_THROW(serving.join(), task_cancelled);
    EXPECT_THAT(by.heads, ElementsAre(StartsWith("CONNECT feed.test:80 HTTP/1.1\r\n")));
  });
}

TEST(proxy, is_named_by_the_environment_once_and_passed_by_for_some) {
  recording_proxy by;
  while_proxied(by, [&](const std::string& at) {
    ::setenv("http_proxy", at.c_str(), 1);
    client asks;
    ::unsetenv("http_proxy");
    EXPECT_EQ(asks.get("http://one.test/").body(), "by proxy");
    EXPECT_THAT(asks.get(at).body(), "by proxy");  // loopback: directly
    EXPECT_THAT(by.heads, ElementsAre(StartsWith("GET http://one.test/"), StartsWith("GET / ")));
    client_config config = by_proxy("http://127.0.0.1:1");
    config.proxy->bypass = "127.0.0.0/8";
    EXPECT_EQ(client(config).get(at).body(), "by proxy");
    EXPECT_EQ(client({.proxy = proxy_config{}}).get(at).body(), "by proxy");
    ::setenv("all_proxy", "socks5://h:1", 1);
    client cannot;
    ::unsetenv("all_proxy");
    const http_error found = error_of([&] { cannot.get("http://one.test/"); });
    EXPECT_EQ(found.code(), http_errc::proxy_unusable);
    EXPECT_EQ(found.phase(), client_phase::proxy);
    EXPECT_EQ(cannot.get(at).body(), "by proxy");
  });
}

struct unhelpful {
  std::string_view said;
  std::error_code code;
  std::string_view why;
};

TEST(proxy, that_refuses_or_says_what_it_should_not_is_named) {
  const std::error_code refused = http_errc::proxy_refused;
  const std::error_code malformed = http_errc::malformed_response;
  const std::string_view needs_user = "HTTP/1.1 407 Who are you\r\nContent-Length: 2\r\n\r\nno";
  const std::vector<unhelpful> table = {
      {needs_user, refused, " answered 407 Who are you"},
      {"HTTP/1.1 503 Busy\r\n\r\n", refused, " answered 503 Busy"},
      {"HTTP/1.1 301 Moved\r\nLocation: http://x/\r\n\r\n", refused, " answered 301 Moved"},
      {"SSH-2.0\r\n\r\n", malformed, "127.0.0.1"},
      {"HTTP/1.1 200 OK\r\n\r\nHTTP/1.1 200 OK\r\n\r\n", malformed, "before the server could"},
      {"", http_errc::no_response, "127.0.0.1"},
  };
  for (const unhelpful& each : table) {
    const auto serve = [&](io::tcp_stream& from) {
      read_request(from);
      std::error_code error;
      from.write_all(bytes(each.said), error);
    };
    while_answering(serve, [&](const std::string& at) {
      client asks(by_proxy(with_user(at)));
      const http_error found = error_of([&] { asks.get("https://h.test/"); });
      EXPECT_EQ(found.code(), each.code) << found.what();
      EXPECT_EQ(found.phase(), client_phase::proxy);
      EXPECT_THAT(found.what(), HasSubstr(at));
      EXPECT_THAT(found.what(), HasSubstr(std::string(each.why)));
      EXPECT_EQ(std::string_view(found.what()).find("p%40w"), std::string_view::npos);
      EXPECT_EQ(asks.stats().open, 0U);
      if (each.said != needs_user) return;
      const http_error plain = error_of([&] { asks.get("http://h.test/"); });
      EXPECT_EQ(plain.code(), refused);
      EXPECT_THAT(plain.what(), HasSubstr(at + " answered 407 Who are you"));
    });
  }
}

TEST(proxy, that_is_not_there_or_silent_is_named) {
  const auto silent = [](io::tcp_stream& from) {
    read_request(from);
    std::error_code error;
    from.wait_readable(error);
  };
  while_answering(silent, [](const std::string& at) {
    const http_error gone =
        error_of([] { client(by_proxy("http://127.0.0.1:1")).get("http://h.test/"); });
    EXPECT_EQ(gone.code(), std::errc::connection_refused);
    EXPECT_EQ(gone.phase(), client_phase::connect);
    EXPECT_THAT(gone.what(), HasSubstr("to the proxy http://127.0.0.1:1"));
    client_config config = by_proxy(at);
    config.connect_timeout = std::chrono::milliseconds{50};
    const http_error late = error_of([&] { client(config).get("https://h.test/"); });
    EXPECT_EQ(late.code(), std::errc::timed_out);
    EXPECT_EQ(late.phase(), client_phase::proxy);
    EXPECT_THAT(late.what(), HasSubstr(at));
  });
}

}  // namespace
}  // namespace heddle::http
