// SPDX-License-Identifier: MIT
// What is compressed inflates to what it was; what is no compressed message, or inflates to too
// much, is refused, wherever it is cut.
#include "websocket/deflate.hpp"

#include "http/websocket/frames.hpp"
#include "runtime/support/random.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using namespace heddle::http::detail;
using namespace heddle::test;
using heddle::http::websocket_errc;
using context = agreed_compression::context;
using namespace std::string_view_literals;

constexpr inflate_limits generous{std::size_t{64} << 20, 1100, 0};

std::string compressed(compressor& with, std::string_view text) {
  std::string out;
  with.add(bytes_of(text), compressor::part::last, out);
  return out;
}

struct inflated {
  std::string text;
  std::error_code error;
};

inflated inflate_in_pieces(decompressor& with, std::string_view bytes, std::size_t piece) {
  inflated result;
  for (std::size_t at = 0; at < bytes.size() && !result.error; at += piece) {
    with.add(bytes_of(bytes.substr(at, piece)), result.text, result.error);
  }
  if (!result.error) with.finish(result.text, result.error);
  return result;
}

std::string mixed_text(std::size_t size) {
  random_numbers numbers(7);
  std::string text;
  while (text.size() < size) {
    if (numbers.next() % 3 == 0) {
      text.push_back(static_cast<char>(numbers.next()));
    } else {
      text += "the same words again, ";
    }
  }
  return text;
}

TEST(deflate, messages_come_back_whatever_window_and_context) {
  const std::vector<std::string> messages = {"a", "hello hello hello hello", mixed_text(100'000),
                                             std::string(300'000, 'x'), "hello hello"};
  for (const int bits : {9, 10, 12, 15}) {
    for (const context kept : {context::keep, context::forget}) {
      agreed_compression agreed;
      agreed.send_window_bits = agreed.receive_window_bits = bits;
      agreed.send_context = agreed.receive_context = kept;
      compressor out(agreed);
      decompressor in(agreed, generous);
      for (const std::string& message : messages) {
        const inflated got = inflate_in_pieces(in, compressed(out, message), 1'000'000);
        EXPECT_FALSE(got.error) << got.error.message();
        EXPECT_EQ(got.text, message) << bits;
      }
    }
  }
}

TEST(deflate, a_message_inflates_to_the_same_however_it_is_cut) {
  const std::string message = mixed_text(20'000);
  const agreed_compression agreed;
  compressor out(agreed);
  const std::string bytes = compressed(out, message);
  for (const std::size_t piece : {1U, 2U, 3U, 7U, 100U, 1023U, 1024U, 1025U}) {
    decompressor in(agreed, generous);
    EXPECT_EQ(inflate_in_pieces(in, bytes, piece).text, message) << piece;
  }
}

TEST(deflate, a_message_may_be_compressed_in_pieces) {
  const std::string message = mixed_text(50'000);
  const agreed_compression agreed;
  compressor out(agreed);
  std::string bytes;
  out.add(bytes_of(message).first(20'000), compressor::part::more_follows, bytes);
  out.add(bytes_of(message).subspan(20'000), compressor::part::last, bytes);
  decompressor in(agreed, generous);
  EXPECT_EQ(inflate_in_pieces(in, bytes, 4096).text, message);
}

TEST(deflate, what_was_forgotten_is_not_referred_to) {
  const agreed_compression agreed;
  compressor out(agreed);
  decompressor in(agreed, generous);
  const std::string message = mixed_text(5'000);
  EXPECT_EQ(inflate_in_pieces(in, compressed(out, "first"), 100).text, "first");
  compressed(out, message);  // never sent
  out.forget();
  EXPECT_EQ(inflate_in_pieces(in, compressed(out, message), 100).text, message);
}

TEST(deflate, with_context_the_same_message_again_is_short) {
  agreed_compression agreed;
  const std::string message = mixed_text(5'000);
  compressor keeps(agreed);
  const std::size_t first = compressed(keeps, message).size();
  EXPECT_LT(compressed(keeps, message).size(), first / 2);
  agreed.send_context = context::forget;
  compressor forgets(agreed);
  compressed(forgets, message);
  EXPECT_EQ(compressed(forgets, message).size(), first);
}

// The examples of RFC 7692, section 7.2.3.
TEST(deflate, inflates_blocks_that_are_stored_final_or_many) {
  const std::vector<std::string_view> hellos = {
      "\xf2\x48\xcd\xc9\xc9\x07\x00"sv,
      "\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00"sv,
      "\xf3\x48\xcd\xc9\xc9\x07\x00\x00"sv,
      "\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00"sv,
  };
  for (const std::string_view bytes : hellos) {
    for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
      decompressor in({}, generous);
      const inflated got = inflate_in_pieces(in, bytes, piece);
      EXPECT_FALSE(got.error);
      EXPECT_EQ(got.text, "Hello") << piece;
    }
  }
}

TEST(deflate, a_final_block_does_not_end_the_window) {
  decompressor in({}, generous);
  EXPECT_EQ(inflate_in_pieces(in, "\xf3\x48\xcd\xc9\xc9\x07\x00\x00"sv, 100).text, "Hello");
  // As in the RFC: the second message refers to the first.
  EXPECT_EQ(inflate_in_pieces(in, "\xf2\x00\x11\x00\x00"sv, 100).text, "Hello");
}

TEST(deflate, what_is_no_message_is_refused) {
  const std::vector<std::string_view> table = {
      "\xff\xff\xff\xff"sv,           // an unknown kind of block
      "\x00\x05\x00\x00\x00hello"sv,  // lengths that contradict one another
      "\xf2\x48\xcd"sv,               // ends within a block
      "\xf2\x00\x11\x00\x00"sv,       // refers to what was never there
  };
  for (const std::string_view bytes : table) {
    for (std::size_t piece = 1; piece <= bytes.size(); ++piece) {
      decompressor in({}, generous);
      EXPECT_EQ(inflate_in_pieces(in, bytes, piece).error, websocket_errc::bad_compression)
          << testing::PrintToString(bytes) << " in pieces of " << piece;
    }
  }
}

TEST(deflate, a_bomb_is_refused_early_wherever_it_is_cut) {
  agreed_compression agreed;
  agreed.level = 9;
  compressor out(agreed);
  const std::string bomb = compressed(out, std::string(std::size_t{32} << 20, '\0'));
  ASSERT_LT(bomb.size(), 40'000U);
  constexpr inflate_limits limits{std::size_t{16} << 20, 100, 64 << 10};
  for (const std::size_t piece : {std::size_t{1}, std::size_t{1000}, bomb.size()}) {
    decompressor in(agreed, limits);
    const inflated got = inflate_in_pieces(in, bomb, piece);
    EXPECT_EQ(got.error, websocket_errc::inflates_too_much) << piece;
    EXPECT_LE(got.text.size(), (std::size_t{64} << 10) + (1032U << 10)) << piece;
  }
}

TEST(deflate, a_message_ends_at_its_limit_of_bytes) {
  const agreed_compression agreed;
  compressor out(agreed);
  const std::string bytes = compressed(out, std::string(1001, 'x'));
  decompressor exact(agreed, {1001, 1100, 64 << 10});
  EXPECT_FALSE(inflate_in_pieces(exact, bytes, 100).error);
  decompressor small(agreed, {1000, 1100, 64 << 10});
  EXPECT_EQ(inflate_in_pieces(small, bytes, 100).error, websocket_errc::message_too_big);
}

TEST(deflate, the_ratio_counts_from_the_floor_on) {
  const agreed_compression agreed;
  const std::string message(60'000, 'x');
  compressor out(agreed);
  const std::string bytes = compressed(out, message);
  ASSERT_GT(message.size(), bytes.size() * 100);
  decompressor above(agreed, {std::size_t{1} << 20, 100, 60'000});
  EXPECT_FALSE(inflate_in_pieces(above, bytes, 100).error);
  decompressor below(agreed, {std::size_t{1} << 20, 100, 59'999});
  EXPECT_EQ(inflate_in_pieces(below, bytes, 100).error, websocket_errc::inflates_too_much);
}

}  // namespace
