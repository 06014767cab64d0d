// SPDX-License-Identifier: MIT
// What a server answers, byte for byte, and when its connections go on.
#include <heddle/http/server.hpp>
#include <heddle/testing/simulation.hpp>

#include "http/message/cuts.hpp"
#include "http/support/served.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <chrono>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace heddle::http {
namespace {

using test::ask;
using test::while_served;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::StartsWith;

response echo(const request& asked) {
  return response::text(std::string(asked.method()) + " " + std::string(asked.body()));
}

void add_routes(server& into) {
  into.get("/", [](const request&) { return response::text("hello"); });
  into.get("/users/{id}", [](const request& asked) {
    return response::text("user " + std::string(asked.param("id")));
  });
  into.get("/query", [](const request& asked) {
    std::string all;
    for (const field_view& each : asked.query()) {
      all.append(each.name).append("=").append(each.value).append(";");
    }
    return response::text(all + std::string(asked.query("a").value_or("none")));
  });
  into.post("/echo", echo);
  into.put("/echo", echo);
  into.get("/nothing", [](const request&) { return response(204); });
  into.get("/throws",
           [](const request&) -> response { throw std::runtime_error("secret detail"); });
  into.get("/throws/int", [](const request&) -> response { throw 7; });
  into.get("/teapot", [](const request&) -> response { throw status_error(409, "no tea"); });
  into.get("/moved", [](const request&) { return response::redirect("/"); });
}

server_config quiet() {
  server_config config;
  config.on_failure = [](const handler_failure&) {};
  return config;
}

TEST(http_server, answers_byte_for_byte) {
  server serves(quiet());
  add_routes(serves);
  while_served(serves, [](const io::endpoint& at) {
    EXPECT_EQ(ask(at, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
              "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n"
              "Content-Type: text/plain; charset=utf-8\r\n\r\nhello");
    EXPECT_EQ(ask(at, "GET / HTTP/1.0\r\n\r\n"),
              "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n"
              "Content-Type: text/plain; charset=utf-8\r\n\r\nhello");
    EXPECT_EQ(ask(at, "HEAD / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
              "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n"
              "Content-Type: text/plain; charset=utf-8\r\n\r\n");
    EXPECT_EQ(ask(at, "GET /nothing HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
              "HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n");
    EXPECT_EQ(ask(at, "GET /moved HTTP/1.0\r\n\r\n"),
              "HTTP/1.1 302 Found\r\nConnection: close\r\nContent-Length: 0\r\n"
              "Location: /\r\n\r\n");
  });
}

struct route_case {
  std::string_view line;
  std::string_view status;
  std::string_view body;
};

TEST(http_server, finds_the_handler_or_says_why_not) {
  server serves(quiet());
  add_routes(serves);
  while_served(serves, [](const io::endpoint& at) {
    const std::vector<route_case> table = {
        {"GET /users/7", "200", "user 7"},
        {"GET /users/a%20b%2Fc", "200", "user a b/c"},
        {"GET http://h/users/7", "200", "user 7"},
        {"GET /query?a=1&b=&c&a=2&%64=x+y%2B", "200", "a=1;b=;c=;a=2;d=x y+;1"},
        {"GET /query", "200", "none"},
        {"GET /users/", "404", "there is nothing here\n"},
        {"GET /users/7/x", "404", "there is nothing here\n"},
        {"GET /Users/7", "404", "there is nothing here\n"},
        {"GET //", "404", "there is nothing here\n"},
        {"GET /users/%zz", "400", "the path of the target is malformed\n"},
        {"GET /users/%00", "400", "the path of the target is malformed\n"},
        {"GET /?a=%", "400", "the query of the target is malformed\n"},
        {"DELETE /echo", "405", "the method is not one of POST, PUT\n"},
        {"BREW /", "405", "the method is not one of GET, HEAD\n"},
        {"get /", "405", "the method is not one of GET, HEAD\n"},
        {"GET /teapot", "409", "no tea\n"},
        {"GET /throws", "500", "the server failed\n"},
        {"GET /throws/int", "500", "the server failed\n"},
    };
    for (const route_case& each : table) {
      const std::string text =
          std::string(each.line) + " HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
      const std::string got = ask(at, text);
      EXPECT_THAT(got, StartsWith("HTTP/1.1 " + std::string(each.status))) << each.line;
      EXPECT_THAT(got, EndsWith("\r\n\r\n" + std::string(each.body))) << each.line;
    }
    EXPECT_THAT(ask(at, "DELETE /echo HTTP/1.0\r\n\r\n"), HasSubstr("\r\nAllow: POST, PUT\r\n"));
    const std::string options = ask(at, "OPTIONS / HTTP/1.0\r\n\r\n");
    EXPECT_THAT(options, StartsWith("HTTP/1.1 204"));
    EXPECT_THAT(options, HasSubstr("\r\nAllow: GET, HEAD\r\n"));
  });
}

TEST(http_server, refuses_a_head_by_the_head_alone) {
  server serves(quiet());
  add_routes(serves);
  while_served(serves, [](const io::endpoint& at) {
    for (const std::string_view rest :
         {" / HTTP/1.1\r\n\r\n", " / HTTP/1.1\r\nHost: h\r\nA B\r\n\r\n",
          " /#a HTTP/1.1\r\nHost: h\r\n\r\n"}) {
      const std::string with_body = ask(at, "GET" + std::string(rest));
      const std::size_t head_bytes = with_body.find("\r\n\r\n") + 4;
      EXPECT_THAT(with_body, StartsWith("HTTP/1.1 400 "));
      EXPECT_LT(head_bytes, with_body.size());
      EXPECT_EQ(ask(at, "HEAD" + std::string(rest)), with_body.substr(0, head_bytes));
    }
  });
}

TEST(http_server, answers_options_of_itself_with_all_methods_of_its_routes) {
  server serves(quiet());
  add_routes(serves);
  server empty(quiet());
  const std::string_view asked = "OPTIONS * HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
  while_served(serves, [&](const io::endpoint& at) {
    EXPECT_EQ(ask(at, asked),
              "HTTP/1.1 204 No Content\r\nConnection: close\r\n"
              "Allow: GET, HEAD, POST, PUT\r\n\r\n");
    EXPECT_THAT(ask(at, "GET * HTTP/1.0\r\n\r\n"), StartsWith("HTTP/1.1 400 "));
  });
  while_served(empty, [&](const io::endpoint& at) {
    EXPECT_EQ(ask(at, asked), "HTTP/1.1 204 No Content\r\nConnection: close\r\nAllow: \r\n\r\n");
  });
}

TEST(http_server, a_failing_handler_is_reported_and_its_connection_goes_on) {
  std::atomic<int> reports{0};
  server_config config;
  config.on_failure = [&](const handler_failure& failure) {
    ++reports;
    EXPECT_EQ(failure.target, "/throws");
    EXPECT_EQ(failure.method, "GET");
    EXPECT_THROW(std::rethrow_exception(failure.error), std::runtime_error);
  };
  server serves(config);
  add_routes(serves);
  while_served(serves, [](const io::endpoint& at) {
    const std::string got = ask(at,
                                "GET /throws HTTP/1.1\r\nHost: h\r\n\r\n"
                                "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(got, StartsWith("HTTP/1.1 500 Internal Server Error\r\n"));
    EXPECT_THAT(got, Not(HasSubstr("secret")));
    EXPECT_THAT(got, EndsWith("\r\n\r\nhello"));
  });
  EXPECT_EQ(reports, 1);
  EXPECT_EQ(serves.stats().failures, 1U);
}

TEST(http_server, a_client_that_leaves_is_no_failure_of_the_handler) {
  std::atomic<int> reported{0};
  server_config config;
  config.on_failure = [&](const handler_failure&) { ++reported; };
  server serves(config);
  add_routes(serves);
  serves.stream("GET", "/endless", [](request_reader&, response_writer& out) {
    for (;;) out.write(std::string(100'000, 'x'));
  });
  constexpr std::string_view half =
      "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 9\r\n\r\nhalf";
  while_served(serves, [&](const io::endpoint& at) {
    io::tcp_stream reads = io::tcp_stream::connect(at);
    reads.write_all(test::bytes("GET /endless HTTP/1.1\r\nHost: h\r\n\r\n"));
    test::read_head(reads);
    reads.abort();
    io::tcp_stream writes = io::tcp_stream::connect(at);
    writes.write_all(test::bytes(half));
    while (serves.stats().requests < 2) this_fiber::yield();
    writes.abort();
    io::tcp_stream stops = io::tcp_stream::connect(at);
    stops.write_all(test::bytes(half));
    stops.shutdown_write();
    EXPECT_THAT(test::read_all(stops), StartsWith("HTTP/1.1 400 "));
  });
  EXPECT_EQ(reported, 0);
  EXPECT_EQ(serves.stats().failures, 0U);
  EXPECT_EQ(serves.stats().broken, 2U);
  EXPECT_EQ(serves.refused(400), 1U);
}

TEST(http_server, what_a_handler_hears_from_others_is_not_its_clients_fault) {
  server serves(quiet());
  constexpr std::array of_others = {http_errc::malformed_body, http_errc::body_too_large,
                                    http_errc::too_slow, http_errc::body_cut_off};
  serves.get("/{n}", [&](const request& asked) -> response {
    const auto nth = static_cast<std::size_t>(asked.param("n").front() - '0');
    throw std::system_error(of_others.at(nth), "another server");
  });
  while_served(serves, [&](const io::endpoint& at) {
    for (std::size_t n = 0; n < of_others.size(); ++n) {
      const std::string got = ask(at, "GET /" + std::to_string(n) + " HTTP/1.0\r\n\r\n");
      EXPECT_THAT(got, StartsWith("HTTP/1.1 500 ")) << n;
      EXPECT_THAT(got, EndsWith("\r\n\r\nthe server failed\n")) << n;
    }
  });
  EXPECT_EQ(serves.stats().failures, of_others.size());
  for (const int status : {400, 408, 413}) EXPECT_EQ(serves.refused(status), 0U);
}

TEST(http_server, reads_bodies_of_both_framings_at_every_cut) {
  server serves(quiet());
  add_routes(serves);
  while_served(serves, [](const io::endpoint& at) {
    for (const std::string_view text :
         {"POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
          "PUT /echo HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 1\r\n\r\n!",
          "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
          "2\r\nhe\r\n3\r\nllo\r\n0\r\nX: y\r\n\r\n"
          "PUT /echo HTTP/1.1\r\nHost: h\r\nConnection: close\r\nContent-Length: 1\r\n\r\n!"}) {
      for (const test::cut& pieces : test::cuts_of(text.size(), 5)) {
        io::tcp_stream stream = io::tcp_stream::connect(at);
        std::size_t done = 0;
        for (const std::size_t piece : pieces) {
          stream.write_all(test::bytes(text.substr(done, piece)));
          done += piece;
          this_fiber::yield();
        }
        const std::string got = test::read_all(stream);
        ASSERT_THAT(got, HasSubstr("\r\n\r\nPOST hello")) << pieces[0];
        ASSERT_THAT(got, EndsWith("\r\n\r\nPUT !")) << pieces[0];
      }
    }
  });
}

TEST(http_server, passes_over_one_empty_line_before_a_request_however_it_is_cut) {
  server serves(quiet());
  add_routes(serves);
  heddle::testing::simulation world({.seed = 1});
  world.run([&] {
    io::tcp_listener listener = io::tcp_listener::bind("127.0.0.1:0");
    const io::endpoint at = listener.local_endpoint();
    task<void> serving = spawn([&] { serves.serve(listener); });
    const std::string plain = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    for (const auto& [text, status] :
         {std::pair{"\r\n" + plain, "200"}, std::pair{"\r\n\r\n" + plain, "400"}}) {
      for (const test::cut& pieces : test::cuts_of(text.size(), 5)) {
        io::tcp_stream stream = io::tcp_stream::connect(at);
        std::size_t done = 0;
        for (const std::size_t piece : pieces) {
          std::error_code error;
          stream.write_all(test::bytes(text.substr(done, piece)), error);
          done += piece;
          this_fiber::sleep_for(std::chrono::milliseconds{1});
        }
        ASSERT_THAT(test::read_all(stream), StartsWith("HTTP/1.1 " + std::string(status)))
            << text << " cut at " << pieces[0];
      }
    }
    serving.cancel();
    EXPECT_THROW(serving.join(), task_cancelled);
  });
}

TEST(http_server, answers_pipelined_requests_in_their_order) {
  server serves(quiet());
  add_routes(serves);
  while_served(serves, [](const io::endpoint& at) {
    std::string all;
    for (int i = 0; i < 100; ++i) {
      all += "GET /users/" + std::to_string(i) + " HTTP/1.1\r\nHost: h\r\n\r\n";
    }
    all += "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    const std::string got = ask(at, all);
    std::size_t from = 0;
    for (int i = 0; i < 100; ++i) {
      const std::size_t found = got.find("\r\n\r\nuser " + std::to_string(i) + "HTTP", from);
      ASSERT_NE(found, std::string::npos) << i;
      from = found;
    }
    EXPECT_THAT(got, EndsWith("hello"));
  });
}

TEST(http_server, an_answer_does_not_wait_for_the_rest_of_the_next_request) {
  server serves(quiet());
  add_routes(serves);
  heddle::testing::simulation world({.seed = 1});
  world.run([&] {
    io::tcp_listener listener = io::tcp_listener::bind("127.0.0.1:0");
    const io::endpoint at = listener.local_endpoint();
    task<void> serving = spawn([&] { serves.serve(listener); });
    const std::string one = "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\n\r\n1";
    const std::string next = "\r\nGET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    for (std::size_t came = 1; came < next.size(); ++came) {
      io::tcp_stream stream = io::tcp_stream::connect(at);
      stream.write_all(test::bytes(one + next.substr(0, came)));
      ASSERT_THAT(test::read_head(stream), StartsWith("HTTP/1.1 200 ")) << came;
      std::error_code error;
      stream.write_all(test::bytes(next.substr(came)), error);
      ASSERT_THAT(test::read_all(stream), AllOf(HasSubstr("HTTP/1.1 200 "), EndsWith("hello")))
          << came;
    }
    serving.cancel();
    EXPECT_THROW(serving.join(), task_cancelled);
  });
}

struct refused_case {
  std::string text;
  int status;
};

TEST(http_server, refuses_and_closes_and_counts) {
  server_config config = quiet();
  config.request_line_bytes = 100;
  config.header_bytes = 200;
  config.header_fields = 4;
  config.body_bytes = 10;
  server serves(config);
  add_routes(serves);
  const std::string host = " HTTP/1.1\r\nHost: h\r\n";
  const std::vector<refused_case> table = {
      {"GET /" + std::string(100, 'a') + host + "\r\n", 414},
      {"GET /" + host + "X: " + std::string(200, 'a') + "\r\n\r\n", 431},
      {"GET /" + host + "a: 1\r\nb: 2\r\nc: 3\r\nd: 4\r\n\r\n", 431},
      {"POST /echo" + host + "Content-Length: 11\r\n\r\nhello world", 413},
      {"POST /echo" + host + "Transfer-Encoding: chunked\r\n\r\nb\r\nhello world\r\n0\r\n\r\n",
       413},
      {"POST /echo" + host + "Transfer-Encoding: chunked\r\n\r\nx\r\n", 400},
      {"POST /echo" + host + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n", 400},
      {"POST /echo" + host + "Transfer-Encoding: gzip\r\n\r\n", 501},
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/3.0\r\n\r\n", 505},
      {"GET /" + host + "Expect: gold\r\n\r\n", 417},
      {"GARBAGE\r\n\r\n", 400},
      {std::string("\x16\x03\x01\x02\x00\x01\n", 7), 400},
  };
  while_served(serves, [&](const io::endpoint& at) {
    for (const refused_case& each : table) {
      const std::uint64_t before = serves.refused(each.status);
      const std::string got = ask(at, each.text + "GET / HTTP/1.1\r\nHost: h\r\n\r\n");
      EXPECT_THAT(got, StartsWith("HTTP/1.1 " + std::to_string(each.status) + " ")) << each.text;
      EXPECT_THAT(got, HasSubstr("\r\nConnection: close\r\n")) << each.text;
      EXPECT_EQ(got.find("HTTP/1.1", 1), std::string::npos) << "one answer only: " << got;
      EXPECT_EQ(serves.refused(each.status), before + 1) << each.text;
    }
    const std::string largest = "POST /echo" + host + "Connection: close\r\n";
    for (const std::string_view body :
         {"Content-Length: 10\r\n\r\n0123456789",
          "Transfer-Encoding: chunked\r\n\r\na\r\n0123456789\r\n0\r\n\r\n"}) {
      EXPECT_THAT(ask(at, largest + std::string(body)), EndsWith("\r\n\r\nPOST 0123456789"));
    }
  });
}

TEST(http_server, a_refusal_reaches_who_goes_on_sending) {
  server serves(quiet());
  while_served(serves, [](const io::endpoint& at) {
    // Closed at once, with bytes that nobody has read, the connection would be reset.
    const std::string got = ask(at, "NONSENSE\r\n\r\n" + std::string(100'000, 'x'));
    EXPECT_THAT(got, StartsWith("HTTP/1.1 400 "));
    EXPECT_THAT(got, EndsWith("\r\n\r\nthe method is malformed\n"));
  });
}

TEST(http_server, a_body_that_nobody_read_is_passed_over) {
  server serves(quiet());
  serves.stream("POST", "/ignores", [](request_reader&, response_writer& out) { out.write("x"); });
  serves.get("/", [](const request&) { return response::text("next"); });
  while_served(serves, [](const io::endpoint& at) {
    const std::string next = "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n";
    const std::string got = ask(at,
                                "POST /ignores HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n"
                                "hello" +
                                    next);
    EXPECT_THAT(got, EndsWith("\r\n\r\nnext"));
    // Too long to be read for nothing: the connection ends instead.
    const std::string body(200'000, 'b');
    for (const std::string& framed :
         {"Content-Length: 200000\r\n\r\n" + body,
          "Transfer-Encoding: chunked\r\n\r\n30d40\r\n" + body + "\r\n0\r\n\r\n"}) {
      const std::string large = ask(at, "POST /ignores HTTP/1.1\r\nHost: h\r\n" + framed + next);
      EXPECT_THAT(large, StartsWith("HTTP/1.1 200 OK"));
      EXPECT_THAT(large, Not(HasSubstr("next")));
    }
  });
}

TEST(http_server, asks_for_the_body_only_when_the_handler_reads_it) {
  server serves(quiet());
  add_routes(serves);
  serves.stream("POST", "/refuses", [](request_reader&, response_writer& out) { out.status(403); });
  while_served(serves, [](const io::endpoint& at) {
    io::tcp_stream stream = io::tcp_stream::connect(at);
    stream.write_all(
        test::bytes("POST /echo HTTP/1.1\r\nHost: h\r\nExpect: 100-Continue\r\n"
                    "Connection: close\r\nContent-Length: 2\r\n\r\n"));
    EXPECT_EQ(test::read_head(stream), "HTTP/1.1 100 Continue\r\n\r\n");
    stream.write_all(test::bytes("ok"));
    EXPECT_THAT(test::read_all(stream), EndsWith("POST ok"));

    const std::string got = ask(at,
                                "POST /refuses HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\n"
                                "Content-Length: 2\r\n\r\n");
    EXPECT_THAT(got, StartsWith("HTTP/1.1 403 Forbidden\r\n"));
    EXPECT_THAT(got, Not(HasSubstr("100 Continue")));
  });
}

TEST(http_server, takes_the_host_of_a_target_that_has_one) {
  server serves(quiet());
  serves.get("/", [](const request& asked) {
    std::string all;
    for (const field_view& each : asked.header()) {
      all.append(each.name).append("=").append(each.value).append(";");
    }
    EXPECT_EQ(asked.header("host"), asked.header().front().value);
    return response::text(all);
  });
  struct host_case {
    std::string_view request;
    std::string_view fields;
  };
  while_served(serves, [](const io::endpoint& at) {
    for (const host_case& each : std::vector<host_case>{
             {"GET / HTTP/1.1\r\nHost: h:81\r\n", "Host=h:81;Connection=close;"},
             {"GET http://h/ HTTP/1.1\r\nHOST: h\r\n", "HOST=h;Connection=close;"},
             {"GET http://h:81 HTTP/1.1\r\nHost: other\r\n", "Host=h:81;Connection=close;"},
             {"GET https://h?q HTTP/1.1\r\nHost:\r\n", "Host=h;Connection=close;"},
         }) {
      EXPECT_THAT(ask(at, std::string(each.request) + "Connection: close\r\n\r\n"),
                  EndsWith("\r\n\r\n" + std::string(each.fields)))
          << each.request;
    }
    EXPECT_THAT(ask(at, "GET http://h/ HTTP/1.0\r\n\r\n"), EndsWith("\r\n\r\nHost=h;"));
  });
}

TEST(http_server, streams_both_ways) {
  server serves(quiet());
  serves.stream("POST", "/upper", [](request_reader& in, response_writer& out) {
    std::string piece(3, '\0');
    while (const std::size_t bytes = in.read_some(test::room_in(piece))) {
      std::string upper = piece.substr(0, bytes);
      for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
      out.write(upper);
      out.flush();
    }
    for (const field_view& each : in.trailer()) out.trailer(each.name, each.value);
  });
  while_served(serves, [](const io::endpoint& at) {
    EXPECT_EQ(ask(at,
                  "POST /upper HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n"
                  "Connection: close\r\n\r\n5\r\nhello\r\n0\r\nX-Sum: 5\r\n\r\n"),
              "HTTP/1.1 200 OK\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n"
              "3\r\nHEL\r\n2\r\nLO\r\n0\r\nX-Sum: 5\r\n\r\n");
    EXPECT_EQ(ask(at, "POST /upper HTTP/1.0\r\nContent-Length: 5\r\n\r\nhello"),
              "HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nHELLO");
  });
}

TEST(http_server, refuses_trailers_that_come_too_late) {
  server serves(quiet());
  serves.stream("GET", "/", [](request_reader&, response_writer& out) {
    for (const char* each : {"Content-Length", "content-type", "HOST", "Set-Cookie", "a b", ""}) {
      EXPECT_THROW(out.trailer(each, "1"), std::invalid_argument) << each;
    }
    out.trailer("X-Sum", "1");
    out.write("x");
  });
  while_served(serves, [](const io::endpoint& at) {
    EXPECT_THAT(ask(at, "GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"),
                EndsWith("\r\n\r\n1\r\nx\r\n0\r\nX-Sum: 1\r\n\r\n"));
  });
}

TEST(http_server, a_stream_that_writes_less_than_it_said_breaks_off) {
  server serves(quiet());
  serves.stream("GET", "/short", [](request_reader&, response_writer& out) {
    out.content_length(10);
    out.write("12345");
    out.flush();
  });
  serves.stream("GET", "/long", [](request_reader&, response_writer& out) {
    out.content_length(3);
    EXPECT_THROW(out.write("12345"), std::logic_error);
    out.write("123");
  });
  serves.stream("GET", "/fails", [](request_reader&, response_writer& out) {
    out.write("12345");
    throw std::runtime_error("late");
  });
  while_served(serves, [](const io::endpoint& at) {
    EXPECT_THAT(ask(at, "GET /short HTTP/1.0\r\n\r\n"), HasSubstr("Connection reset"));
    EXPECT_THAT(ask(at, "GET /long HTTP/1.0\r\n\r\n"), EndsWith("\r\n\r\n123"));
    EXPECT_THAT(ask(at, "GET /fails HTTP/1.1\r\nHost: h\r\n\r\n"), HasSubstr("Connection reset"));
  });
}

TEST(http_server, tells_the_access_hook_what_was_answered) {
  std::vector<std::string> log;
  server_config config = quiet();
  config.on_access = [&](const access_record& record) {
    log.push_back(std::string(record.method) + " " + std::string(record.target) + " " +
                  std::to_string(record.status) + " " + std::to_string(record.bytes_received));
    EXPECT_GT(record.bytes_sent, 20U);
    EXPECT_GT(record.took.count(), 0);
  };
  server serves(config);
  add_routes(serves);
  while_served(serves, [](const io::endpoint& at) {
    ask(at,
        "POST /echo?x HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"
        "GET /none HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n");
  });
  EXPECT_EQ(log, (std::vector<std::string>{"POST /echo?x 200 5", "GET /none 404 0"}));
}

TEST(http_server, refuses_routes_that_cannot_be) {
  server serves;
  const auto handle = [](const request&) { return response(); };
  serves.get("/a/{x}", handle);
  for (const std::string_view bad : {"", "a", "/{", "/{}", "/{a", "/a}", "/x{a}", "/{a}x", "/{...}",
                                     "/{a...}/b", "/{a}/{a}", "/{a b}", "/a/{y}"}) {
    EXPECT_THROW(serves.get(bad, handle), std::invalid_argument) << bad;
  }
  EXPECT_THROW(serves.route("BAD METHOD", "/z", handle), std::invalid_argument);
  EXPECT_THROW(serves.get("/none", nullptr), std::invalid_argument);
  EXPECT_THROW(serves.stream("GET", "/none", nullptr), std::invalid_argument);
  EXPECT_THROW(serves.websocket("/none", server::websocket_handler()), std::invalid_argument);
  EXPECT_THROW(serves.websocket("/none", std::function<void(websocket&)>()), std::invalid_argument);
  EXPECT_NO_THROW(serves.get("/none", handle));
}

TEST(http_server, refuses_a_configuration_that_cannot_be_and_names_the_limit) {
  server_config config;
  config.header_fields = 0;
  try {
    const server never(config);
    FAIL();
  } catch (const std::invalid_argument& refused) {
    EXPECT_THAT(refused.what(), HasSubstr("server_config::header_fields"));
  }
}

TEST(http_server, routes_cannot_be_added_while_it_serves) {
  server serves(quiet());
  add_routes(serves);
  while_served(serves, [&](const io::endpoint& at) {
    ask(at, "GET / HTTP/1.0\r\n\r\n");
    EXPECT_THROW(serves.get("/late", echo), std::logic_error);
  });
}

}  // namespace
}  // namespace heddle::http
