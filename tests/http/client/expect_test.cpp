// SPDX-License-Identifier: MIT
// Bodies that wait for a 100, and fields that come behind a body.
#include <heddle/http/client.hpp>
#include <heddle/http/server.hpp>

#include "http/support/answering.hpp"
#include "http/support/served.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <optional>
#include <string>
#include <string_view>

namespace heddle::http {
namespace {

using namespace std::chrono_literals;
using test::bytes;
using test::error_of;
using test::read_request;
using test::while_answering;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view good = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood";

/// A body of `left` bytes that counts how often it is read.
struct counted {
  std::size_t left;
  std::atomic<int> reads = 0;
  std::size_t read_some(std::span<std::byte> into, std::error_code& error) {
    ++reads;
    error.clear();
    const std::size_t bytes = std::min(into.size(), left);
    std::fill_n(into.begin(), bytes, std::byte{'x'});
    left -= bytes;
    return bytes;
  }
};

/// Waits for ever for a server that says nothing.
client_config patient(std::uint64_t least = 10) {
  return {.expect_continue_bytes = least, .expect_continue_wait = 1h};
}

TEST(client_expect, a_body_waits_until_the_server_wants_it) {
  const auto serve = [](io::tcp_stream& from) {
    while (true) {
      const std::string head = read_request(from);
      if (head.empty()) return;
      EXPECT_THAT(head, HasSubstr("\r\nExpect: 100-continue\r\n"));
      std::error_code error;
      from.write_all(bytes("HTTP/1.1 103 Early Hints\r\n\r\n"), error);
      this_fiber::yield();
      EXPECT_FALSE(from.is_readable());
      from.write_all(bytes("HTTP/1.1 100 Continue\r\n\r\n"), error);
      std::string body(20, '\0');
      from.read_exactly(test::room_in(body), error);
      EXPECT_EQ(body, std::string(20, 'x'));
      from.write_all(bytes(good), error);
    }
  };
  while_answering(serve, [](const std::string& at) {
    client asks(patient());
    EXPECT_EQ(asks.post(at, std::string(20, 'x')).body(), "good");
    counted from{20};
    client_request asked("PUT", at);
    asked.body_from(from, 20);
    EXPECT_EQ(asks.request(asked).body(), "good");
    EXPECT_EQ(asks.stats().connections, 1U);
  });
}

TEST(client_expect, heddles_server_says_so_and_a_refusal_spares_the_body) {
  server serves;
  serves.stream("POST", "/length", [](request_reader& in, response_writer& out) {
    std::size_t all = 0;
    std::string piece(5000, '\0');
    while (const std::size_t bytes = in.read_some(test::room_in(piece))) all += bytes;
    out.write(std::to_string(all));
  });
  serves.stream("POST", "/refuses",
                [](request_reader&, response_writer& out) { out.status(403).write("no"); });
  test::while_served(serves, [](const io::endpoint& at) {
    const std::string url = "http://" + at.to_string();
    client asks(patient());
    EXPECT_EQ(asks.post(url + "/length", std::string(3'000'000, 'x')).body(), "3000000");
    counted chunked{100'000};
    client_request unsized("POST", url + "/length");
    unsized.body_from(chunked);
    EXPECT_EQ(asks.request(unsized).body(), "100000");
    counted spared{100'000};
    client_request refused("POST", url + "/refuses");
    refused.body_from(spared);
    EXPECT_EQ(asks.request(refused).status(), 403);
    EXPECT_EQ(spared.reads, 0);
  });
}

TEST(client_expect, a_server_that_says_nothing_gets_the_body_after_a_while) {
  const auto serve = [](io::tcp_stream& from) {
    read_request(from);
    std::string body(20, '\0');
    std::error_code error;
    from.read_exactly(test::room_in(body), error);
    from.write_all(bytes(good), error);
  };
  while_answering(serve, [](const std::string& at) {
    client asks({.expect_continue_bytes = 20, .expect_continue_wait = 10ms});
    EXPECT_EQ(asks.post(at, std::string(20, 'x')).body(), "good");
  });
}

TEST(client_expect, small_bodies_and_those_of_clients_that_are_told_so_do_not_wait) {
  const auto serve = [](io::tcp_stream& from) {
    const std::string head = read_request(from);
    std::error_code error;
    from.write_all(bytes(head.find("Expect") == std::string::npos ? good : "no"), error);
  };
  while_answering(serve, [](const std::string& at) {
    EXPECT_EQ(client(patient(20)).post(at, std::string(19, 'x')).body(), "good");
    EXPECT_EQ(client(patient(0)).get(at).body(), "good");
    EXPECT_EQ(client(patient(0)).post(at, "").body(), "good");
    client_config never = patient();
    never.expect_continue = io::toggle::off;
    EXPECT_EQ(client(never).post(at, std::string(20, 'x')).body(), "good");
    EXPECT_THROW(client({.expect_continue_wait = 0s}), std::invalid_argument);
  });
}

TEST(client_expect, who_expects_nothing_is_told_what_was_refused) {
  // A server that refuses at once, and whatever it is asked.
  const auto serve = [](io::tcp_stream& from) {
    std::error_code error;
    from.write_all(bytes("HTTP/1.1 417 No\r\nContent-Length: 2\r\n\r\nno"), error);
    std::string piece(4096, '\0');
    while (from.read_some(test::room_in(piece), error) != 0) continue;
  };
  while_answering(serve, [](const std::string& at) {
    for (int round = 0; round < 100; ++round) {
      client asks(patient());
      const response heard = asks.post(at, std::string(100'000, 'x'));
      ASSERT_EQ(heard.status(), 417) << round;
      ASSERT_EQ(heard.body(), "no") << round;
    }
  });
}

TEST(client_expect, who_knows_no_expectations_is_asked_without) {
  std::atomic<int> asked_twice{0};
  const auto serve = [&](io::tcp_stream& from) {
    std::error_code error;
    if (read_request(from).find("Expect") != std::string::npos) {
      from.write_all(bytes("HTTP/1.1 417 No\r\nContent-Length: 0\r\n\r\n"), error);
      return;
    }
    std::string body(20, '\0');
    from.read_exactly(test::room_in(body), error);
    asked_twice += body == std::string(20, 'x');
    from.write_all(bytes(good), error);
  };
  while_answering(serve, [&](const std::string& at) {
    client asks(patient());
    counted from{20};
    client_request asked("POST", at);
    asked.body_from(from, 20);
    EXPECT_EQ(asks.request(asked).body(), "good");
    EXPECT_EQ(asked_twice, 1);
  });
}

TEST(client_expect, an_answer_that_takes_the_body_unseen_gets_it) {
  const auto serve = [](io::tcp_stream& from) {
    read_request(from);
    std::error_code error;
    from.write_all(bytes("HTTP/1.1 200 OK\r\nContent-Length: 20\r\n\r\n"), error);
    std::string body(20, '\0');
    from.read_exactly(test::room_in(body), error);
    from.write_all(bytes(body), error);
  };
  while_answering(serve, [](const std::string& at) {
    EXPECT_EQ(client(patient()).post(at, std::string(20, 'x')).body(), std::string(20, 'x'));
  });
}

TEST(client_trailer, is_there_when_the_body_has_ended) {
  const auto serve = [](io::tcp_stream& from) {
    std::error_code error;
    while (!read_request(from).empty()) {
      from.write_all(bytes("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n"
                           "0\r\nX-Sum: 1\r\nContent-Length: 9\r\nX-Sum: 2\r\n\r\n"),
                     error);
    }
  };
  while_answering(serve, [](const std::string& at) {
    client asks;
    client_response got = asks.open(client_request("GET", at));
    EXPECT_TRUE(got.trailer().empty());
    EXPECT_EQ(got.read_all(100), "hello");
    EXPECT_EQ(got.trailer().text(), "X-Sum: 1\r\nX-Sum: 2\r\n");
    EXPECT_EQ(got.header().get("X-Sum"), std::nullopt);
    EXPECT_EQ(asks.get(at).header("X-Sum"), std::nullopt);
    EXPECT_EQ(asks.stats().connections, 1U);
  });
}

}  // namespace
}  // namespace heddle::http
