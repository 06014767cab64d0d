// SPDX-License-Identifier: MIT
// Messages both ways: what arrives is what was sent, by several fibers at once, in pieces,
// compressed; and what misuse is told.
#include <heddle/http/websocket.hpp>

#include <heddle/runtime.hpp>

#include "http/websocket/peer.hpp"
#include "http/websocket/under_seeds.hpp"
#include "runtime/support/loops.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace heddle;
using namespace heddle::test;
using namespace std::chrono_literals;
using http::close_code;
using http::websocket_errc;
using http::websocket_error;
using message = websocket::message;

std::string some_text(std::size_t size) {
  std::string text;
  for (std::size_t n = 0; text.size() < size; ++n) text += "line " + std::to_string(n) + "\n";
  text.resize(size);
  return text;
}

/// Sends `messages` from the client to an echo and back. Returns: what came back.
std::vector<message> echoed(websocket_pair& both, const std::vector<message>& messages) {
  std::vector<message> back;
  task_group all;
  all.spawn([&] { echo(both.server); });
  all.run([&] {
    for (const message& each : messages) {
      both.client.send(each);
      auto got = both.client.receive();
      if (got) back.push_back(std::move(*got));
    }
    EXPECT_TRUE(both.client.close());
  });
  return back;
}

const std::vector<message> of_all_sizes = {
    message::text("hello"),
    message::binary("\xff\xfe not a text"),
    message::text(""),
    message::binary(""),
    message::text(some_text(125)),
    message::text(some_text(126)),
    message::text(some_text(65'535)),
    message::binary(some_text(65'536)),
    message::text(some_text(65'537)),
    message::binary(some_text(1'000'000)),
};

TEST(websocket, messages_come_back_as_they_were_text_and_binary_apart) {
  under_seeds([] {
    websocket_pair both = connected_websockets();
    EXPECT_EQ(echoed(both, of_all_sizes), of_all_sizes);
  });
}

/// Ends every other wait though nothing has come, as a socket does whose bytes have been read.
class restless_stream : public memory_stream {
 public:
  using memory_stream::memory_stream;

  void wait_readable(std::error_code& error) override {
    error.clear();
    if (++waits % 2 == 0) return memory_stream::wait_readable(error);
    this_fiber::yield();
  }
  std::size_t read_some(std::span<std::byte> into, std::error_code& error) override {
    ++reads_that_may_wait;
    return memory_stream::read_some(into, error);
  }

  int waits = 0;
  int reads_that_may_wait = 0;
};

TEST(websocket, does_not_wait_with_a_buffer_where_a_wait_ended_for_nothing) {
  under_seeds([] {
    auto link = std::make_shared<memory_link>(memory_stream_options{});
    auto near = std::make_unique<restless_stream>(link, 0);
    const restless_stream& seen = *near;
    websocket socket = websocket_access::over(std::move(near), {});
    raw_peer peer(std::make_unique<memory_stream>(link, 1));
    gather(
        [&] {
          EXPECT_EQ(socket.receive(), message::text("hello"));
          EXPECT_EQ(socket.receive(), message::text("again"));
          EXPECT_GE(seen.waits, 3);
          EXPECT_EQ(seen.reads_that_may_wait, 0);
        },
        [&] {
          this_fiber::sleep_for(1ms);
          peer.write({{0x81, "hello"}});
          this_fiber::sleep_for(1ms);
          peer.write({{0x81, "again"}});
        });
  });
}

TEST(websocket, messages_come_back_through_a_stream_of_small_pieces) {
  under_seeds(
      [] {
        websocket_pair both = connected_websockets({.queue_bytes = 13, .piece_bytes = 3});
        const std::vector<message> some = {message::text("hello"), message::binary(""),
                                           message::text(some_text(5000))};
        EXPECT_EQ(echoed(both, some), some);
      },
      3);
}

TEST(websocket, messages_come_back_compressed_whatever_was_agreed_on) {
  using context = agreed_compression::context;
  for (const int bits : {9, 15}) {
    for (const context kept : {context::keep, context::forget}) {
      under_seeds(
          [&] {
            websocket_start start;
            agreed_compression agreed;
            agreed.send_window_bits = agreed.receive_window_bits = bits;
            agreed.send_context = agreed.receive_context = kept;
            start.agreed.compression = agreed;
            websocket_pair both = connected_websockets({}, start);
            EXPECT_TRUE(both.client.compresses());
            EXPECT_EQ(echoed(both, of_all_sizes), of_all_sizes);
          },
          2);
    }
  }
}

TEST(websocket, a_compressed_message_is_short_on_the_wire_and_a_small_one_is_as_it_is) {
  under_seeds([] {
    websocket_start start;
    start.agreed.compression = agreed_compression{};
    auto [socket, peer] = with_raw_peer({}, start);
    socket.send(std::string(10'000, 'x'));
    socket.send(std::string(100, 'x'));
    const auto large = peer.read_frame();
    EXPECT_EQ(large->first, fin | rsv1 | text);
    EXPECT_LT(large->payload.size(), 200U);
    EXPECT_EQ(peer.read_frame(), (frame_of{fin | text, std::string(100, 'x')}));
  });
}

TEST(websocket, a_client_whose_server_allows_only_the_smallest_window_sends_as_it_is) {
  under_seeds([] {
    websocket_start start;
    start.agreed.compression = agreed_compression{.send_window_bits = 8};
    auto [socket, peer] = with_raw_peer({}, start);
    socket.send(std::string(10'000, 'x'));
    EXPECT_EQ(peer.read_frame(), (frame_of{fin | text, std::string(10'000, 'x')}));
  });
}

TEST(websocket, a_long_message_goes_in_frames_of_the_size_set) {
  under_seeds([] {
    websocket_start start;
    start.limits.send_frame_bytes = 1000;
    auto [socket, peer] = with_raw_peer({}, start);
    const std::string sent = some_text(2500);
    socket.send(std::as_bytes(std::span(sent)));
    EXPECT_EQ(peer.read_frame(), (frame_of{binary, sent.substr(0, 1000)}));
    EXPECT_EQ(peer.read_frame(), (frame_of{continuation, sent.substr(1000, 1000)}));
    EXPECT_EQ(peer.read_frame(), (frame_of{fin | continuation, sent.substr(2000)}));
    socket.send(sent.substr(0, 1000));
    EXPECT_EQ(peer.read_frame(), (frame_of{fin | text, sent.substr(0, 1000)}));
  });
}

TEST(websocket, what_came_behind_the_handshake_is_read_first) {
  under_seeds([] {
    const std::string first = masked_frame(fin | text, "first");
    websocket_start start;
    start.already_read = bytes_of(first).first(4);
    auto [socket, peer] = with_raw_peer({}, start);
    peer.write(first.substr(4));
    peer.write({{fin | text, "second"}});
    EXPECT_EQ(socket.receive(), message::text("first"));
    EXPECT_EQ(socket.receive(), message::text("second"));
  });
}

/// Several fibers send at once; the other side holds what came against what was sent.
void many_senders(const memory_stream_options& stream, const websocket_start& start) {
  constexpr int senders = 4;
  constexpr int messages = 20;
  websocket_pair both = connected_websockets(stream, start);
  std::map<std::string, int> next;
  task_group all;
  for (int sender = 0; sender < senders; ++sender) {
    all.spawn([&, sender] {
      for (int n = 0; n < messages; ++n) {
        const std::string body(static_cast<std::size_t>(n) * 40, static_cast<char>('a' + sender));
        both.client.send(std::string(1, static_cast<char>('a' + sender)) + std::to_string(n) + " " +
                         body);
      }
    });
  }
  all.run([&] {
    for (int n = 0; n < senders * messages; ++n) {
      const auto got = both.server.receive();
      const std::string who = got->data.substr(0, 1);
      const int expected = next[who]++;
      const std::string body(static_cast<std::size_t>(expected) * 40, who[0]);
      EXPECT_EQ(got->data, who + std::to_string(expected) + " " + body);
    }
  });
}

TEST(websocket, messages_of_several_fibers_arrive_whole_and_in_the_order_of_each) {
  websocket_start in_frames;
  in_frames.limits.send_frame_bytes = 125;
  under_seeds([&] { many_senders({.queue_bytes = 64}, in_frames); });
  websocket_start compressed;
  compressed.agreed.compression = agreed_compression{};
  under_seeds([&] { many_senders({.queue_bytes = 64}, compressed); });
}

TEST(websocket, several_fibers_send_while_another_receives_on_real_loops) {
  for (int round = 0; round < 20; ++round) {
    run(with_loops(3), [] { many_senders({.queue_bytes = 64}, {}); });
    run(with_loops(2), [] {
      websocket_pair both = connected_websockets();
      EXPECT_EQ(echoed(both, of_all_sizes), of_all_sizes);
    });
  }
}

TEST(websocket, senders_take_turns) {
  under_seeds([] {
    auto [socket, peer] = with_raw_peer({.queue_bytes = 1});
    websocket& shared = socket;
    std::vector<std::string> order;
    task_group all;
    for (const char* const who : {"a", "b"}) {
      all.spawn([&shared, who] {
        for (int n = 0; n < 5; ++n) shared.send(std::string_view(who));
      });
    }
    raw_peer& reader = peer;
    all.run([&] {
      for (int n = 0; n < 10; ++n) order.push_back(reader.read_frame()->payload);
    });
    int in_a_row = 1;
    for (std::size_t n = 2; n + 2 < order.size(); ++n) {
      in_a_row = order[n] == order[n - 1] ? in_a_row + 1 : 1;
      EXPECT_LE(in_a_row, 2);
    }
  });
}

TEST(websocket, a_violation_is_an_error_that_names_peer_and_close_code) {
  under_seeds([] {
    auto [socket, peer] = with_raw_peer();
    peer.write(std::string("\x83\x80zzzz", 6));
    std::error_code ignored;
    peer.stream().shutdown_write(ignored);
    try {
      socket.receive();
      ADD_FAILURE();
    } catch (const websocket_error& broken) {
      EXPECT_EQ(broken.code(), websocket_errc::unknown_opcode);
      EXPECT_EQ(broken.close_code(), close_code::protocol_error);
      EXPECT_EQ(broken.peer(), io::endpoint("127.0.0.1:7"));
      EXPECT_STREQ(broken.what(),
                   "receive from 127.0.0.1:7: closed with 1002: A frame has an unknown opcode");
    }
    EXPECT_FALSE(socket.is_open());
    std::error_code again;
    EXPECT_EQ(socket.receive(again), std::nullopt);
    EXPECT_EQ(again, websocket_errc::unknown_opcode);
    socket.send("late", again);
    EXPECT_EQ(again, websocket_errc::closed);
    EXPECT_THROW(socket.send("late"), websocket_error);
  });
}

TEST(websocket, an_end_without_a_close_frame_is_an_error_of_the_stream) {
  under_seeds([] {
    auto [socket, peer] = with_raw_peer();
    peer.write(masked_frame(text, "half a message"));
    peer.stream().close();
    try {
      socket.receive();
      ADD_FAILURE();
    } catch (const io::io_error& ended) {
      EXPECT_EQ(ended.code(), io::io_errc::unexpected_end);
      EXPECT_EQ(ended.where(), io::endpoint("127.0.0.1:7"));
    }
    EXPECT_FALSE(socket.is_open());
    EXPECT_EQ(socket.close_code(), std::nullopt);
  });
}

TEST(websocket, a_reset_reaches_the_receiver_and_the_sender) {
  under_seeds([] {
    auto [socket, peer] = with_raw_peer();
    peer.stream().abort();
    std::error_code error;
    socket.send("hello", error);
    EXPECT_TRUE(error);
    socket.receive(error);
    EXPECT_EQ(error, std::errc::connection_reset);
  });
}

TEST(websocket, abort_ends_the_calls_under_way) {
  under_seeds([] {
    auto [socket, peer] = with_raw_peer({.queue_bytes = 4});
    websocket& shared = socket;
    std::error_code receiving;
    std::error_code first;
    std::error_code second;
    task_group all;
    all.spawn([&] { shared.receive(receiving); });
    all.spawn([&] { shared.send("more than four", first); });
    all.spawn([&] { shared.send("behind it", second); });
    all.run([&] {
      this_fiber::sleep_for(1s);
      shared.abort();
    });
    EXPECT_EQ(receiving, std::errc::operation_canceled);
    EXPECT_EQ(first, std::errc::operation_canceled);
    EXPECT_EQ(second, std::errc::operation_canceled);
    EXPECT_FALSE(shared.is_open());
  });
}

TEST(websocket, misuse_is_told) {
  under_seeds([] {
    websocket_pair both = connected_websockets();
    EXPECT_THROW(both.client.send("\xff"), std::invalid_argument);
    EXPECT_THROW(both.client.ping(std::string(126, 'p')), std::invalid_argument);
    EXPECT_THROW(both.client.close(close_code::none), std::invalid_argument);
    EXPECT_THROW(both.client.close(static_cast<close_code>(1006)), std::invalid_argument);
    EXPECT_THROW(both.client.close(close_code::normal, "\xff"), std::invalid_argument);
    EXPECT_THROW(both.client.close(close_code::normal, std::string(124, 'r')),
                 std::invalid_argument);
    EXPECT_TRUE(both.client.is_open());

    task_group all;
    all.spawn([&] { both.server.receive(); });
    all.run([&] {
      this_fiber::sleep_for(1s);
      EXPECT_THROW(both.server.receive(), std::logic_error);
      both.client.send("for the first");
    });
  });
}

TEST(websocket, a_moved_one_goes_on_and_a_moved_from_one_says_so) {
  under_seeds([] {
    websocket_pair both = connected_websockets();
    websocket moved = std::move(both.server);
    EXPECT_FALSE(both.server.is_open());  // NOLINT(bugprone-use-after-move): that is the question
    both.client.send("hello");
    EXPECT_EQ(moved.receive(), message::text("hello"));
    EXPECT_EQ(moved.peer_endpoint(), io::endpoint("127.0.0.1:7"));
    both.server.abort();
    EXPECT_THROW(both.server.send("x"), std::logic_error);
    EXPECT_THROW(both.server.receive(), std::logic_error);
    EXPECT_THROW(both.server.ping(), std::logic_error);
    EXPECT_THROW(both.server.close(), std::logic_error);
    EXPECT_THROW(both.server.close_code(), std::logic_error);
    EXPECT_THROW(both.server.close_reason(), std::logic_error);
    EXPECT_THROW(both.server.subprotocol(), std::logic_error);
    EXPECT_THROW(both.server.compresses(), std::logic_error);
    EXPECT_THROW(both.server.peer_endpoint(), std::logic_error);
  });
}

}  // namespace
