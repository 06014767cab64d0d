// SPDX-License-Identifier: MIT
// The table of dialogues, held against an echo of whole WebSockets: over memory in pieces of
// several sizes, over TCP and over a pair of UNIX sockets, as a server and as a client.
#include <heddle/io/tcp.hpp>
#include <heddle/io/unix.hpp>
#include <heddle/runtime.hpp>

#include "connection/owned_transport.hpp"
#include "http/websocket/dialogues.hpp"
#include "http/websocket/peer.hpp"
#include "io/net/sockets.hpp"
#include "runtime/support/loops.hpp"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

namespace {

using namespace heddle;
using namespace heddle::test;

struct two_ends {
  std::unique_ptr<transport> echo;
  std::unique_ptr<transport> peer;
};

/// Has a peer say `each` to an echo in the other role, and compares what it gets.
void hold(const dialogue_with_echo& each, two_ends ends, from sender) {
  websocket_start start;
  start.own = sender == from::client ? websocket_role::server : websocket_role::client;
  websocket echoing = websocket_access::over(std::move(ends.echo), start);
  raw_peer peer(std::move(ends.peer));
  std::vector<frame_of> answers;
  task_group both;
  both.spawn([&] { echo(echoing); });
  both.run([&] {
    peer.write(heddle::test::bytes_of(each.sent, sender));
    if (sender == from::server) {
      // A client waits for the server to end the connection.
      while (answers.size() < each.answered.size()) {
        auto next = peer.read_frame();
        if (!next) break;
        EXPECT_TRUE(peer.was_masked());
        answers.push_back(std::move(*next));
      }
      peer.stream().close();
    } else {
      for (frame_of& next : peer.read_all()) answers.push_back(std::move(next));
      std::error_code ignored;
      peer.stream().shutdown_write(ignored);
    }
  });
  EXPECT_EQ(answers, each.answered) << each.name;
  EXPECT_EQ(peer.rest(), "") << each.name;
}

class dialogues : public testing::TestWithParam<from> {};
INSTANTIATE_TEST_SUITE_P(as, dialogues, testing::Values(from::client, from::server),
                         [](const auto& each) {
                           return each.param == from::client ? "server" : "client";
                         });

TEST_P(dialogues, have_their_answers_over_memory_in_pieces) {
  run(with_loops(2), [&] {
    for (const std::size_t piece : {1U, 7U, 65536U}) {
      for (const dialogue_with_echo& each : all_dialogues()) {
        memory_pair both = connected_in_memory({.piece_bytes = piece});
        hold(each, {std::move(both.near), std::move(both.far)}, GetParam());
      }
    }
  });
}

TEST_P(dialogues, have_their_answers_over_tcp) {
  run(with_loops(2), [&] {
    for (const dialogue_with_echo& each : all_dialogues()) {
      stream_pair both = connected_pair();
      hold(each,
           {std::make_unique<http::detail::owned_transport<io::tcp_stream>>(std::move(both.near)),
            std::make_unique<http::detail::owned_transport<io::tcp_stream>>(std::move(both.far))},
           GetParam());
    }
  });
}

TEST_P(dialogues, have_their_answers_over_unix_sockets) {
  run(with_loops(2), [&] {
    for (const dialogue_with_echo& each : all_dialogues()) {
      auto both = io::unix_stream::make_pair();
      hold(each,
           {std::make_unique<http::detail::owned_transport<io::unix_stream>>(std::move(both.first)),
            std::make_unique<http::detail::owned_transport<io::unix_stream>>(
                std::move(both.second))},
           GetParam());
    }
  });
}

}  // namespace
