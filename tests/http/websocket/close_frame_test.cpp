// SPDX-License-Identifier: MIT
// Which close frames there may be.
#include "websocket/close_frame.hpp"

#include "http/websocket/frames.hpp"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace {

using namespace heddle::http::detail;
using heddle::http::close_code;
using heddle::http::websocket_errc;
using heddle::test::bytes_of;
using heddle::test::close_payload;

std::error_code error_of(std::string_view payload) {
  std::error_code error;
  read_closing(bytes_of(payload), error);
  return error;
}

TEST(close_frame, codes_that_may_be_sent_are_those_of_the_registry_and_the_private_ones) {
  for (unsigned code = 0; code <= 65535; ++code) {
    const bool valid = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014) ||
                       (code >= 3000 && code <= 4999);
    ASSERT_EQ(may_be_sent(static_cast<close_code>(code)), valid) << code;
    ASSERT_EQ(error_of(close_payload(code)),
              valid ? std::error_code() : make_error_code(websocket_errc::bad_close_code))
        << code;
  }
}

TEST(close_frame, without_a_code_has_none) {
  std::error_code error;
  const closing found = read_closing({}, error);
  EXPECT_FALSE(error);
  EXPECT_EQ(found.code, close_code::none);
  EXPECT_EQ(build_closing(close_code::none, ""), "");
}

TEST(close_frame, with_half_a_code_is_refused) {
  EXPECT_EQ(error_of("\x03"), websocket_errc::bad_close_payload);
}

TEST(close_frame, has_a_reason_that_is_utf8) {
  std::error_code error;
  const closing found = read_closing(bytes_of(close_payload(1000, "fertig \xe2\x9c\x93")), error);
  EXPECT_FALSE(error);
  EXPECT_EQ(found.code, close_code::normal);
  EXPECT_EQ(found.reason, "fertig \xe2\x9c\x93");
  EXPECT_EQ(error_of(close_payload(1000, "\xce\xba\xff")), websocket_errc::bad_utf8);
  EXPECT_EQ(error_of(close_payload(1000, "\xe2\x9c")), websocket_errc::bad_utf8);
}

TEST(close_frame, is_read_back_as_it_was_built) {
  const std::string reason(most_reason_bytes, 'r');
  std::error_code error;
  const std::string payload = build_closing(static_cast<close_code>(4321), reason);
  EXPECT_EQ(payload.size(), 125U);
  const closing found = read_closing(bytes_of(payload), error);
  EXPECT_EQ(found.code, static_cast<close_code>(4321));
  EXPECT_EQ(found.reason, reason);
}

}  // namespace
