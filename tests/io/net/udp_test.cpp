// SPDX-License-Identifier: MIT
// Whole messages, between fibers and threads; errors, closing, cancellation.
#include <heddle/io/udp.hpp>
#include <heddle/runtime.hpp>

#include "io/shared_names.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

namespace heddle::io {
namespace {

std::string text_of(udp_socket& at, endpoint* from = nullptr, std::size_t most = 65536) {
  std::string text(most, '\0');
  const received message = at.receive(room_in(text));
  if (from != nullptr) *from = message.from;
  text.resize(message.bytes);
  return text;
}

TEST(udp, carries_messages_both_ways_by_ipv4_and_ipv6) {
  for (const char* any : {"127.0.0.1:0", "[::1]:0"}) {
    heddle::run(test::with_loops(2), [any] {
      udp_socket server = udp_socket::bind(any);
      udp_socket client = udp_socket::bind(any);
      auto echo = spawn([&] {
        endpoint from;
        const std::string text = text_of(server, &from);
        EXPECT_EQ(from, client.local_endpoint());
        server.send_to(bytes(text + "!"), from);
      });
      client.send_to(bytes("hello"), server.local_endpoint());
      EXPECT_EQ(text_of(client), "hello!");
      echo.join();
    });
  }
}

TEST(udp, keeps_messages_apart_also_empty_ones) {
  heddle::run(test::with_loops(1), [] {
    udp_socket server = udp_socket::bind("127.0.0.1:0");
    udp_socket client = udp_socket::bind("127.0.0.1:0");
    client.connect(server.local_endpoint());
    for (const char* each : {"one", "", "three"}) client.send(bytes(each));
    EXPECT_EQ(text_of(server), "one");
    EXPECT_EQ(text_of(server), "");
    EXPECT_EQ(text_of(server), "three");
  });
}

TEST(udp, says_that_a_message_was_cut) {
  heddle::run(test::with_loops(1), [] {
    udp_socket server = udp_socket::bind("127.0.0.1:0");
    udp_socket client = udp_socket::bind("127.0.0.1:0");
    client.send_to(bytes("12345"), server.local_endpoint());
    client.send_to(bytes("123"), server.local_endpoint());
    std::string three(3, '\0');
    const received first = server.receive(room_in(three));
    EXPECT_TRUE(first.cut);
    EXPECT_EQ(first.bytes, 3U);
    const received second = server.receive(room_in(three));
    EXPECT_FALSE(second.cut);
    EXPECT_EQ(second.bytes, 3U);
  });
}

TEST(udp, refuses_a_message_that_is_too_long_and_one_to_nobody) {
  heddle::run(test::with_loops(1), [] {
    udp_socket client = udp_socket::bind("127.0.0.1:0");
    std::error_code error;
    client.send_to(bytes(std::string(70'000, 'x')), client.local_endpoint(), error);
    EXPECT_EQ(error, std::errc::message_size);
    client.send(bytes("x"), error);
    EXPECT_EQ(error, std::errc::destination_address_required);
    client.send_to(bytes("x"), endpoint(), error);
    EXPECT_EQ(error, std::errc::destination_address_required);
    try {
      client.send_to(bytes("x"), "unix:/nobody");
      FAIL() << "a path is no address of UDP";
    } catch (const io_error& refused) {
      EXPECT_THAT(refused.what(), HasSubstr("send to unix:/nobody"));
    }
  });
}

TEST(udp, hears_that_nobody_is_there_once_it_is_connected) {
  heddle::run(test::with_loops(1), [] {
    endpoint gone;
    {
      const udp_socket short_lived = udp_socket::bind("127.0.0.1:0");
      gone = short_lived.local_endpoint();
    }
    udp_socket client = udp_socket::bind("127.0.0.1:0");
    client.connect(gone);
    client.send(bytes("x"));
    std::string text(10, '\0');
    std::error_code error;
    client.receive(room_in(text), error);
    EXPECT_EQ(error, std::errc::connection_refused);
  });
}

TEST(udp, waits_as_before_once_an_error_has_been_told) {
  heddle::run(test::with_loops(1), [] {
    endpoint gone;
    {
      const udp_socket short_lived = udp_socket::bind("127.0.0.1:0");
      gone = short_lived.local_endpoint();
    }
    udp_socket client = udp_socket::bind("127.0.0.1:0");
    client.connect(gone);
    auto told = spawn([&] {
      std::string text(10, '\0');
      std::error_code error;
      client.receive(room_in(text), error);
      return error;
    });
    test::let_all_run();
    client.send(bytes("x"));
    EXPECT_EQ(told.join(), std::errc::connection_refused);
    EXPECT_FALSE(move_on_after(1ms, [&] { text_of(client); }));
    // Somebody has the port now.
    udp_socket server = udp_socket::bind(gone);
    auto answer = spawn([&] { return text_of(client); });
    test::let_all_run();
    server.send_to(bytes("here"), client.local_endpoint());
    EXPECT_EQ(answer.join(), "here");
  });
}

TEST(udp, a_port_that_is_taken_is_refused_unless_it_is_shared) {
  const udp_socket first = udp_socket::bind("127.0.0.1:0", {.reuse_port = toggle::on});
  const udp_socket second = udp_socket::bind(first.local_endpoint(), {.reuse_port = toggle::on});
  EXPECT_EQ(second.local_endpoint(), first.local_endpoint());
  std::error_code error;
  const udp_socket third = udp_socket::bind(first.local_endpoint(), {}, error);
  EXPECT_EQ(error, std::errc::address_in_use);
  EXPECT_FALSE(third.is_open());
  udp_socket::bind("unix:/no", {}, error);
  EXPECT_EQ(error, std::errc::invalid_argument);
}

TEST(udp, closing_ends_all_calls_under_way_of_fibers_and_threads) {
  heddle::run(test::with_loops(2), [] {
    udp_socket server = udp_socket::bind("127.0.0.1:0");
    const auto receive = [&server] {
      std::string text(10, '\0');
      std::error_code error;
      server.receive(room_in(text), error);
      EXPECT_EQ(error, std::errc::operation_canceled);
    };
    task_group fibers;
    for (int n = 0; n < 3; ++n) fibers.spawn(receive);
    std::atomic<pid_t> id{0};
    std::thread other([&] {
      id = ::gettid();
      receive();
    });
    while (id == 0) this_fiber::yield();
    test::wait_until_asleep(id);
    this_fiber::sleep_for(1ms);
    server.close();
    fibers.join();
    other.join();
    std::error_code error;
    std::string text(10, '\0');
    server.receive(room_in(text), error);
    EXPECT_EQ(error, std::errc::bad_file_descriptor);
  });
}

TEST(udp, a_receive_that_was_cancelled_takes_no_message) {
  heddle::run(test::with_loops(1), [] {
    udp_socket server = udp_socket::bind("127.0.0.1:0");
    EXPECT_FALSE(move_on_after(1ms, [&] { text_of(server); }));
    server.send_to(bytes("later"), server.local_endpoint());
    EXPECT_EQ(text_of(server), "later");
  });
}

TEST(udp, receives_what_is_sent_to_a_group) {
  heddle::run(test::with_loops(1), [] {
    udp_socket server = udp_socket::bind("0.0.0.0:0");
    try {
      server.join_multicast("239.255.77.1:0");
    } catch (const io_error& refused) {
      GTEST_SKIP() << "no interface for multicast: " << refused.what();
    }
    udp_socket client = udp_socket::bind("0.0.0.0:0");
    std::error_code error;
    client.send_to(bytes("all"), endpoint("239.255.77.1", server.local_endpoint().port()), error);
    if (error) GTEST_SKIP() << "no route for multicast: " << error.message();
    EXPECT_EQ(with_timeout(5s, [&] { return text_of(server); }), "all");
  });
}

TEST(udp, a_group_that_is_none_is_refused) {
  udp_socket server = udp_socket::bind("127.0.0.1:0");
  EXPECT_THROW(server.join_multicast("127.0.0.1:0"), io_error);
  EXPECT_THROW(server.join_multicast("unix:/no"), io_error);
}

}  // namespace
}  // namespace heddle::io
