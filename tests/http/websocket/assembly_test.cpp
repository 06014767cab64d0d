// SPDX-License-Identifier: MIT
// Messages out of bytes: the table of dialogues at every cut, and the limits.
#include "websocket/assembly.hpp"

#include "http/websocket/dialogues.hpp"
#include "http/websocket/frames.hpp"
#include "runtime/support/random.hpp"
#include "websocket/close_frame.hpp"

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

namespace {

using namespace heddle::http::detail;
using namespace heddle::test;
using heddle::http::close_code;
using heddle::http::websocket_errc;
using heddle::http::websocket_limits;
using event = assembler::event;

frame_of close_with(std::error_code error) {
  const close_code code = close_code_of(static_cast<websocket_errc>(error.value()));
  return {fin | close_frame, close_payload(static_cast<unsigned>(code))};
}

/// What an echo answers to one event. Returns: false after the last one.
bool answer(assembler& from, event what, std::vector<frame_of>& answers) {
  if (what == event::message) {
    const unsigned kind = from.is_text() ? text : binary;
    answers.push_back({fin | kind, from.take_message()});
  } else if (what == event::ping) {
    answers.push_back({fin | pong, text_of(from.control())});
  } else if (what == event::close) {
    std::error_code error;
    const closing found = read_closing(from.control(), error);
    answers.push_back(error ? close_with(error)
                            : frame_of{fin | close_frame, build_closing(found.code, "")});
    return false;
  } else if (what == event::refused) {
    answers.push_back(close_with(from.error()));
    return false;
  }
  return true;
}

/// What the assembler makes of bytes that come in pieces of the sizes that `next_size` says.
template <class NextSize>
std::vector<frame_of> answers_to(assembler& from, std::string bytes, NextSize next_size) {
  std::vector<frame_of> answers;
  for (std::size_t at = 0; at < bytes.size();) {
    const std::size_t size = std::min<std::size_t>(bytes.size() - at, next_size());
    std::span<std::byte> input = std::as_writable_bytes(std::span(bytes)).subspan(at, size);
    at += size;
    for (event what = event::message; what != event::need_more;) {
      what = from.next(input);
      if (!answer(from, what, answers)) return answers;
    }
    EXPECT_TRUE(input.empty());
  }
  return answers;
}

std::vector<frame_of> answers_in_pieces(const std::string& bytes, std::size_t piece,
                                        websocket_role own = websocket_role::server,
                                        const websocket_limits& limits = {}) {
  assembler fresh(own, limits, std::nullopt);
  return answers_to(fresh, bytes, [=] { return piece; });
}

TEST(assembly, every_dialogue_has_its_answers_in_pieces_of_every_size) {
  for (const dialogue_with_echo& each : all_dialogues()) {
    for (const from peer : {from::client, from::server}) {
      const auto own = peer == from::client ? websocket_role::server : websocket_role::client;
      const std::string bytes = bytes_of(each.sent, peer);
      for (const std::size_t piece : {std::size_t{1}, std::size_t{2}, std::size_t{3},
                                      std::size_t{5}, std::size_t{64}, bytes.size()}) {
        ASSERT_EQ(answers_in_pieces(bytes, piece, own), each.answered)
            << each.name << " in pieces of " << piece;
      }
    }
  }
}

TEST(assembly, every_dialogue_has_its_answers_at_every_cut_in_two) {
  for (const dialogue_with_echo& each : all_dialogues()) {
    const std::string bytes = bytes_of(each.sent, from::client);
    if (bytes.size() > 1000) continue;
    for (std::size_t cut = 1; cut < bytes.size(); ++cut) {
      assembler fresh(websocket_role::server, websocket_limits{}, std::nullopt);
      std::size_t pieces = 0;
      const auto answers =
          answers_to(fresh, bytes, [&] { return pieces++ == 0 ? cut : bytes.size(); });
      ASSERT_EQ(answers, each.answered) << each.name << " cut at " << cut;
    }
  }
}

TEST(assembly, a_frame_is_refused_by_its_head_when_it_is_over_the_limit) {
  websocket_limits limits;
  limits.frame_bytes = 1000;
  const auto head_of = [](std::uint64_t length, int form) {
    return std::string("\x82").append(length_field(length, form, true)).append("abcd");
  };
  const frame_of too_big{fin | close_frame, close_payload(1009)};
  EXPECT_TRUE(answers_in_pieces(head_of(1000, 2), 1, websocket_role::server, limits).empty());
  const std::vector<std::pair<std::uint64_t, int>> over = {
      {1001, 2}, {1ULL << 32, 8}, {(1ULL << 63) - 1, 8}};
  for (const auto& [length, form] : over) {
    EXPECT_EQ(answers_in_pieces(head_of(length, form), 1, websocket_role::server, limits),
              std::vector{too_big})
        << length;
  }
}

TEST(assembly, a_message_may_have_as_many_bytes_and_fragments_as_the_limits_say) {
  websocket_limits limits;
  limits.message_bytes = 10;
  limits.fragments = 3;
  const auto answers = [&](const std::vector<frame_of>& frames) {
    return answers_in_pieces(bytes_of(frames, from::client), 4, websocket_role::server, limits);
  };
  const std::vector<frame_of> too_big = {{fin | close_frame, close_payload(1009)}};
  EXPECT_EQ(answers({{text, "12345"}, {fin | continuation, "67890"}}),
            (std::vector<frame_of>{{fin | text, "1234567890"}}));
  EXPECT_EQ(answers({{text, "12345"}, {fin | continuation, "678901"}}), too_big);
  EXPECT_EQ(answers({{fin | binary, "12345678901"}}), too_big);
  EXPECT_EQ(answers({{text, "1"}, {continuation, "2"}, {fin | continuation, "3"}}),
            (std::vector<frame_of>{{fin | text, "123"}}));
  EXPECT_EQ(answers({{text, ""}, {continuation, ""}, {continuation, ""}, {continuation, ""}}),
            too_big);
  // What has been handed out is counted no more.
  EXPECT_EQ(answers({{fin | text, "1234567890"}, {fin | text, "1234567890"}}).size(), 2U);
}

std::string compressed(compressor& with, std::string_view message) {
  std::string out;
  with.add(heddle::test::bytes_of(message), compressor::part::last, out);
  return out;
}

TEST(assembly, compressed_messages_come_out_at_every_piece_also_in_fragments) {
  compressor with{agreed_compression{}};
  std::string body = compressed(with, "one text, one text");
  const std::string again = compressed(with, "one text, one text");
  const std::string half = body.substr(0, body.size() / 2);
  const std::string rest = body.substr(body.size() / 2);
  const std::vector<frame_of> sent = {{rsv1 | text, half},
                                      {fin | ping, "p"},
                                      {fin | continuation, rest},
                                      {fin | binary, "as it is"},
                                      {fin | rsv1 | text, again}};
  const std::vector<frame_of> expected = {{fin | pong, "p"},
                                          {fin | text, "one text, one text"},
                                          {fin | binary, "as it is"},
                                          {fin | text, "one text, one text"}};
  const std::string bytes = heddle::test::bytes_of(sent, from::client);
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    assembler fresh(websocket_role::server, websocket_limits{}, agreed_compression{});
    ASSERT_EQ(answers_to(fresh, bytes, [=] { return piece; }), expected) << piece;
  }
}

TEST(assembly, a_compressed_text_is_checked_after_it_was_inflated) {
  compressor with{agreed_compression{}};
  const std::vector<frame_of> sent = {{fin | rsv1 | text, compressed(with, "a\xed\xa0\x80")}};
  assembler fresh(websocket_role::server, websocket_limits{}, agreed_compression{});
  EXPECT_EQ(answers_to(fresh, heddle::test::bytes_of(sent, from::client), [] { return 3U; }),
            (std::vector<frame_of>{{fin | close_frame, close_payload(1007)}}));
}

TEST(assembly, of_two_faults_the_first_one_counts_at_every_cut) {
  // A byte that is no UTF-8, then a block of an unknown kind.
  std::string body("\x00\x01\x00\xfe\xff\xff\x07", 7);
  const std::string bytes = heddle::test::bytes_of({{fin | rsv1 | text, body}}, from::client);
  for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
    assembler fresh(websocket_role::server, websocket_limits{}, agreed_compression{});
    answers_to(fresh, bytes, [=] { return piece; });
    EXPECT_EQ(fresh.error(), websocket_errc::bad_utf8) << piece;
  }
}

TEST(assembly, a_bomb_is_refused) {
  compressor with{agreed_compression{}};
  const std::string bomb = compressed(with, std::string(std::size_t{8} << 20, '\0'));
  assembler fresh(websocket_role::server, websocket_limits{}, agreed_compression{});
  EXPECT_EQ(answers_to(fresh, heddle::test::bytes_of({{fin | rsv1 | binary, bomb}}, from::client),
                       [] { return 100U; }),
            (std::vector<frame_of>{{fin | close_frame, close_payload(1009)}}));
}

TEST(assembly, random_bytes_have_the_same_answers_however_they_are_cut) {
  random_numbers numbers(11);
  for (int round = 0; round < 3000; ++round) {
    std::string bytes = heddle::test::bytes_of({{text, "abc"},
                                                {fin | continuation, "def"},
                                                {fin | ping, "p"},
                                                {fin | rsv1 | binary, "xyz"}},
                                               from::client);
    for (int n = 0; n < 3; ++n)
      bytes[numbers.next() % bytes.size()] = static_cast<char>(numbers.next());
    assembler whole(websocket_role::server, websocket_limits{}, agreed_compression{});
    const auto expected = answers_to(whole, bytes, [&] { return bytes.size(); });
    assembler cut(websocket_role::server, websocket_limits{}, agreed_compression{});
    ASSERT_EQ(answers_to(cut, bytes, [&] { return 1 + numbers.next() % 5; }), expected)
        << testing::PrintToString(bytes) << ", HEDDLE_SEED=" << seed();
  }
}

}  // namespace
