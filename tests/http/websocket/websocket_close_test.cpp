// SPDX-License-Identifier: MIT
// The end: who says what, who waits for whom and how long.
#include <heddle/http/websocket.hpp>

#include <heddle/runtime.hpp>

#include "http/websocket/peer.hpp"
#include "http/websocket/under_seeds.hpp"
#include "runtime/support/loops.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <utility>

namespace {

using namespace heddle;
using namespace heddle::test;
using namespace std::chrono_literals;
using http::close_code;
using http::websocket_errc;
using message = websocket::message;

constexpr auto going_away = close_code::going_away;

/// What became of a connection that one side closes while the other echoes.
void close_from(websocket& closing, websocket& echoing) {
  std::error_code error;
  task_group all;
  all.spawn([&] { error = echo(echoing); });
  all.run([&] { EXPECT_TRUE(closing.close(going_away, "that is it")); });
  EXPECT_FALSE(error) << error.message();
  EXPECT_EQ(echoing.close_code(), going_away);
  EXPECT_EQ(echoing.close_reason(), "that is it");
  EXPECT_EQ(closing.close_code(), going_away) << "the answer has the same code";
  EXPECT_FALSE(closing.is_open());
  EXPECT_FALSE(echoing.is_open());
  EXPECT_EQ(echoing.receive(), std::nullopt) << "and again";
  EXPECT_EQ(closing.receive(), std::nullopt);
  EXPECT_TRUE(closing.close()) << "and again";
}

TEST(websocket_close, by_either_side_is_answered_by_the_other) {
  under_seeds([] {
    websocket_pair first = connected_websockets();
    close_from(first.client, first.server);
    websocket_pair second = connected_websockets();
    close_from(second.server, second.client);
  });
}

TEST(websocket_close, by_both_at_once_is_a_close_of_each) {
  under_seeds([] {
    websocket_pair both = connected_websockets();
    task_group all;
    all.spawn([&] { EXPECT_TRUE(both.server.close(going_away)); });
    all.run([&] { EXPECT_TRUE(both.client.close(close_code::normal)); });
    EXPECT_EQ(both.server.close_code(), close_code::normal);
    EXPECT_EQ(both.client.close_code(), going_away);
  });
}

TEST(websocket_close, by_several_fibers_sends_one_close_frame) {
  under_seeds([] {
    websocket_and_peer both = with_raw_peer();
    task_group all;
    for (int n = 0; n < 3; ++n) all.spawn([&] { EXPECT_TRUE(both.socket.close()); });
    all.run([&] {
      const frame_of normal{fin | close_frame, close_payload(1000)};
      EXPECT_EQ(both.peer.read_frame(), normal);
      both.peer.write({normal});
      EXPECT_EQ(both.peer.read_frame(), std::nullopt);
      EXPECT_EQ(both.peer.rest(), "");
    });
  });
}

TEST(websocket_close, while_a_fiber_receives_leaves_it_what_still_comes) {
  under_seeds([] {
    websocket_and_peer both = with_raw_peer();
    task_group all;
    all.spawn([&] {
      EXPECT_EQ(both.socket.receive(), message::text("late"));
      EXPECT_EQ(both.socket.receive(), std::nullopt);
      EXPECT_EQ(both.socket.close_code(), close_code::normal);
    });
    all.spawn([&] {
      this_fiber::sleep_for(1s);
      EXPECT_TRUE(both.socket.close());
    });
    all.run([&] {
      both.peer.read_frame();
      both.peer.write({{fin | text, "late"}, {fin | close_frame, close_payload(1000)}});
    });
  });
}

TEST(websocket_close, goes_on_reading_when_the_receiver_has_gone) {
  under_seeds([] {
    websocket_and_peer both = with_raw_peer();
    cancel_scope receiving;
    task_group all;
    all.spawn([&] { receiving.run([&] { both.socket.receive(); }); });
    all.spawn([&] {
      this_fiber::sleep_for(1s);
      EXPECT_TRUE(both.socket.close());
    });
    all.run([&] {
      both.peer.read_frame();
      receiving.cancel();
      this_fiber::sleep_for(1s);
      both.peer.write({{fin | text, "for nobody"}, {fin | close_frame, ""}});
    });
    EXPECT_EQ(both.socket.close_code(), close_code::none);
  });
}

TEST(websocket_close, does_not_wait_for_a_silent_peer_longer_than_its_limit) {
  under_seeds([] {
    websocket_start start;
    start.limits.close_timeout = 3s;
    websocket_and_peer both = with_raw_peer({}, start);
    std::error_code receiving;
    task_group all;
    all.spawn([&] { both.socket.receive(receiving); });
    all.run([&] {
      const auto began = heddle::clock::now();
      EXPECT_FALSE(both.socket.close());
      EXPECT_GE(heddle::clock::now() - began, 3s);
      EXPECT_LT(heddle::clock::now() - began, 3100ms);
    });
    EXPECT_EQ(receiving, std::errc::timed_out);
    both.peer.read_frame();
    EXPECT_EQ(both.peer.error(), std::errc::connection_reset);
    EXPECT_FALSE(both.socket.close()) << "and again, at once";
  });
}

TEST(websocket_close, does_not_wait_for_a_peer_that_takes_nothing_longer_than_its_limit) {
  under_seeds([] {
    websocket_start start;
    start.limits.close_timeout = 3s;
    websocket_and_peer both = with_raw_peer({.queue_bytes = 10}, start);
    std::error_code sending;
    task_group all;
    all.spawn([&] { both.socket.send("more than ten bytes", sending); });
    all.run([&] {
      this_fiber::sleep_for(1ms);
      const auto began = heddle::clock::now();
      EXPECT_FALSE(both.socket.close());
      EXPECT_LT(heddle::clock::now() - began, 3100ms);
    });
    EXPECT_EQ(sending, std::errc::timed_out);
  });
}

TEST(websocket_close, a_peer_that_never_stops_talking_does_not_keep_it) {
  under_seeds(
      [] {
        websocket_start start;
        start.limits.close_timeout = 3s;
        websocket_and_peer both = with_raw_peer({}, start);
        task_group all;
        all.spawn([&] {
          while (!both.peer.write({{fin | text, "bla"}})) this_fiber::sleep_for(10ms);
        });
        all.run([&] { EXPECT_FALSE(both.socket.close()); });
      },
      3);
}

TEST(websocket_close, a_violator_is_told_and_waited_for_but_not_for_ever) {
  under_seeds([] {
    websocket_start start;
    start.limits.close_timeout = 3s;
    websocket_and_peer both = with_raw_peer({}, start);
    both.peer.write({{fin | text, "\xff"}, {fin | text, "and on it goes"}});
    const auto began = heddle::clock::now();
    std::error_code error;
    both.socket.receive(error);
    EXPECT_EQ(error, websocket_errc::bad_utf8);
    EXPECT_LT(heddle::clock::now() - began, 3100ms);
    EXPECT_EQ(both.peer.read_frame(), std::nullopt) << "aborted: the peer did not end its side";
  });
}

TEST(websocket_close, sends_that_wait_fail_and_the_one_under_way_is_finished) {
  under_seeds([] {
    websocket_and_peer both = with_raw_peer({.queue_bytes = 8});
    std::error_code first;
    std::error_code second;
    task_group all;
    all.spawn([&] { both.socket.send("begun before the close", first); });
    all.spawn([&] {
      this_fiber::sleep_for(1ms);
      both.socket.send("not begun", second);
    });
    all.spawn([&] {
      this_fiber::sleep_for(2ms);
      EXPECT_TRUE(both.socket.close());
    });
    all.run([&] {
      this_fiber::sleep_for(3ms);
      EXPECT_EQ(both.peer.read_frame(), (frame_of{fin | text, "begun before the close"}));
      EXPECT_EQ(both.peer.read_frame(), (frame_of{fin | close_frame, close_payload(1000)}));
      both.peer.write({{fin | close_frame, close_payload(1000)}});
    });
    EXPECT_FALSE(first);
    EXPECT_EQ(second, websocket_errc::closed);
  });
}

TEST(websocket_close, does_not_cut_a_message_in_frames_short) {
  under_seeds([] {
    websocket_start start;
    start.limits.send_frame_bytes = 125;
    websocket_and_peer both = with_raw_peer({.queue_bytes = 40}, start);
    task_group all;
    all.spawn([&] { both.socket.send(std::string(300, 's')); });
    all.spawn([&] {
      this_fiber::sleep_for(1ms);
      both.socket.close();
    });
    all.run([&] {
      this_fiber::sleep_for(2ms);
      EXPECT_EQ(both.peer.read_frame()->first, text | 0U);
      EXPECT_EQ(both.peer.read_frame()->first, continuation | 0U);
      EXPECT_EQ(both.peer.read_frame()->first, fin | continuation);
      EXPECT_EQ(both.peer.read_frame(), (frame_of{fin | close_frame, close_payload(1000)}));
      both.peer.write({{fin | close_frame, ""}});
    });
  });
}

TEST(websocket_close, a_destructor_ends_the_stream_and_waits_for_nobody) {
  under_seeds([] {
    websocket_and_peer both = with_raw_peer();
    { const websocket gone = std::move(both.socket); }
    EXPECT_EQ(both.peer.read_frame(), std::nullopt);
    EXPECT_FALSE(both.peer.error());
  });
}

TEST(websocket_close, of_both_sides_on_real_loops) {
  for (int round = 0; round < 200; ++round) {
    run(with_loops(3), [] {
      websocket_pair both = connected_websockets({.queue_bytes = 16});
      task_group all;
      all.spawn([&] { echo(both.server); });
      all.spawn([&] {
        std::error_code error;
        while (!error) both.client.send("message", error);
      });
      all.spawn([&] {
        std::error_code error;
        while (both.client.receive(error)) continue;
      });
      all.run([&] { both.client.close(); });
    });
  }
}

}  // namespace
