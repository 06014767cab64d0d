// SPDX-License-Identifier: MIT
// The client with heddle's own server: methods, bodies both ways, redirects, the pool.
#include <heddle/http/client.hpp>
#include <heddle/runtime/task_group.hpp>

#include "http/support/answering.hpp"
#include "http/support/served.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace heddle::http {
namespace {

using test::error_of;
using test::while_served;
using ::testing::HasSubstr;

/// A body of so many bytes that tells when some are missing or doubled.
struct numbers {
  std::size_t left;
  unsigned next = 0;
  std::size_t read_some(std::span<std::byte> into, std::error_code& error) {
    error.clear();
    const std::size_t bytes = std::min({into.size(), left, std::size_t{7001}});
    for (std::byte& each : into.first(bytes)) each = static_cast<std::byte>(next++ % 251);
    left -= bytes;
    return bytes;
  }
};

std::string number_text(std::size_t bytes) {
  std::string made(bytes, '\0');
  for (std::size_t at = 0; at < bytes; ++at) made[at] = static_cast<char>(at % 251);
  return made;
}

struct text_sink {
  std::string text;
  std::size_t write_some(std::span<const std::byte> from, std::error_code& error) {
    error.clear();
    text.append(reinterpret_cast<const char*>(from.data()), from.size());
    return from.size();
  }
};

void add_routes(server& into) {
  into.get("/hello", [](const request&) { return response::text("hello"); });
  into.get("/none", [](const request&) { return response(204); });
  into.get("/header", [](const request& asked) {
    std::string all;
    for (const field_view& each : asked.header()) {
      all.append(each.name).append(": ").append(each.value).append("\n");
    }
    return response::text(all).add("Set-Cookie", "a=1").add("Set-Cookie", "b=2");
  });
  into.post("/echo", [](const request& asked) {
    return response::text(std::string(asked.method()) + " " + std::string(asked.body()));
  });
  into.put("/echo",
           [](const request& asked) { return response(200).body(std::string(asked.body())); });
  into.stream("POST", "/through", [](request_reader& in, response_writer& out) {
    std::string piece(5000, '\0');
    while (const std::size_t bytes = in.read_some(test::room_in(piece))) {
      out.write(std::string_view(piece).substr(0, bytes));
    }
  });
  into.post("/seen", [](const request& asked) {
    return response::redirect("/hello", 303).set("X-Was", asked.method());
  });
  into.post("/again", [](const request&) { return response::redirect("/echo", 307); });
  into.get("/loop", [](const request&) { return response::redirect("loop"); });
  into.get("/away", [](const request& asked) { return response::redirect(*asked.query("to")); });
  into.get("/ftp", [](const request&) { return response::redirect("ftp://h/"); });
}

/// Runs `talk(client, "http://127.0.0.1:port")` beside a server with the routes above.
template <class Talk>
void with_client(Talk talk, const client_config& config = {}) {
  server_config settings;
  settings.body_bytes = 64 * 1024 * 1024;
  settings.on_failure = [](const handler_failure&) {};
  server serves(settings);
  add_routes(serves);
  while_served(serves, [&](const io::endpoint& at) {
    client asks(config);
    talk(asks, "http://" + at.to_string());
    EXPECT_EQ(asks.stats().open, asks.stats().idle);
    EXPECT_EQ(asks.stats().waiting, 0U);
  });
}

TEST(http_client, gets_and_posts_over_one_connection) {
  with_client([](client& asks, const std::string& at) {
    const response hello = asks.get(at + "/hello");
    EXPECT_EQ(hello.status(), 200);
    EXPECT_EQ(hello.body(), "hello");
    EXPECT_EQ(hello.header("Content-Type"), "text/plain; charset=utf-8");
    EXPECT_EQ(hello.header("Content-Length"), std::nullopt);
    EXPECT_EQ(asks.post(at + "/echo", "a body").body(), "POST a body");
    EXPECT_EQ(asks.post(at + "/echo", "").body(), "POST ");
    EXPECT_EQ(asks.get(at + "/none").status(), 204);
    EXPECT_EQ(asks.get(at + "/missing").status(), 404);
    client_request head("HEAD", at + "/hello");
    const client_response only_head = asks.open(head);
    EXPECT_EQ(only_head.header().get("Content-Length"), "5");
    EXPECT_EQ(asks.request(head).body(), "");
    EXPECT_EQ(asks.stats().connections, 1U);
    EXPECT_EQ(asks.stats().requests, 7U);
  });
}

TEST(http_client, sends_the_fields_that_it_is_given_and_a_host) {
  with_client([](client& asks, const std::string& at) {
    client_request asked("GET", at + "/header");
    asked.set("X-One", "1");
    asked.add("X-Two", "2").add("X-Two", "3");
    const response seen = asks.request(asked);
    EXPECT_EQ(seen.body(),
              "Host: " + url(at).authority() +
                  "\nUser-Agent: heddle\nAccept-Encoding: gzip\nX-One: 1\nX-Two: 2\nX-Two: 3\n");
    std::vector<std::string> cookies;
    seen.header().for_each([&](const field_view& each) {
      if (each.name == "Set-Cookie") cookies.emplace_back(each.value);
    });
    EXPECT_EQ(cookies, (std::vector<std::string>{"a=1", "b=2"}));
  });
}

TEST(http_client, refuses_fields_that_it_writes_itself) {
  client_request asked("GET", "http://h/");
  for (const std::string_view name :
       {"Host", "content-length", "Transfer-Encoding", "Connection", "Expect", "Upgrade"}) {
    EXPECT_THROW(asked.set(name, "x"), std::invalid_argument) << name;
    EXPECT_THROW(asked.add(name, "x"), std::invalid_argument) << name;
  }
  EXPECT_THROW(asked.set("X", "a\r\nY: b"), std::invalid_argument);
  EXPECT_THROW(client_request("GET /", "http://h/"), std::invalid_argument);
  EXPECT_THROW(client_request("CONNECT", "http://h/"), std::invalid_argument);
  EXPECT_THROW(asked.timeout(std::chrono::nanoseconds::zero()), std::invalid_argument);
}

TEST(http_client, names_the_limit_that_cannot_be) {
  const auto refused = [](auto member, auto value) -> std::string {
    client_config config;
    config.*member = value;
    try {
      const client made(config);
    } catch (const std::invalid_argument& found) {
      return found.what();
    }
    return "";
  };
  EXPECT_THAT(refused(&client_config::connections, 0U),
              HasSubstr("client_config::connections is 0"));
  EXPECT_THAT(refused(&client_config::connections_per_host, 0U), HasSubstr("connections_per_host"));
  EXPECT_THAT(refused(&client_config::header_bytes, 1U), HasSubstr("header_bytes is 1"));
  EXPECT_THAT(refused(&client_config::pool_wait, std::chrono::seconds{0}), HasSubstr("pool_wait"));
  EXPECT_THAT(refused(&client_config::request_timeout, std::chrono::seconds{-1}),
              HasSubstr("request_timeout is not positive"));
  EXPECT_THAT(refused(&client_config::user_agent, "a\r\nb"), HasSubstr("user_agent"));
}

TEST(http_client, large_bodies_go_both_ways_whole) {
  static constexpr std::size_t bytes = 3'000'000;
  with_client([](client& asks, const std::string& at) {
    EXPECT_EQ(asks.request(client_request("PUT", at + "/echo").body(number_text(bytes))).body(),
              number_text(bytes));
    for (const bool sized : {false, true}) {
      numbers from{bytes};
      client_request asked("POST", at + "/through");
      asked.body_from(from, sized ? std::optional<std::uint64_t>(bytes) : std::nullopt);
      text_sink into;
      EXPECT_EQ(asks.stream(asked, into).status(), 200);
      EXPECT_EQ(into.text, number_text(bytes));
    }
    EXPECT_EQ(asks.stats().connections, 1U);
  });
}

TEST(http_client, a_source_that_fails_or_ends_early_fails_the_request) {
  with_client([](client& asks, const std::string& at) {
    numbers short_one{1000};
    client_request asked("PUT", at + "/echo");
    asked.body_from(short_one, 2000);
    const http_error cut = error_of([&] { asks.request(asked); });
    EXPECT_EQ(cut.code(), http_errc::body_cut_off);
    EXPECT_EQ(cut.phase(), client_phase::send);
    struct throwing {
      std::size_t read_some(std::span<std::byte>, std::error_code&) {
        throw std::runtime_error("no more ink");
      }
    } throws;
    asked.body_from(throws);
    EXPECT_THROW(asks.request(asked), std::runtime_error);
    EXPECT_EQ(asks.get(at + "/hello").body(), "hello");
  });
}

TEST(http_client, follows_redirects) {
  with_client([](client& asks, const std::string& at) {
    EXPECT_EQ(asks.post(at + "/seen", "x").body(), "hello");
    EXPECT_EQ(asks.post(at + "/again", "kept").body(), "POST kept");
    EXPECT_EQ(asks.open(client_request("GET", at + "/away?to=hello")).where().path(), "/hello");
    EXPECT_EQ(asks.stats().redirects, 3U);
    const http_error many = error_of([&] { asks.get(at + "/loop"); });
    EXPECT_EQ(many.code(), http_errc::too_many_redirects);
    EXPECT_EQ(many.url(), at + "/loop");
    EXPECT_EQ(error_of([&] { asks.get(at + "/ftp"); }).code(), http_errc::redirect_refused);
    numbers once{10};
    client_request asked("POST", at + "/again");
    asked.body_from(once);
    EXPECT_EQ(asks.request(asked).status(), 307);  // a source is not read twice
  });
}

TEST(http_client, gives_the_redirect_itself_if_it_is_to_follow_none) {
  with_client(
      [](client& asks, const std::string& at) {
        EXPECT_EQ(asks.get(at + "/loop").header("Location"), "loop");
      },
      {.redirects = 0});
}

TEST(http_client, keeps_secrets_from_another_origin) {
  with_client([](client& asks, const std::string& at) {
    client_request asked("GET", at + "/away?to=/header");
    asked.set("Authorization", "secret").set("Cookie", "c").set("X-Other", "o");
    EXPECT_THAT(asks.request(asked).body(), HasSubstr("Authorization: secret\nCookie: c\nX-Other"));
    server other;
    add_routes(other);
    io::tcp_listener listener = io::tcp_listener::bind("127.0.0.1:0");
    task<void> serving = spawn([&] { other.serve(listener); });
    const std::string there = "http://" + listener.local_endpoint().to_string() + "/header";
    client_request across("GET", at + "/away?to=" + there);
    across.set("Authorization", "secret").set("Cookie", "c").set("X-Other", "o");
    const std::string seen = asks.request(across).body();
    EXPECT_THAT(seen, HasSubstr("X-Other: o"));
    EXPECT_EQ(seen.find("secret"), std::string::npos) << seen;
    EXPECT_EQ(seen.find("Cookie"), std::string::npos) << seen;
    asks.close();
    serving.cancel();
    EXPECT_THROW(serving.join(), task_cancelled);
  });
}

TEST(http_client, two_hundred_fibers_share_two_connections) {
  with_client(
      [](client& asks, const std::string& at) {
        std::atomic<int> answered{0};
        task_group all;
        for (int i = 0; i < 200; ++i) {
          all.spawn([&] {
            for (int n = 0; n < 5; ++n) answered += asks.get(at + "/hello").body() == "hello";
          });
        }
        all.join();
        EXPECT_EQ(answered, 1000);
        EXPECT_EQ(asks.stats().connections, 2U);
        EXPECT_EQ(asks.stats().idle, 2U);
      },
      {.pool_wait = std::chrono::seconds{30}, .connections_per_host = 2});
}

TEST(http_client, a_full_pool_refuses_after_a_while_and_serves_when_one_comes_back) {
  with_client(
      [](client& asks, const std::string& at) {
        std::optional<client_response> holds = asks.open(client_request("GET", at + "/header"));
        const http_error full = error_of([&] { asks.get(at + "/hello"); });
        EXPECT_EQ(full.code(), http_errc::pool_exhausted);
        EXPECT_EQ(full.phase(), client_phase::pool);
        EXPECT_THAT(full.what(),
                    HasSubstr("GET " + at + "/hello: failed waiting for a connection"));
        holds.reset();  // with its body unread: the connection is closed, its slot comes back
        EXPECT_EQ(asks.get(at + "/hello").body(), "hello");
        EXPECT_EQ(asks.stats().connections, 2U);
      },
      {.pool_wait = std::chrono::milliseconds{20}, .connections_per_host = 1});
}

TEST(http_client, closed_it_serves_nobody_and_ends_waits) {
  with_client(
      [](client& asks, const std::string& at) {
        client_response holds = asks.open(client_request("GET", at + "/header"));
        task<void> waits = spawn([&] {
          EXPECT_EQ(error_of([&] { asks.get(at + "/hello"); }).code(), http_errc::client_closed);
        });
        while (asks.stats().waiting == 0) this_fiber::yield();
        asks.close();
        waits.join();
        EXPECT_EQ(error_of([&] { asks.get(at + "/hello"); }).code(), http_errc::client_closed);
        EXPECT_THAT(holds.read_all(10000), HasSubstr("Host"));
        EXPECT_EQ(asks.stats().open, 0U);
      },
      {.pool_wait = std::chrono::seconds{30}, .connections_per_host = 1});
}

TEST(http_client, a_response_may_outlive_its_client) {
  with_client([](client&, const std::string& at) {
    std::optional<client> asks(std::in_place);
    client_response left = asks->open(client_request("GET", at + "/header"));
    asks.reset();
    EXPECT_THAT(left.read_all(10000), HasSubstr("Host"));
  });
}

TEST(http_client, a_response_that_was_moved_from_says_so) {
  with_client([](client& asks, const std::string& at) {
    client_response from = asks.open(client_request("GET", at + "/header"));
    client_response moved = std::move(from);
    EXPECT_EQ(moved.status(), 200);
    // NOLINTBEGIN(bugprone-use-after-move): that is the question
    EXPECT_THROW(from.status(), std::logic_error);
    EXPECT_THROW(from.header(), std::logic_error);
    EXPECT_THROW(from.trailer(), std::logic_error);
    EXPECT_THROW(from.where(), std::logic_error);
    EXPECT_THROW(from.read_all(1), std::logic_error);
    // NOLINTEND(bugprone-use-after-move)
  });
}

TEST(http_client, says_that_nobody_listens) {
  with_client([](client& asks, const std::string&) {
    const http_error refused = error_of([&] { asks.get("http://127.0.0.1:1/x"); });
    EXPECT_EQ(refused.code(), std::errc::connection_refused);
    EXPECT_EQ(refused.phase(), client_phase::connect);
    EXPECT_THAT(refused.what(), HasSubstr("GET http://127.0.0.1:1/x: failed connecting"));
    EXPECT_THROW(asks.get("nonsense"), std::invalid_argument);
  });
}

}  // namespace
}  // namespace heddle::http
