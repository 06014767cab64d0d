// SPDX-License-Identifier: MIT
// The proxy itself: who is let in, which plan is whose, what is bounded, and that it ends with its
// object and leaves nothing.
#include <heddle/testing/fault_proxy.hpp>

#include "testing/echo_service.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdint>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

namespace heddle::testing {
namespace {

using std::chrono::hours;
using std::chrono::milliseconds;
using test::bytes;
using test::connect_to;
using test::echoed;
using test::through_proxy;

TEST(fault_proxy_life, keeps_newcomers_waiting_and_accepts_them_later) {
  through_proxy(proxy_plan{}, [](fault_proxy& proxy) {
    io::tcp_stream old = connect_to(proxy);
    EXPECT_TRUE(proxy.wait_until_accepted(1));
    proxy.treat(newcomers::keep_waiting);
    io::tcp_stream client = connect_to(proxy);
    client.write_all(bytes("hello?"));
    EXPECT_TRUE(test::stays_silent(client));
    EXPECT_EQ(proxy.stats().accepted, 1U);
    EXPECT_EQ(echoed(old, "x"), "x");
    proxy.treat(newcomers::accept);
    EXPECT_EQ(test::read_exactly(client, 6), "hello?");
  });
}

TEST(fault_proxy_life, lets_connecting_time_out_when_the_backlog_is_full) {
  through_proxy(fault_proxy_options{.backlog = 0}, [](fault_proxy& proxy) {
    proxy.treat(newcomers::keep_waiting);
    std::vector<io::tcp_stream> waiting;
    std::error_code error;
    while (!error && waiting.size() < 10) {
      waiting.push_back(
          io::tcp_stream::connect(proxy.local_endpoint(), {.timeout = milliseconds{200}}, error));
    }
    EXPECT_EQ(error, std::errc::timed_out);
    EXPECT_GE(waiting.size(), 2U);
  });
}

TEST(fault_proxy_life, refuses_newcomers_and_listens_at_the_same_port_again) {
  through_proxy(proxy_plan{}, [](fault_proxy& proxy) {
    io::tcp_stream old = connect_to(proxy);
    EXPECT_EQ(echoed(old, "x"), "x");
    for (int round = 0; round < 20; ++round) {
      proxy.treat(newcomers::refuse);
      std::error_code error;
      io::tcp_stream::connect(proxy.local_endpoint(), error);
      EXPECT_EQ(error, std::errc::connection_refused);
      proxy.treat(newcomers::keep_waiting);
      io::tcp_stream client = connect_to(proxy);
      proxy.treat(newcomers::accept);
      EXPECT_EQ(echoed(client, "y"), "y");
    }
    EXPECT_EQ(echoed(old, "x"), "x");
  });
}

/// What a program gets that wants a port which nobody shares.
int error_of_binding(const io::endpoint& where) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(where.port());
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  const int failed =
      ::bind(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) == 0 ? 0 : errno;
  ::close(fd);
  return failed;
}

TEST(fault_proxy_life, keeps_its_port_while_it_refuses) {
  through_proxy(proxy_plan{}, [](fault_proxy& proxy) {
    proxy.treat(newcomers::refuse);
    EXPECT_EQ(error_of_binding(proxy.local_endpoint()), EADDRINUSE);
  });
}

TEST(fault_proxy_life, asks_for_the_plan_of_each_connection_by_its_number) {
  fault_proxy_options options;
  options.plan_for = [](std::uint64_t connection) {
    const byte_limit limit{connection, proxy_ending::close};
    return proxy_plan{.to_client = {.limit = limit}};
  };
  through_proxy(options, [](fault_proxy& proxy) {
    for (std::size_t number = 1; number <= 4; ++number) {
      io::tcp_stream client = connect_to(proxy);
      client.write_all(bytes("abcdef"));
      EXPECT_EQ(test::read_to_the_end(client).text, std::string("abcdef").substr(0, number));
    }
  });
}

TEST(fault_proxy_life, has_no_connection_go_by_a_plan_that_was_replaced_meanwhile) {
  run(test::with_loops(2), [] {
    test::echo_service service;
    std::atomic<fault_proxy*> own{nullptr};
    fault_proxy_options options;
    options.plan_for = [&own](std::uint64_t) -> proxy_plan {
      own.load()->set_plan({.to_client = {.limit = byte_limit{2, proxy_ending::close}}});
      return {};
    };
    fault_proxy proxy(service.where(), options);
    own = &proxy;
    io::tcp_stream client = connect_to(proxy);
    client.write_all(bytes("hello"));
    EXPECT_EQ(test::read_to_the_end(client).text, "he");
  });
}

TEST(fault_proxy_life, fails_a_connection_whose_plan_is_none) {
  fault_proxy_options options;
  options.plan_for = [](std::uint64_t connection) -> proxy_plan {
    if (connection == 1) throw std::runtime_error("no plan");
    return {.to_client = {.delay = milliseconds{-1}}};
  };
  through_proxy(options, [](fault_proxy& proxy) {
    for (int round = 0; round < 2; ++round) {
      EXPECT_EQ(test::error_of_newcomer(proxy), std::errc::connection_reset);
    }
    EXPECT_EQ(proxy.stats().failed, 2U);
  });
}

TEST(fault_proxy_life, changes_the_plan_of_one_connection_that_lives) {
  through_proxy(proxy_plan{}, [](fault_proxy& proxy) {
    io::tcp_stream first = connect_to(proxy);
    EXPECT_TRUE(proxy.wait_until_accepted(1));
    io::tcp_stream second = connect_to(proxy);
    EXPECT_TRUE(proxy.wait_until_accepted(2));
    EXPECT_FALSE(proxy.set_plan(3, {}));
    EXPECT_TRUE(proxy.set_plan(1, {.to_target = {.on_data = proxy_ending::reset}}));
    EXPECT_EQ(echoed(second, "x"), "x");
    first.write_all(bytes("x"));
    EXPECT_EQ(test::read_to_the_end(first).error, std::errc::connection_reset);
    EXPECT_TRUE(proxy.wait_until([](const proxy_stats& now) { return now.live == 1; }));
    EXPECT_FALSE(proxy.set_plan(1, {}));
  });
}

TEST(fault_proxy_life, ends_at_a_limit_that_a_new_plan_has_put_behind_it) {
  through_proxy(proxy_plan{}, [](fault_proxy& proxy) {
    io::tcp_stream client = connect_to(proxy);
    EXPECT_EQ(echoed(client, "12345"), "12345");
    proxy.set_plan({.to_target = {.limit = byte_limit{4, proxy_ending::reset}}});
    EXPECT_EQ(test::read_to_the_end(client).error, std::errc::connection_reset);
  });
}

TEST(fault_proxy_life, resets_a_client_whose_target_is_not_there) {
  test::everywhere([] {
    io::tcp_listener nobody = io::tcp_listener::bind("127.0.0.1:0");
    const io::endpoint target = nobody.local_endpoint();
    nobody.close();
    const fault_proxy proxy(target);
    EXPECT_EQ(test::error_of_newcomer(proxy), std::errc::connection_reset);
    EXPECT_TRUE(proxy.wait_until_idle());
    EXPECT_EQ(proxy.stats().failed, 1U);
  });
}

TEST(fault_proxy_life, holds_no_more_than_its_buffer) {
  fault_proxy_options options{.plan = {.to_target = {.delay = hours{1}}}};
  options.buffer_bytes = 10'000;
  through_proxy(options, [](fault_proxy& proxy) {
    io::tcp_stream client = connect_to(proxy);
    task<std::error_code> writer = spawn([&client] { return test::write_for_ever(client); });
    EXPECT_TRUE(
        proxy.wait_until([](const proxy_stats& now) { return now.to_target.received == 10'000; }));
    EXPECT_FALSE(
        proxy.wait_until([](const proxy_stats& now) { return now.to_target.received > 10'000; },
                         deadline::after(milliseconds{60})));
    client.close();
    EXPECT_EQ(writer.join(), std::errc::operation_canceled);
  });
}

TEST(fault_proxy_life, lets_no_more_in_than_it_may_have) {
  through_proxy(fault_proxy_options{.max_connections = 2}, [](fault_proxy& proxy) {
    io::tcp_stream first = connect_to(proxy);
    io::tcp_stream second = connect_to(proxy);
    EXPECT_TRUE(proxy.wait_until_accepted(2));
    io::tcp_stream third = connect_to(proxy);
    third.write_all(bytes("x"));
    EXPECT_TRUE(test::stays_silent(third));
    EXPECT_EQ(proxy.stats().live, 2U);
    first.close();
    EXPECT_EQ(test::read_exactly(third, 1), "x");
    second.close();
  });
}

/// Leaves connections in every state that a plan can bring them to.
void end_in_the_middle_of_everything(const io::endpoint& target) {
  const std::vector<direction_plan> plans{
      {},
      {.flow = byte_flow::hold},
      {.flow = byte_flow::drop},
      {.delay = hours{1}},
      {.merge_bytes = 100, .merge_for = hours{1}},
      {.bytes_per_second = 1},
      {.limit = byte_limit{1, proxy_ending::vanish}},
      {.end = end_of_side::keep_back, .piece_bytes = 1},
  };
  fault_proxy_options options;
  options.plan_for = [&plans](std::uint64_t connection) {
    return proxy_plan{.to_target = plans[(connection - 1) % plans.size()]};
  };
  std::vector<io::tcp_stream> clients;
  {
    fault_proxy proxy(target, options);
    for (std::size_t count = 0; count < 2 * plans.size(); ++count) {
      clients.push_back(connect_to(proxy));
      clients.back().write_all(bytes("hello"));
      if (count % 2 == 0) clients.back().shutdown_write();
    }
    EXPECT_TRUE(proxy.wait_until_accepted(plans.size()));
  }
  // Those that were not accepted yet are reset, the others see the end.
  for (io::tcp_stream& client : clients) test::read_to_the_end(client);
}

TEST(fault_proxy_life, ends_with_its_object_and_leaves_nothing) {
  test::everywhere([] {
    io::tcp_listener target = io::tcp_listener::bind("127.0.0.1:0");
    end_in_the_middle_of_everything(target.local_endpoint());  // what is made once
    const auto before = test::open_descriptors();
    for (int round = 0; round < 10; ++round) {
      end_in_the_middle_of_everything(target.local_endpoint());
    }
    // The target's own ends lie in its backlog, which is no descriptor.
    EXPECT_EQ(test::open_descriptors(), before);
  });
}

TEST(fault_proxy_life, ends_in_a_fiber_that_is_cancelled) {
  run(test::with_loops(1), [] {
    test::echo_service service;
    test::gate in_use;
    task<void> user = spawn([&] {
      fault_proxy proxy(service.where());
      io::tcp_stream client = connect_to(proxy);
      EXPECT_EQ(echoed(client, "x"), "x");
      in_use.open();
      test::park_for_ever();
    });
    in_use.wait();
    user.cancel();
    EXPECT_THROW(user.join(), task_cancelled);
  });
}

TEST(fault_proxy_life, has_waits_that_end_in_time_and_when_cancelled) {
  test::everywhere([] {
    const fault_proxy proxy("127.0.0.1:1");
    EXPECT_TRUE(proxy.wait_until_idle());
    EXPECT_TRUE(proxy.wait_until_accepted(0));
    EXPECT_FALSE(proxy.wait_until_accepted(1, deadline::after(milliseconds{1})));
    if (!this_fiber::exists()) return;
    EXPECT_FALSE(move_on_after(milliseconds{1}, [&] { proxy.wait_until_accepted(1); }));
  });
}

std::string refusal(const fault_proxy_options& options) {
  try {
    const fault_proxy proxy("127.0.0.1:1", options);
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "none";
}

TEST(fault_proxy_life, names_the_option_that_is_out_of_range) {
  const auto planned = [](const direction_plan& plan) {
    return refusal({.plan = {.to_client = plan}});
  };
  using ::testing::HasSubstr;
  EXPECT_THAT(planned({.delay = milliseconds{-1}}), HasSubstr("delay is -1000000 ns"));
  EXPECT_THAT(planned({.merge_for = hours{25}}), HasSubstr("merge_for"));
  EXPECT_THAT(planned({.merge_bytes = std::size_t{1} << 20}), HasSubstr("merge_bytes is 1048576"));
  EXPECT_THAT(planned({.split_at = {2, 2}}), HasSubstr("split_at does not ascend"));
  EXPECT_THAT(planned({.corrupt_at = {2, 1}}), HasSubstr("corrupt_at"));
  EXPECT_THAT(refusal({.max_connections = 0}), HasSubstr("max_connections is 0"));
  EXPECT_THAT(refusal({.buffer_bytes = 1}), HasSubstr("buffer_bytes"));
  fault_proxy proxy("127.0.0.1:1");
  EXPECT_THROW(proxy.set_plan({.to_target = {.pause = milliseconds{-1}}}), std::invalid_argument);
}

}  // namespace
}  // namespace heddle::testing
