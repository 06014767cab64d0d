// SPDX-License-Identifier: MIT
// The client with servers that say what they like: every framing at every cut, what is refused, and
// which connections are never used again.
#include <heddle/http/client.hpp>

#include "http/support/answering.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

namespace heddle::http {
namespace {

using test::error_of;
using test::read_request;
using test::while_answering;
using ::testing::HasSubstr;

/// Answers the n-th connection's first request with `answers(n)`, and closes it.
auto one_answer_each(std::string_view answer) {
  return [answer](io::tcp_stream& from) {
    if (read_request(from).empty()) return;
    std::error_code error;
    from.write_all(test::bytes(answer), error);
  };
}

struct framed {
  std::string_view text;
  std::string_view body;
};

TEST(hostile_server, a_response_is_the_same_at_every_cut) {
  const std::vector<framed> table = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello", "hello"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;x\r\nhel\r\n2\r\nlo\r\n0\r\nT: t\r\n"
       "\r\n",
       "hello"},
      {"HTTP/1.0 200 OK\r\n\r\nhello", "hello"},
      {"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
       "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
       "hello"},
      {"HTTP/1.1 204 No Content\r\n\r\n", ""},
      {"HTTP/1.1 200 \r\nContent-Length: 0\r\n\r\n", ""},
  };
  for (const framed& each : table) {
    const std::vector<test::cut> cuts = test::cuts_of(each.text.size(), 5);
    std::atomic<std::size_t> next{0};
    const auto serve = [&](io::tcp_stream& from) {
      if (read_request(from).empty()) return;
      test::send_cut(from, each.text, cuts[next++]);
    };
    while_answering(serve, [&](const std::string& at) {
      client asks({.idle_connections = 0});
      for (std::size_t i = 0; i < cuts.size(); ++i) {
        EXPECT_EQ(asks.get(at).body(), each.body) << each.text << " cut " << i;
      }
    });
  }
}

struct refused {
  std::string text;
  std::error_code code;
};

TEST(hostile_server, what_cannot_be_trusted_is_an_error) {
  const std::error_code malformed = http_errc::malformed_response;
  const std::error_code body = http_errc::malformed_body;
  const std::string ok = "HTTP/1.1 200 OK\r\n";
  std::string interims;
  for (int i = 0; i < 12; ++i) interims += "HTTP/1.1 102 Processing\r\n\r\n";
  const std::vector<refused> table = {
      {"", http_errc::no_response},
      {"HTTP/1.1 2", http_errc::no_response},
      {"SSH-2.0-x\r\n\r\n", malformed},
      {"HTTP/2.0 200 OK\r\n\r\n", malformed},
      {"HTTP/1.1 2000 OK\r\n\r\n", malformed},
      {"HTTP/1.1 600 OK\r\n\r\n", malformed},
      {"HTTP/1.1 101 Switching\r\n\r\n", malformed},
      {interims + ok + "\r\n", malformed},
      {ok + "Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello", malformed},
      {ok + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", malformed},
      {ok + "Content-Length: +5\r\n\r\nhello", malformed},
      {ok + "Content-Length: 99999999999999999999\r\n\r\nhello", malformed},
      {ok + "Transfer-Encoding: gzip\r\n\r\nhello", malformed},
      {ok + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n", malformed},
      {ok + "A: b\r\n c\r\n\r\n", malformed},
      {ok + "A : b\r\n\r\n", malformed},
      {ok + "A: b\n\r\n", malformed},
      {ok + "A: b\x01\r\n\r\n", malformed},
      {"HTTP/1.1 200 " + std::string(9000, 'x') + "\r\n\r\n", malformed},
      {ok + "A: " + std::string(70000, 'x') + "\r\n\r\n", malformed},
      {ok + "Content-Length: 6\r\n\r\nhello", http_errc::body_cut_off},
      {ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhel", http_errc::body_cut_off},
      {ok + "Transfer-Encoding: chunked\r\n\r\n5\nhello\r\n0\r\n\r\n", body},
      {ok + "Transfer-Encoding: chunked\r\n\r\nx\r\n", body},
      {ok + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello0\r\n\r\n", body},
      {ok + "Content-Length: 2000000\r\n\r\n" + std::string(2000000, 'x'),
       http_errc::body_too_large},
      {ok + "\r\n" + std::string(2000000, 'x'), http_errc::body_too_large},
  };
  for (const refused& each : table) {
    while_answering(one_answer_each(each.text), [&](const std::string& at) {
      client asks({.body_bytes = 1000000});
      const http_error found = error_of([&] { asks.get(at + "/x"); });
      EXPECT_EQ(found.code(), each.code) << each.text.substr(0, 100) << found.what();
      EXPECT_THAT(found.what(), HasSubstr("GET " + at + "/x: failed "));
      EXPECT_EQ(asks.stats().open, 0U);
    });
  }
}

TEST(hostile_server, what_lies_behind_a_response_is_no_response_to_the_next_request) {
  // The second response comes with the first, or a moment later.
  for (const bool later : {false, true}) {
    std::atomic<int> connections{0};
    std::atomic<int> answered{0};
    const auto serve = [&](io::tcp_stream& from) {
      ++connections;
      const std::string good = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\n";
      while (!read_request(from).empty()) {
        std::error_code error;
        from.write_all(test::bytes(good + "good" + (later ? "" : good + "evil")), error);
        if (later) this_fiber::yield();
        if (later) from.write_all(test::bytes(good + "evil"), error);
        ++answered;
      }
    };
    while_answering(serve, [&](const std::string& at) {
      client asks;
      for (int i = 1; i <= 20; ++i) {
        EXPECT_EQ(asks.get(at).body(), "good");
        while (answered < i) this_fiber::yield();  // on loopback what is sent has arrived
      }
      EXPECT_EQ(connections, 20);
      EXPECT_EQ(asks.stats().open, asks.stats().idle);
    });
  }
}

/// Answers every first request of a connection; what it does with the second is `then`'s business.
template <class Then>
auto good_once(std::atomic<int>& seen, Then then) {
  return [&seen, then](io::tcp_stream& from) {
    std::error_code error;
    if (read_request(from).empty()) return;
    ++seen;
    from.write_all(test::bytes("HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood"), error);
    then(from);
  };
}

TEST(hostile_server, a_connection_that_dies_under_the_second_request_is_replaced_once) {
  std::atomic<int> seen{0};
  const auto serve = good_once(seen, [](io::tcp_stream& from) { read_request(from); });
  while_answering(serve, [&](const std::string& at) {
    client asks;
    for (int i = 0; i < 10; ++i) EXPECT_EQ(asks.get(at).body(), "good");
    EXPECT_EQ(asks.stats().retries, 9U);
    EXPECT_EQ(seen, 10);
    // A POST may have been done: its caller decides.
    const http_error lost = error_of([&] { asks.post(at, "x"); });
    const bool died = lost.code() == http_errc::no_response ||
                      lost.code() == std::errc::connection_reset;  // its body was not read
    EXPECT_TRUE(died) << lost.what();
    EXPECT_EQ(lost.phase(), client_phase::header);
    EXPECT_EQ(asks.stats().retries, 9U);
  });
}

TEST(hostile_server, a_connection_that_was_closed_meanwhile_is_not_used) {
  std::atomic<int> seen{0};
  std::atomic<int> closed{0};
  const auto serve = good_once(seen, [&closed](io::tcp_stream& from) {
    std::error_code error;
    std::string body(1, '\0');
    from.read_exactly(test::room_in(body), error);
    from.close();
    ++closed;
  });
  while_answering(serve, [&](const std::string& at) {
    client asks;
    for (int i = 1; i <= 10; ++i) {
      EXPECT_EQ(asks.post(at, "x").body(), "good");
      while (closed < i) this_fiber::yield();
    }
    EXPECT_EQ(asks.stats().retries, 0U);
    EXPECT_EQ(asks.stats().connections, 10U);
  });
}

TEST(hostile_server, a_response_that_begins_is_never_asked_for_again) {
  std::atomic<int> seen{0};
  const auto serve = good_once(seen, [](io::tcp_stream& from) {
    read_request(from);
    std::error_code error;
    from.write_all(test::bytes("H"), error);
  });
  while_answering(serve, [&](const std::string& at) {
    client asks;
    EXPECT_EQ(asks.get(at).body(), "good");
    EXPECT_EQ(error_of([&] { asks.get(at); }).code(), http_errc::no_response);
    EXPECT_EQ(asks.stats().retries, 0U);
  });
}

TEST(hostile_server, a_refusal_in_the_middle_of_an_upload_is_heard) {
  const auto serve = [](io::tcp_stream& from) {
    read_request(from);
    std::error_code error;
    from.write_all(test::bytes("HTTP/1.1 413 Too Large\r\nContent-Length: 3\r\n\r\nno!"), error);
    from.shutdown_write(error);
    std::string piece(4096, '\0');
    for (int i = 0; i < 3 && !error; ++i) from.read_some(test::room_in(piece), error);
    from.wait_readable(error);  // reads no more, and closes with bytes unread
  };
  while_answering(serve, [](const std::string& at) {
    client asks;
    client_request asked("POST", at);
    asked.body(std::string(20'000'000, 'x'));
    const response heard = asks.request(asked);
    EXPECT_EQ(heard.status(), 413);
    EXPECT_EQ(heard.body(), "no!");
    EXPECT_EQ(asks.stats().open, 0U);
  });
}

struct late {
  std::string_view said;
  client_phase phase;
  std::error_code code;
};

TEST(hostile_server, silence_is_an_error_that_says_in_which_phase) {
  const std::error_code timed_out = std::make_error_code(std::errc::timed_out);
  const std::vector<late> table = {
      {"", client_phase::header, timed_out},
      {"HTTP/1.1 200 OK\r\nConte", client_phase::header, timed_out},
      {"HTTP/1.1 100 Continue\r\n\r\n", client_phase::header, timed_out},
      {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhel", client_phase::body, http_errc::too_slow},
  };
  for (const late& each : table) {
    const auto serve = [&](io::tcp_stream& from) {
      read_request(from);
      std::error_code error;
      from.write_all(test::bytes(each.said), error);
      from.wait_readable(error);
    };
    while_answering(serve, [&](const std::string& at) {
      client asks({.header_timeout = std::chrono::milliseconds{30},
                   .body_grace = std::chrono::milliseconds{30}});
      const http_error found = error_of([&] { asks.get(at); });
      EXPECT_EQ(found.phase(), each.phase) << each.said;
      EXPECT_EQ(found.code(), each.code) << each.said;
      client patient;
      const http_error whole = error_of([&] {
        patient.request(client_request("GET", at).timeout(std::chrono::milliseconds{30}));
      });
      EXPECT_EQ(whole.code(), timed_out);
    });
  }
}

TEST(hostile_server, one_that_reads_nothing_stops_the_sending) {
  const auto serve = [](io::tcp_stream&) { this_fiber::sleep_for(std::chrono::hours{1}); };
  while_answering(serve, [](const std::string& at) {
    client asks({.write_timeout = std::chrono::milliseconds{50}});
    client_request asked("POST", at);
    asked.body(std::string(50'000'000, 'x'));
    const http_error found = error_of([&] { asks.request(asked); });
    EXPECT_EQ(found.phase(), client_phase::send);
    EXPECT_EQ(found.code(), std::errc::timed_out);
  });
}

}  // namespace
}  // namespace heddle::http
