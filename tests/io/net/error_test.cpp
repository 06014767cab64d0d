// SPDX-License-Identifier: MIT
// What an io_error says, and that its codes compare as users expect.
#include <heddle/io/error.hpp>

#include <gtest/gtest.h>

#include <string>
#include <system_error>
#include <type_traits>

namespace heddle::io {
namespace {

TEST(io_error, names_the_operation_and_the_endpoint) {
  const io_error error(std::make_error_code(std::errc::connection_reset), "read from",
                       "127.0.0.1:80");
  EXPECT_STREQ(error.what(), "read from 127.0.0.1:80: Connection reset by peer");
  EXPECT_EQ(error.where(), endpoint("127.0.0.1:80"));
  EXPECT_EQ(error.operation(), "read from");
  EXPECT_EQ(error.code(), std::errc::connection_reset);
}

TEST(io_error, is_a_system_error_that_copies_without_throwing) {
  static_assert(std::is_base_of_v<std::system_error, io_error>);
  static_assert(std::is_nothrow_copy_constructible_v<io_error>);
}

TEST(io_error, has_a_code_for_a_stream_that_ends_early) {
  const std::error_code code = io_errc::unexpected_end;
  EXPECT_EQ(code, io_errc::unexpected_end);
  EXPECT_EQ(code.message(), "The stream ended too early");
  EXPECT_STREQ(code.category().name(), "heddle.io");
  EXPECT_NE(code, std::make_error_code(static_cast<std::errc>(1)));
}

}  // namespace
}  // namespace heddle::io
