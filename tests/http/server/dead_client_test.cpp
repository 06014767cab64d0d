// SPDX-License-Identifier: MIT
// One connection of a server, over a client made by hand: whom TCP has given up is not slow, and
// what a client that never pauses has the server hold.
#include <heddle/http/server.hpp>
#include <heddle/io/error.hpp>
#include <heddle/runtime/runtime.hpp>

#include "http/support/scripted_client.hpp"
#include "runtime/support/loops.hpp"
#include "server/connection.hpp"
#include "server/idle_set.hpp"
#include "server/server_core.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <vector>

namespace heddle::http {
namespace {

using test::scripted_client;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using pieces = std::vector<std::string>;

const std::string plain = "GET / HTTP/1.1\r\nHost: h\r\n\r\n";
const std::string post = "POST / HTTP/1.1\r\nHost: h\r\n";

std::error_code given_up() { return {ETIMEDOUT, std::system_category()}; }

void serve(detail::server_core& core, const std::shared_ptr<scripted_client>& client) {
  core.add("GET", "/",
           server::handler([](const request&) { return response::text(std::string(4096, 'x')); }));
  core.add("POST", "/", server::handler([](const request& asked) {
             return response::text(std::string(asked.body()));
           }));
  core.begin_serving();
  heddle::run(test::with_loops(1), [&] {
    detail::idle_set idle;
    detail::connection(client, core, idle).run();
  });
}

TEST(http_dead_client, that_tcp_gives_up_while_it_sends_is_not_told_that_it_is_slow) {
  for (const std::string& asked : {
           post + "Content-Length: 9\r\n\r\nhalf",
           post + "Transfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
           plain.substr(0, 20),
       }) {
    detail::server_core core({});
    const auto client = std::make_shared<scripted_client>(pieces{asked}, given_up());
    serve(core, client);
    EXPECT_THAT(client->written(), IsEmpty()) << asked;
    EXPECT_EQ(core.refusals(408), 0U) << asked;
    EXPECT_EQ(core.broken.value(), 1U) << asked;
    EXPECT_EQ(core.failures.value(), 0U) << asked;
  }
}

TEST(http_dead_client, that_tcp_gives_up_while_it_is_sent_to_has_not_stalled) {
  detail::server_core core({});
  const auto client = std::make_shared<scripted_client>(pieces{plain});
  client->take_nothing(given_up());
  serve(core, client);
  EXPECT_TRUE(client->aborted());
  EXPECT_EQ(core.write_stalls.value(), 0U);
  EXPECT_EQ(core.broken.value(), 1U);
}

TEST(http_dead_client, of_which_a_handler_makes_an_error_of_its_own_has_ended_all_the_same) {
  detail::server_core core({});
  core.add("PUT", "/", server::stream_handler([](request_reader& in, response_writer&) {
             try {
               in.read_all(9);
             } catch (const io::io_error&) {
               throw status_error(502, "lost");
             }
           }));
  const auto client = std::make_shared<scripted_client>(
      pieces{"PUT / HTTP/1.1\r\nHost: h\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\n"});
  client->take_nothing(given_up());
  EXPECT_NO_THROW(serve(core, client));
  EXPECT_TRUE(client->aborted());
  EXPECT_EQ(core.broken.value(), 1U);
  EXPECT_EQ(core.failures.value(), 0U);
}

/// The kernel tells of bytes that have been read already, once; then the connection breaks.
class told_twice final : public scripted_client {
 public:
  told_twice() : scripted_client(pieces{}) {}
  std::size_t read_some(std::span<std::byte> into, std::error_code& error) override {
    ++reads;
    return scripted_client::read_some(into, error);
  }
  void wait_readable(std::error_code& error) override {
    error = ++waits == 1 ? std::error_code() : given_up();
    reads_before = reads;
  }
  bool is_readable() const noexcept override { return false; }

  int reads = 0;
  int reads_before = 0;  // the last wait
  int waits = 0;
};

TEST(http_idle_client, that_has_sent_nothing_new_is_waited_for_as_before) {
  detail::server_core core({});
  const auto client = std::make_shared<told_twice>();
  serve(core, client);
  EXPECT_EQ(client->waits, 2);
  EXPECT_EQ(client->reads_before, 0);  // which would have the time, and the memory, of a request
}

TEST(http_busy_client, has_no_more_answers_gathered_than_are_worth_sending) {
  constexpr std::size_t count = 100;
  server_config config;
  config.pipelined = 1000;
  detail::server_core core(config);
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += plain;
  const auto client = std::make_shared<scripted_client>(pieces{all});
  serve(core, client);
  std::size_t sent = 0;
  for (const std::string& each : client->written()) {
    EXPECT_LT(each.size(), std::size_t{72} * 1024);
    sent += each.size();
  }
  EXPECT_GT(sent, count * 4096);
}

/// Each read ends within a head, so that the buffer is never empty.
TEST(http_busy_client, is_read_into_the_same_memory_all_the_time) {
  constexpr std::size_t count = 1000;
  std::string all;
  for (std::size_t i = 0; i < count; ++i) all += plain;
  pieces parts;
  for (std::size_t at = 0; at < all.size(); at += plain.size()) {
    const std::size_t begin = at == 0 ? 0 : at + 10;
    parts.push_back(all.substr(begin, at + plain.size() + 10 - begin));
  }
  detail::server_core core({});
  const auto client = std::make_shared<scripted_client>(parts);
  serve(core, client);
  EXPECT_EQ(core.requests.value(), count);
  ASSERT_THAT(client->rooms(), SizeIs(::testing::Ge(count)));
  const auto block = client->rooms().front();
  for (const auto& each : client->rooms()) {
    ASSERT_GE(each.data(), block.data());
    ASSERT_LE(each.data() + each.size(), block.data() + block.size());
  }
}

}  // namespace
}  // namespace heddle::http
