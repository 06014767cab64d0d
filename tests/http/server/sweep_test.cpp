// SPDX-License-Identifier: MIT
// A server and its client, cancelled at each suspension point, and under many schedules: nothing is
// left over, and no answer is half or somebody else's.
#include <heddle/http/server.hpp>
#include <heddle/runtime.hpp>
#include <heddle/testing/cancel_sweep.hpp>
#include <heddle/testing/explore.hpp>

#include "http/support/served.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace heddle::http {
namespace {

using test::bytes;

void check(bool holds, const char* what) {
  if (!holds) throw std::runtime_error(what);
}

/// Reads one answer with a Content-Length, or nothing if the server ended.
std::optional<std::string> read_answer(io::tcp_stream& from) {
  std::error_code error;
  std::string answer;
  std::string piece(1, '\0');
  while (!answer.ends_with("\r\n\r\n")) {
    if (from.read_some(test::room_in(piece), error) == 0) return std::nullopt;
    answer += piece;
  }
  const std::size_t at = answer.find("Content-Length: ");
  std::string body(std::stoul(answer.substr(at + 16)), '\0');
  if (from.read_exactly(test::room_in(body), error) != body.size()) return std::nullopt;
  return body;
}

void talk(const io::endpoint& at, int client) {
  std::error_code error;
  io::tcp_stream stream = io::tcp_stream::connect(at, error);
  if (error) return;
  const std::string id = std::to_string(client);
  stream.write_all(bytes("GET /users/" + id +
                         " HTTP/1.1\r\nHost: h\r\n\r\n"
                         "POST /echo HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n"
                         "1\r\n" +
                         id + "\r\n"),
                   error);
  const auto first = read_answer(stream);
  check(!first || *first == "user " + id, "an answer is somebody else's");
  stream.write_all(bytes("0\r\n\r\n"), error);
  const auto second = read_answer(stream);
  check(!second || *second == id, "a body is not what was sent");
}

void program() {
  server_config config;
  config.on_failure = [](const handler_failure&) {};
  server serves(config);
  serves.get("/users/{id}", [](const request& asked) {
    this_fiber::yield();
    return response::text("user " + std::string(asked.param("id")));
  });
  serves.stream("POST", "/echo", [](request_reader& in, response_writer& out) {
    const std::string all = in.read_all(100);
    out.content_length(all.size());
    out.write(all);
  });
  io::tcp_listener listener = io::tcp_listener::bind("127.0.0.1:0");
  const io::endpoint at = listener.local_endpoint();
  task_group all;
  cancel_scope serving;
  all.spawn([&] { serving.run([&] { serves.serve(listener); }); });
  all.run([&] {
    task_group clients;
    for (int i = 0; i < 2; ++i) clients.spawn([&at, i] { talk(at, i); });
    clients.join();
    serving.cancel();
  });
}

TEST(http_server_sweep, leaves_nothing_behind_wherever_it_is_cancelled) {
  const auto report = testing::cancel_sweep(program);
  for (const testing::sweep_leak& leak : report.leaks)
    ADD_FAILURE() << leak.where << ": " << leak.what;
  EXPECT_GT(report.points, 20U);
}

TEST(http_server_sweep, answers_right_under_many_schedules) {
  const auto failure = testing::explore(program, {.seeds = 200});
  EXPECT_FALSE(failure) << failure->what;
}

}  // namespace
}  // namespace heddle::http
