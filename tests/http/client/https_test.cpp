// SPDX-License-Identifier: MIT
// The client over TLS: whom it trusts, which connections it uses again, ends that are none, and
// where redirects may lead.
#include <heddle/http/client.hpp>
#include <heddle/http/server.hpp>

#include "http/support/encrypted.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <string>
#include <string_view>
#include <vector>

#include <sys/socket.h>

namespace heddle::http {
namespace {

using namespace std::chrono_literals;
using test::bytes;
using test::error_of;
using test::read_request;
using test::trusting;
using test::while_answering;
using test::while_answering_tls;
using ::testing::AllOf;
using ::testing::HasSubstr;

constexpr std::string_view good = "HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\ngood";

/// Answers all requests of a connection.
void answer_all(tls::stream& from) {
  std::error_code error;
  while (!read_request(from).empty()) from.write_all(bytes(good), error);
}

/// Runs `talk(at)` beside heddle's own server.
template <class Talk>
void while_served(Talk talk) {
  server serves;
  serves.get("/", [](const request& asked) {
    return response::text(asked.is_encrypted() ? "sealed" : "open");
  });
  serves.post("/length", [](const request& asked) {
    return response::text(std::to_string(asked.body().size()));
  });
  serves.get("/large", [](const request&) { return response::text(std::string(3 << 20, 'x')); });
  serves.get("/away", [](const request& asked) { return response::redirect(*asked.query("to")); });
  serves.get("/header", [](const request& asked) {
    std::string all;
    for (const field_view& each : asked.header()) all.append(each.name).append("\n");
    return response::text(all);
  });
  heddle::run(test::with_loops(2), [&] {
    tls::listener sealed(io::tcp_listener::bind("127.0.0.1:0"), test::test_server_options());
    io::tcp_listener open = io::tcp_listener::bind("127.0.0.1:0");
    const std::string sealed_at = "https://" + sealed.local_endpoint().to_string();
    const std::string open_at = "http://" + open.local_endpoint().to_string();
    task<void> one = spawn([&] { serves.serve(sealed); });
    task<void> other = spawn([&] { serves.serve(open); });
    talk(sealed_at, open_at);
    for (task<void>* each : {&one, &other}) {
      each->cancel();
      EXPECT_THROW(each->join(), task_cancelled);
    }
  });
}

TEST(https, requests_share_a_connection_in_which_tickets_wait) {
  while_served([](const std::string& at, const std::string& plain) {
    client asks(trusting());
    for (int i = 0; i < 5; ++i) EXPECT_EQ(asks.get(at).body(), "sealed");
    EXPECT_EQ(asks.post(at + "/length", std::string(900'000, 'b')).body(), "900000");
    EXPECT_EQ(asks.get(at + "/large").body(), std::string(3 << 20, 'x'));
    EXPECT_EQ(asks.stats().connections, 1U);
    EXPECT_EQ(asks.get(plain).body(), "open");
    EXPECT_EQ(asks.stats().connections, 2U);
  });
}

TEST(https, offers_http_1_1_and_asks_for_the_host) {
  tls::server_options options = test::test_server_options();
  options.alpn = {"h2", "http/1.1"};
  const auto serve = [](tls::stream& from) {
    read_request(from);
    const std::string body = from.agreed().alpn + " " + from.agreed().server_name;
    std::error_code error;
    from.write_all(bytes("HTTP/1.0 200 OK\r\n\r\n" + body), error);
  };
  while_answering_tls(options, serve, [](std::string at) {
    client_config config = trusting();
    tls::client_options wishes = test::test_client_options();
    wishes.alpn = {"h2"};
    config.tls = wishes;
    EXPECT_EQ(client(trusting()).get(at).body(), "http/1.1 ");
    at.replace(at.find("127.0.0.1"), 9, "localhost");
    EXPECT_EQ(client(config).get(at).body(), "http/1.1 localhost");
  });
}

struct distrusted {
  test::issued who;
  tls::tls_errc code;
  std::string_view why;
};

TEST(https, says_why_a_certificate_was_refused_and_sends_nothing) {
  const test::issued stranger = test::make_authority("stranger");
  const std::vector<distrusted> table = {
      {test::make_self_signed({}), tls::tls_errc::verify_failed, "self-signed"},
      {test::make_signed(stranger, {}), tls::tls_errc::verify_failed, "issuer"},
      {test::make_signed(test::test_authority(), {.from_days = -9, .to_days = -2}),
       tls::tls_errc::verify_failed, "expired"},
      {test::make_signed(test::test_authority(), {.names = "DNS:other.example"}),
       tls::tls_errc::host_mismatch, "127.0.0.1"},
  };
  for (const distrusted& each : table) {
    std::atomic<int> asked{0};
    const auto serve = [&](tls::stream& from) { asked += !read_request(from).empty(); };
    while_answering_tls(test::server_options_of(each.who), serve, [&](const std::string& at) {
      client asks(trusting());
      const http_error found = error_of([&] { asks.get(at + "/secret"); });
      EXPECT_EQ(found.code(), each.code) << found.what();
      EXPECT_EQ(found.phase(), client_phase::tls);
      EXPECT_THAT(found.what(), AllOf(HasSubstr("GET " + at + "/secret: failed agreeing on TLS"),
                                      HasSubstr(std::string(each.why))));
      EXPECT_EQ(asks.stats().open, 0U);
    });
    EXPECT_EQ(asked, 0) << each.why;
  }
}

TEST(https, trusts_the_systems_authorities_unless_it_is_told_otherwise) {
  while_answering_tls(test::test_server_options(), answer_all, [](const std::string& at) {
    client asks;
    for (int i = 0; i < 2; ++i) {
      EXPECT_EQ(error_of([&] { asks.get(at); }).code(), tls::tls_errc::verify_failed);
    }
    client_config careless;
    careless.tls = tls::client_options{.verify = tls::verification::insecure_trust_anybody};
    EXPECT_EQ(client(careless).get(at).body(), "good");
  });
}

TEST(https, a_handshake_has_the_time_of_connecting) {
  const auto silent = [](io::tcp_stream& from) {
    std::error_code error;
    std::string room(1024, '\0');
    while (from.read_some(test::room_in(room), error) != 0) {
    }
  };
  while_answering(silent, [](std::string at) {
    client asks(trusting({.connect_timeout = 50ms}));
    const http_error found = error_of([&] { asks.get(at.replace(0, 4, "https")); });
    EXPECT_EQ(found.code(), std::errc::timed_out);
    EXPECT_EQ(found.phase(), client_phase::tls);
  });
}

TEST(https, who_speaks_no_tls_is_told_apart) {
  const auto plain = [](io::tcp_stream& from) {
    std::error_code error;
    from.write_all(bytes("HTTP/1.1 400 Bad Request\r\n\r\n"), error);
    read_request(from);
  };
  while_answering(plain, [](std::string at) {
    client asks(trusting());
    EXPECT_EQ(error_of([&] { asks.get(at.replace(0, 4, "https")); }).code(),
              tls::tls_errc::not_tls);
  });
}

/// What a server does once it has answered, before the next request.
enum class then : std::uint8_t { says_goodbye, says_more, cuts_off };

TEST(https, a_connection_that_has_ended_or_said_more_is_not_used_again) {
  for (const then what : {then::says_goodbye, then::says_more, then::cuts_off}) {
    std::atomic<int> done{0};
    const auto serve = [&](tls::stream& from) {
      if (read_request(from).empty()) return;
      std::error_code error;
      from.write_all(bytes(good), error);
      if (what == then::says_goodbye) from.shutdown_write(error);
      if (what == then::says_more) from.write_all(bytes(good), error);
      if (what == then::cuts_off) from.abort();
      ++done;
      read_request(from);
    };
    while_answering_tls(test::test_server_options(), serve, [&](const std::string& at) {
      client asks(trusting());
      for (int i = 1; i <= 3; ++i) {
        EXPECT_EQ(asks.get(at).body(), "good");
        while (done < i) this_fiber::yield();  // on loopback what is sent has arrived
      }
      EXPECT_EQ(asks.stats().connections, 3U);
      EXPECT_EQ(asks.stats().retries, 0U);
    });
  }
}

TEST(https, a_body_that_ends_with_the_connection_ends_by_close_notify_alone) {
  for (const bool cut : {true, false}) {
    heddle::run(test::with_loops(2), [&] {
      io::tcp_listener listener = io::tcp_listener::bind("127.0.0.1:0");
      const std::string at = "https://" + listener.local_endpoint().to_string();
      task<void> serving = spawn([&] {
        io::tcp_stream over = listener.accept();
        const int fd = over.native_handle();
        tls::stream from = tls::stream::server(std::move(over), test::test_server_options());
        read_request(from);
        from.write_all(bytes("HTTP/1.1 200 OK\r\n\r\nhello"));
        if (cut) {
          ::shutdown(fd, SHUT_WR);
        } else {
          from.shutdown_write();
        }
        std::error_code error;
        from.wait_readable(error);
      });
      client asks(trusting());
      if (cut) {
        const http_error found = error_of([&] { asks.get(at); });
        EXPECT_EQ(found.code(), tls::tls_errc::truncated);
        EXPECT_EQ(found.phase(), client_phase::body);
      } else {
        EXPECT_EQ(asks.get(at).body(), "hello");
      }
      asks.close();
      serving.join();
    });
  }
}

TEST(https, redirects_lead_from_http_to_https_and_not_back) {
  while_served([](const std::string& sealed, const std::string& open) {
    client asks(trusting());
    EXPECT_EQ(asks.get(open + "/away?to=" + sealed + "/").body(), "sealed");
    const http_error found = error_of([&] { asks.get(sealed + "/away?to=" + open + "/"); });
    EXPECT_EQ(found.code(), http_errc::redirect_refused);
    EXPECT_THAT(found.what(), HasSubstr("client_config::downgrades"));
    client lax(trusting({.downgrades = io::toggle::on}));
    EXPECT_EQ(lax.get(sealed + "/away?to=" + open + "/").body(), "open");
    // The same host, but another origin.
    client_request asked("GET", open + "/away?to=" + sealed + "/header");
    asked.set("Authorization", "a").set("Cookie", "c").set("X-Other", "o");
    const std::string seen = asks.request(asked).body();
    EXPECT_THAT(seen, HasSubstr("X-Other"));
    EXPECT_EQ(seen.find("Cookie"), std::string::npos);
    EXPECT_EQ(seen.find("Authorization"), std::string::npos);
  });
}

}  // namespace
}  // namespace heddle::http
