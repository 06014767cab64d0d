// SPDX-License-Identifier: MIT
// Pings and pongs, beside senders that are stuck; limits of time and of patience.
#include <heddle/http/websocket.hpp>

#include <heddle/runtime.hpp>

#include "http/websocket/peer.hpp"
#include "http/websocket/under_seeds.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace {

using namespace heddle;
using namespace heddle::test;
using namespace std::chrono_literals;
using http::close_code;
using http::websocket_errc;
using message = websocket::message;

TEST(websocket_control, a_ping_goes_out_and_pongs_are_no_messages) {
  under_seeds([] {
    websocket_and_peer both = with_raw_peer();
    both.socket.ping("are you there?");
    EXPECT_EQ(both.peer.read_frame(), (frame_of{fin | ping, "are you there?"}));
    both.peer.write({{fin | pong, "are you there?"}, {fin | text, "yes"}});
    EXPECT_EQ(both.socket.receive(), message::text("yes"));
  });
}

TEST(websocket_control, a_stuck_sender_does_not_keep_a_fiber_from_receiving) {
  under_seeds([] {
    websocket_and_peer both = with_raw_peer({.queue_bytes = 40});
    std::vector<std::string> received;
    task_group all;
    all.spawn([&] { both.socket.send(std::string(100, 's')); });
    all.spawn([&] {
      while (const auto next = both.socket.receive()) received.push_back(next->data);
    });
    all.run([&] {
      this_fiber::sleep_for(1ms);  // the sender is stuck: nobody reads
      for (const char* const each : {"1", "2", "3"}) {
        both.peer.write({{fin | ping, each}, {fin | text, each}});
        this_fiber::sleep_for(1ms);
      }
      EXPECT_EQ(received, (std::vector<std::string>{"1", "2", "3"}));
      EXPECT_EQ(both.peer.read_frame(), (frame_of{fin | text, std::string(100, 's')}));
      EXPECT_EQ(both.peer.read_frame(), (frame_of{fin | pong, "3"})) << "the newest, and no other";
      both.peer.write({{fin | close_frame, ""}});
      EXPECT_EQ(both.peer.read_frame(), (frame_of{fin | close_frame, ""}));
    });
  });
}

TEST(websocket_control, a_pong_goes_between_the_frames_of_a_message) {
  under_seeds([] {
    websocket_start start;
    start.limits.send_frame_bytes = 125;
    websocket_and_peer both = with_raw_peer({.queue_bytes = 40}, start);
    task_group all;
    all.spawn([&] { both.socket.send(std::string(300, 's')); });
    all.spawn([&] { both.socket.receive(); });
    all.run([&] {
      this_fiber::sleep_for(1ms);
      both.peer.write({{fin | ping, "p"}});
      this_fiber::sleep_for(1ms);
      EXPECT_EQ(both.peer.read_frame()->first, text | 0U);
      EXPECT_EQ(both.peer.read_frame(), (frame_of{fin | pong, "p"}));
      EXPECT_EQ(both.peer.read_frame()->first, continuation | 0U);
      EXPECT_EQ(both.peer.read_frame()->first, fin | continuation);
      both.peer.write({{fin | text, "end"}});
    });
  });
}

TEST(websocket_control, a_sender_waits_for_a_slow_reader_and_loses_nothing) {
  under_seeds([] {
    websocket_and_peer both = with_raw_peer({.queue_bytes = 100});
    std::size_t sent = 0;
    task_group all;
    all.spawn([&] {
      for (; sent < 50; ++sent) both.socket.send(std::string(98, 'x'));
    });
    all.run([&] {
      this_fiber::sleep_for(20s);
      EXPECT_LE(sent, 2U) << "no queue but the stream's";
      for (int n = 0; n < 50; ++n) {
        this_fiber::sleep_for(1s);
        EXPECT_EQ(both.peer.read_frame(), (frame_of{fin | text, std::string(98, 'x')}));
      }
    });
    EXPECT_TRUE(both.socket.is_open());
  });
}

TEST(websocket_control, a_peer_that_takes_nothing_is_dropped_after_the_limit) {
  under_seeds([] {
    websocket_start start;
    start.limits.write_stall = 7s;
    websocket_and_peer both = with_raw_peer({.queue_bytes = 10}, start);
    std::error_code receiving;
    std::error_code waiting;
    task_group all;
    all.spawn([&] { both.socket.receive(receiving); });
    all.spawn([&] {
      this_fiber::sleep_for(1s);
      both.socket.send("behind", waiting);
    });
    all.run([&] {
      const auto began = heddle::clock::now();
      std::error_code error;
      both.socket.send("more than ten bytes", error);
      EXPECT_EQ(error, std::errc::timed_out);
      EXPECT_GE(heddle::clock::now() - began, 7s);
      EXPECT_LT(heddle::clock::now() - began, 7100ms);
    });
    EXPECT_EQ(receiving, std::errc::timed_out);
    EXPECT_EQ(waiting, std::errc::timed_out);
  });
}

TEST(websocket_control, a_peer_that_pings_and_takes_nothing_is_dropped_too) {
  under_seeds([] {
    websocket_start start;
    start.limits.write_stall = 7s;
    websocket_and_peer both = with_raw_peer({.queue_bytes = 10}, start);
    task_group all;
    all.spawn([&] {
      for (int n = 0; n < 5; ++n) both.peer.write({{fin | ping, "ping"}});
    });
    all.run([&] {
      const auto began = heddle::clock::now();
      std::error_code error;
      both.socket.receive(error);
      EXPECT_EQ(error, std::errc::timed_out);
      EXPECT_LT(heddle::clock::now() - began, 8s);
    });
  });
}

TEST(websocket_control, a_flood_of_pings_ends_the_connection) {
  under_seeds([] {
    websocket_start start;
    start.limits.control_frames_per_second = 10;
    websocket_and_peer both = with_raw_peer({}, start);
    task_group all;
    all.spawn([&] {
      for (int n = 0; n < 12; ++n) {
        const unsigned kind = n % 2 == 0 ? ping : pong;
        both.peer.write({{fin | kind, ""}});
      }
      frame_of last;
      while (auto next = both.peer.read_frame()) last = *next;
      EXPECT_EQ(last, (frame_of{fin | close_frame, close_payload(1008)}));
      both.peer.stream().close();
    });
    all.run([&] {
      std::error_code error;
      both.socket.receive(error);
      EXPECT_EQ(error, websocket_errc::too_many_pings);
    });
  });
}

TEST(websocket_control, as_many_pings_as_the_limit_says_are_answered_every_second) {
  under_seeds([] {
    websocket_start start;
    start.limits.control_frames_per_second = 10;
    websocket_and_peer both = with_raw_peer({}, start);
    task_group all;
    all.spawn([&] { EXPECT_EQ(both.socket.receive(), message::text("end")); });
    all.run([&] {
      for (int second = 0; second < 5; ++second) {
        for (int n = 0; n < 10; ++n) {
          both.peer.write({{fin | ping, std::to_string(n)}});
          EXPECT_EQ(both.peer.read_frame(), (frame_of{fin | pong, std::to_string(n)}));
        }
        this_fiber::sleep_for(1001ms);
      }
      both.peer.write({{fin | text, "end"}});
    });
  });
}

websocket_start with_keep_alive() {
  websocket_start start;
  start.limits.ping_interval = 10s;
  start.limits.pong_timeout = 4s;
  return start;
}

TEST(websocket_control, a_silent_peer_is_pinged_and_dropped_if_it_does_not_answer) {
  under_seeds([] {
    websocket_and_peer both = with_raw_peer({}, with_keep_alive());
    const auto began = heddle::clock::now();
    std::error_code error;
    both.socket.receive(error);
    EXPECT_EQ(error, std::errc::timed_out);
    EXPECT_GE(heddle::clock::now() - began, 14s);
    EXPECT_LT(heddle::clock::now() - began, 14100ms);
  });
}

TEST(websocket_control, a_peer_that_answers_pings_may_be_silent_for_long) {
  under_seeds([] {
    websocket_and_peer both = with_raw_peer({}, with_keep_alive());
    task_group all;
    all.spawn([&] { EXPECT_EQ(both.socket.receive(), message::text("at last")); });
    all.run([&] {
      for (int n = 0; n < 10; ++n) {
        EXPECT_EQ(both.peer.read_frame(), (frame_of{fin | ping, ""}));
        this_fiber::sleep_for(3s);
        both.peer.write({{fin | pong, ""}});
      }
      both.peer.write({{fin | text, "at last"}});
    });
  });
}

TEST(websocket_control, time_in_which_nobody_receives_is_not_held_against_the_peer) {
  under_seeds([] {
    websocket_and_peer both = with_raw_peer({}, with_keep_alive());
    EXPECT_FALSE(move_on_after(11s, [&] { both.socket.receive(); })) << "a ping is out";
    both.peer.write({{fin | pong, ""}, {fin | text, "in time"}});
    this_fiber::sleep_for(100s);
    EXPECT_EQ(both.socket.receive(), message::text("in time"));
    this_fiber::sleep_for(100s);
    both.peer.write({{fin | text, "again"}});
    EXPECT_EQ(both.socket.receive(), message::text("again"));
  });
}

TEST(websocket_control, receiving_in_short_turns_finds_a_silent_peer_all_the_same) {
  under_seeds(
      [] {
        websocket_and_peer both = with_raw_peer({}, with_keep_alive());
        const auto began = heddle::clock::now();
        std::error_code error;
        while (!error) {
          move_on_after(1s, [&] { both.socket.receive(error); });
        }
        EXPECT_EQ(error, std::errc::timed_out);
        EXPECT_LT(heddle::clock::now() - began, 30s);
      },
      3);
}

}  // namespace
