// SPDX-License-Identifier: MIT
// What a cancelled call leaves behind: nothing, or a connection that is aborted; never a torn
// frame.
#include <heddle/http/websocket.hpp>

#include <heddle/runtime.hpp>
#include <heddle/testing/cancel_sweep.hpp>

#include "http/websocket/peer.hpp"
#include "http/websocket/under_seeds.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace heddle;
using namespace heddle::test;
using namespace std::chrono_literals;
using http::websocket_errc;
using message = websocket::message;

TEST(websocket_cancel, a_send_that_waits_for_its_turn_has_sent_nothing) {
  under_seeds([] {
    websocket_and_peer both = with_raw_peer({.queue_bytes = 8});
    task_group all;
    all.spawn([&] { both.socket.send("first, and longer than eight"); });
    all.spawn([&] {
      this_fiber::sleep_for(1ms);
      EXPECT_FALSE(move_on_after(1s, [&] { both.socket.send("second"); }));
      both.socket.send("third");
    });
    all.run([&] {
      this_fiber::sleep_for(2s);
      EXPECT_EQ(both.peer.read_frame()->payload, "first, and longer than eight");
      EXPECT_EQ(both.peer.read_frame()->payload, "third");
    });
    EXPECT_TRUE(both.socket.is_open());
  });
}

/// Fills the stream so that nothing more is taken.
void fill_stream(websocket_and_peer& both) { both.socket.send("123456"); }

TEST(websocket_cancel, a_send_of_which_nothing_was_taken_has_sent_nothing) {
  under_seeds([] {
    websocket_and_peer both = with_raw_peer({.queue_bytes = 8});
    fill_stream(both);
    EXPECT_FALSE(move_on_after(1s, [&] { both.socket.send("never sent"); }));
    EXPECT_TRUE(both.socket.is_open());
    task_group all;
    all.spawn([&] { both.socket.send("after it"); });
    all.run([&] {
      EXPECT_EQ(both.peer.read_frame()->payload, "123456");
      EXPECT_EQ(both.peer.read_frame()->payload, "after it");
    });
  });
}

TEST(websocket_cancel, a_compressed_message_that_was_not_sent_is_not_referred_to) {
  under_seeds([] {
    websocket_start start;
    start.agreed.compression = agreed_compression{};
    websocket_pair both = connected_websockets({.queue_bytes = 8}, start);
    const std::string first(1000, 'x');
    std::string text;
    for (int n = 0; n < 300; ++n) text += std::to_string(n * n);
    task_group all;
    all.spawn([&] {
      EXPECT_EQ(both.client.receive(), message::text(first));
      this_fiber::sleep_for(10s);
      EXPECT_EQ(both.client.receive(), message::text("123456"));
      EXPECT_EQ(both.client.receive(), message::text(text));
      EXPECT_EQ(both.client.receive(), message::text(text));
    });
    all.run([&] {
      both.server.send(first);
      this_fiber::sleep_for(1s);
      both.server.send("123456");
      EXPECT_FALSE(move_on_after(1s, [&] { both.server.send(text); }));
      both.server.send(text);
      both.server.send(text);
    });
  });
}

TEST(websocket_cancel, a_send_in_the_middle_of_its_message_aborts_the_connection) {
  under_seeds([] {
    websocket_and_peer both = with_raw_peer({.queue_bytes = 8});
    std::error_code receiving;
    std::error_code waiting;
    task_group all;
    all.spawn([&] { both.socket.receive(receiving); });
    all.spawn([&] {
      this_fiber::sleep_for(1ms);
      both.socket.send("behind it", waiting);
    });
    all.run(
        [&] { EXPECT_FALSE(move_on_after(1s, [&] { both.socket.send("longer than eight"); })); });
    EXPECT_EQ(receiving, websocket_errc::cut_off);
    EXPECT_EQ(waiting, websocket_errc::cut_off);
    EXPECT_EQ(both.peer.read_frame(), std::nullopt);
    EXPECT_EQ(both.peer.error(), std::errc::connection_reset);
    EXPECT_FALSE(both.socket.is_open());
  });
}

TEST(websocket_cancel, a_send_whose_message_is_out_returns) {
  under_seeds([] {
    websocket_and_peer both = with_raw_peer({.queue_bytes = 8});
    bool returned = false;
    task_group all;
    // A pong waits behind the message: the stream is full when the message is out.
    all.spawn([&] {
      move_on_after(10s, [&] {
        both.socket.send("12345678");
        returned = true;
      });
    });
    all.spawn([&] {
      this_fiber::sleep_for(1ms);
      move_on_after(1s, [&] { both.socket.receive(); });
    });
    all.run([&] {
      both.peer.write({{fin | ping, "p"}});
      this_fiber::sleep_for(9s);
      std::string taken(4, '\0');
      std::error_code error;
      both.peer.stream().read_some(std::as_writable_bytes(std::span(taken)), error);
    });
    EXPECT_TRUE(returned);
    EXPECT_TRUE(both.socket.is_open());
  });
}

TEST(websocket_cancel, a_sender_that_goes_tries_to_send_what_was_left_to_it) {
  under_seeds([] {
    websocket_and_peer both = with_raw_peer({.queue_bytes = 8});
    fill_stream(both);
    task_group all;
    all.spawn([&] { EXPECT_FALSE(move_on_after(1s, [&] { both.socket.send("never sent"); })); });
    all.spawn([&] { EXPECT_EQ(both.socket.receive(), message::text("end")); });
    all.run([&] {
      this_fiber::sleep_for(1ms);
      both.peer.write({{fin | ping, "p"}});  // the receiver leaves the answer to the sender
      this_fiber::sleep_for(1004ms);
      EXPECT_EQ(both.peer.read_frame()->payload, "123456");
      EXPECT_EQ(both.peer.read_frame(), (frame_of{fin | pong, "p"}));
      both.peer.write({{fin | text, "end"}});
    });
  });
}

TEST(websocket_cancel, a_receive_within_a_message_goes_on_where_it_was) {
  under_seeds([] {
    websocket_and_peer both = with_raw_peer();
    const std::string bytes = masked_frame(text, "one ") + masked_frame(fin | continuation, "two");
    for (std::size_t n = 0; n < bytes.size(); ++n) {
      EXPECT_FALSE(move_on_after(1s, [&] { both.socket.receive(); }));
      both.peer.write(bytes.substr(n, 1));
    }
    EXPECT_EQ(both.socket.receive(), message::text("one two"));
  });
}

TEST(websocket_cancel, the_rest_of_a_pong_goes_before_everything_else) {
  under_seeds([] {
    websocket_and_peer both = with_raw_peer({.queue_bytes = 8});
    both.peer.write(masked_frame(fin | ping, "p").substr(0, 7));
    task_group all;
    all.spawn([&] {
      // Five of seven bytes of the answer to the second ping find room.
      both.peer.write(masked_frame(fin | ping, "12345"));
    });
    all.run([&] {
      EXPECT_FALSE(move_on_after(1s, [&] { both.socket.receive(); }));
      task_group later;
      later.spawn([&] { both.socket.send("a message"); });
      later.run([&] {
        EXPECT_EQ(both.peer.read_frame(), (frame_of{fin | pong, "p"}));
        EXPECT_EQ(both.peer.read_frame(), (frame_of{fin | pong, "12345"}));
        EXPECT_EQ(both.peer.read_frame(), (frame_of{fin | text, "a message"}));
      });
    });
  });
}

TEST(websocket_cancel, a_close_can_be_gone_on_with) {
  under_seeds([] {
    websocket_and_peer both = with_raw_peer();
    EXPECT_FALSE(move_on_after(1s, [&] { both.socket.close(); }));
    EXPECT_FALSE(both.socket.is_open());
    EXPECT_EQ(both.peer.read_frame(), (frame_of{fin | close_frame, close_payload(1000)}));
    both.peer.write({{fin | close_frame, close_payload(1000)}});
    EXPECT_TRUE(both.socket.close());
    EXPECT_EQ(both.peer.read_frame(), std::nullopt);
    EXPECT_EQ(both.peer.rest(), "") << "one close frame";
  });
}

/// A scenario of one WebSocket and a peer: made anew for each run of a sweep.
struct swept {
  memory_stream_options stream = {.queue_bytes = 20};
  websocket_start start;
  std::unique_ptr<websocket_and_peer> both;

  swept() { start.limits.send_frame_bytes = 125; }

  void begin() { both = std::make_unique<websocket_and_peer>(with_raw_peer(stream, start)); }

  /// What the peer has got is whole frames, or the connection was aborted.
  void check() {
    websocket_and_peer& pair = *both;
    pair.socket.abort();
    both.reset();
  }
};

void sweep(const std::function<void(swept&)>& program) {
  swept current;
  heddle::testing::sweep_options options;
  options.before = [&] { current.begin(); };
  options.after = [&] { current.check(); };
  for (options.seed = 1; options.seed <= 4; ++options.seed) {
    options.loops = options.seed % 2 == 0 ? 1 : 3;
    const auto report = heddle::testing::cancel_sweep([&] { program(current); }, options);
    EXPECT_TRUE(report.ok()) << "seed " << options.seed << ": " << report.text();
    EXPECT_GE(report.points, 4U);
    if (!report.ok()) break;
  }
}

/// Frames that arrive at the peer must be whole and in this order, as far as they come.
void expect_beginning_of(const std::vector<frame_of>& expected, raw_peer& peer) {
  std::size_t next = 0;
  while (auto frame = peer.read_frame()) {
    if (next < expected.size() && *frame == expected[next]) {
      ++next;
      continue;
    }
    throw std::runtime_error("unexpected frame: " + frame->payload);
  }
}

TEST(websocket_cancel, a_sweep_over_sends_finds_whole_frames_or_an_abort) {
  sweep([](swept& now) {
    const std::string long_one(150, 'l');
    const std::vector<frame_of> expected = {{fin | text, "short"},
                                            {text, long_one.substr(0, 125)},
                                            {fin | continuation, long_one.substr(125)},
                                            {fin | text, "last"}};
    task_group all;
    all.spawn([&] {
      shield([&] { move_on_after(100s, [&] { expect_beginning_of(expected, now.both->peer); }); });
    });
    all.run([&] {
      std::error_code error;
      now.both->socket.send("short", error);
      now.both->socket.send(long_one, error);
      now.both->socket.send("last", error);
      now.both->socket.abort();
    });
  });
}

TEST(websocket_cancel, a_sweep_over_receives_leaves_nothing_behind) {
  sweep([](swept& now) {
    task_group all;
    all.spawn([&] {
      now.both->peer.write({{text, "one "},
                            {fin | ping, "p"},
                            {fin | continuation, "two"},
                            {fin | close_frame, close_payload(1000)}});
      now.both->peer.read_all();
    });
    all.run([&] {
      std::error_code error;
      while (now.both->socket.receive(error)) continue;
    });
  });
}

TEST(websocket_cancel, a_sweep_over_an_echo_that_is_closed_leaves_nothing_behind) {
  sweep([](swept& now) {
    task_group all;
    all.spawn([&] { echo(now.both->socket); });
    all.spawn([&] {
      this_fiber::sleep_for(1s);
      now.both->socket.close();
    });
    all.run([&] {
      now.both->peer.write({{fin | text, "hello"}});
      while (auto frame = now.both->peer.read_frame()) {
        if ((frame->first & 0xfU) == close_frame) {
          now.both->peer.write({{fin | close_frame, ""}});
        }
      }
    });
  });
}

TEST(websocket_cancel, a_sweep_over_a_violation_leaves_nothing_behind) {
  sweep([](swept& now) {
    task_group all;
    all.spawn([&] {
      now.both->peer.write({{fin | text, "\xff"}});
      now.both->peer.read_all();
      std::error_code ignored;
      now.both->peer.stream().shutdown_write(ignored);
    });
    all.run([&] {
      std::error_code error;
      now.both->socket.receive(error);
    });
  });
}

}  // namespace
