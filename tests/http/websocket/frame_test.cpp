// SPDX-License-Identifier: MIT
// Heads of frames: what is taken, what is refused and at which byte, and what is built.
#include "websocket/frame.hpp"

#include "http/websocket/frames.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace heddle::http::detail;
using namespace heddle::test;
using heddle::http::websocket_errc;
using progress = head_reader::progress;
using compression = head_reader::compression;

struct reading {
  progress end;
  std::size_t taken;
};

/// Gives the reader a byte at a time.
reading read_by_bytes(head_reader& reader, std::string bytes) {
  std::size_t taken = 0;
  for (char& each : bytes) {
    std::span<std::byte> input = std::as_writable_bytes(std::span(&each, 1));
    const progress now = reader.read(input);
    ++taken;
    if (now != progress::need_more) return {now, taken};
  }
  return {progress::need_more, taken};
}

TEST(frame_head, is_read_back_as_it_was_built) {
  const std::vector<std::uint64_t> lengths = {
      0, 1, 125, 126, 127, 65535, 65536, 65537, 1 << 20, 1U << 31, 1ULL << 40, (1ULL << 63) - 1};
  for (const auto role : {websocket_role::server, websocket_role::client}) {
    for (const std::uint64_t length : lengths) {
      frame_head head{.code = opcode::binary, .length = length};
      if (role == websocket_role::server) head.mask = mask_key{std::byte{1}, std::byte{2}};
      const built_head built = build_head(head);
      head_reader reader(role, compression::refused);
      const auto [end, taken] = read_by_bytes(reader, text_of(built.span()));
      EXPECT_EQ(end, progress::complete) << length;
      EXPECT_EQ(taken, built.size) << length;
      EXPECT_EQ(reader.head().length, length);
      EXPECT_EQ(reader.head().mask, head.mask);
      EXPECT_EQ(reader.head().code, opcode::binary);
    }
  }
}

TEST(frame_head, is_built_in_the_shortest_form) {
  const auto size_for = [](std::uint64_t length) {
    return build_head({.code = opcode::text, .length = length}).size;
  };
  EXPECT_EQ(size_for(0), 2U);
  EXPECT_EQ(size_for(125), 2U);
  EXPECT_EQ(size_for(126), 4U);
  EXPECT_EQ(size_for(65535), 4U);
  EXPECT_EQ(size_for(65536), 10U);
  EXPECT_EQ(text_of(build_head({.code = opcode::text, .length = 5}).span()), "\x81\x05");
}

struct refusal {
  std::string bytes;
  websocket_errc error;
  compression agreed = compression::refused;
};

/// A server reads it. Each is refused with its last byte, no later and no sooner.
std::vector<refusal> refused_by_a_server() {
  std::vector<refusal> table;
  for (const unsigned bits :
       {rsv1 | 0U, rsv2 | 0U, rsv3 | 0U, rsv1 | rsv2 | 0U, rsv1 | rsv2 | rsv3 | 0U}) {
    for (const unsigned code : {text, binary, continuation, ping, pong, close_frame}) {
      table.push_back(
          {std::string(1, static_cast<char>(fin | bits | code)), websocket_errc::reserved_bit});
    }
  }
  for (const unsigned code : {3U, 4U, 5U, 6U, 7U, 11U, 12U, 13U, 14U, 15U}) {
    table.push_back(
        {std::string(1, static_cast<char>(fin | code)), websocket_errc::unknown_opcode});
  }
  for (const unsigned code : {ping, pong, close_frame}) {
    table.push_back({std::string(1, static_cast<char>(code)), websocket_errc::fragmented_control});
    const std::string start(1, static_cast<char>(fin | code));
    table.push_back({start + "\xfe", websocket_errc::long_control});
    table.push_back({start + "\xff", websocket_errc::long_control});
  }
  table.push_back({"\x81\x05", websocket_errc::mask_missing});
  const std::string start = "\x82";
  for (const std::uint64_t length : {0U, 1U, 125U}) {
    table.push_back({start + length_field(length, 2, true), websocket_errc::wasteful_length});
  }
  for (const std::uint64_t length : {0U, 125U, 126U, 65535U}) {
    table.push_back({start + length_field(length, 8, true), websocket_errc::wasteful_length});
  }
  table.push_back({start + "\xff\x80", websocket_errc::impossible_length});
  table.push_back({start + "\xff\xff", websocket_errc::impossible_length});
  for (const unsigned code : {continuation, ping, pong, close_frame}) {
    table.push_back({std::string(1, static_cast<char>(fin | rsv1 | code)),
                     websocket_errc::reserved_bit, compression::negotiated});
  }
  return table;
}

TEST(frame_head, is_refused_at_the_first_byte_that_cannot_be) {
  for (const refusal& each : refused_by_a_server()) {
    head_reader reader(websocket_role::server, each.agreed);
    const auto [end, taken] = read_by_bytes(reader, each.bytes + "more");
    EXPECT_EQ(end, progress::refused) << testing::PrintToString(each.bytes);
    EXPECT_EQ(taken, each.bytes.size()) << testing::PrintToString(each.bytes);
    EXPECT_EQ(reader.error(), each.error) << testing::PrintToString(each.bytes);
  }
}

TEST(frame_head, of_a_server_must_not_be_masked) {
  head_reader reader(websocket_role::client, compression::refused);
  EXPECT_EQ(read_by_bytes(reader, "\x81\x85").end, progress::refused);
  EXPECT_EQ(reader.error(), websocket_errc::mask_unexpected);
}

TEST(frame_head, may_have_the_first_reserved_bit_where_compression_was_agreed_on) {
  head_reader reader(websocket_role::client, compression::negotiated);
  EXPECT_EQ(read_by_bytes(reader, "\xc1\x05").end, progress::complete);
  EXPECT_TRUE(reader.head().is_compressed);
}

TEST(frame_head, leaves_what_follows_it) {
  std::string bytes = "\x81\x05hello";
  std::span<std::byte> input = std::as_writable_bytes(std::span(bytes));
  head_reader reader(websocket_role::client, compression::refused);
  EXPECT_EQ(reader.read(input), progress::complete);
  EXPECT_EQ(text_of(input), "hello");
}

}  // namespace
