// SPDX-License-Identifier: MIT
// Who gets compressed answers, and that they are what they were.
#include "server/compression.hpp"

#include <heddle/http/server.hpp>

#include "http/support/served.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include <zlib.h>

namespace heddle::http {
namespace {

using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;

std::string unpacked(std::string_view packed, std::size_t most) {
  std::string text(most, '\0');
  z_stream inflates{};
  EXPECT_EQ(::inflateInit2(&inflates, 15 + 16), Z_OK);
  inflates.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(packed.data()));
  inflates.avail_in = static_cast<uInt>(packed.size());
  inflates.next_out = reinterpret_cast<Bytef*>(text.data());
  inflates.avail_out = static_cast<uInt>(text.size());
  EXPECT_EQ(::inflate(&inflates, Z_FINISH), Z_STREAM_END);
  text.resize(inflates.total_out);
  ::inflateEnd(&inflates);
  return text;
}

TEST(compression, is_used_for_those_who_say_so) {
  for (const std::string_view yes :
       {"gzip", "GZIP", "deflate, gzip", "gzip;q=0.1", "*", "br, *;q=0.5", "identity, gzip ;q=1"}) {
    EXPECT_TRUE(detail::takes_gzip(yes)) << yes;
  }
  for (const std::string_view no : {"", "br", "gzip;q=0", "gzip; q=0.000", "gzip;Q=0", "*;q=0",
                                    "xgzip", "gzip;q=0, *", "identity"}) {
    EXPECT_FALSE(detail::takes_gzip(no)) << no;
  }
}

TEST(compression, gives_back_what_it_was_given) {
  for (const std::size_t bytes : {0U, 1U, 1000U, 1000000U}) {
    std::string text;
    for (std::size_t i = 0; text.size() < bytes; ++i) text += std::to_string(i * i);
    text.resize(bytes);
    EXPECT_EQ(unpacked(detail::gzipped(text), bytes + 1), text);
  }
}

TEST(compression, is_for_large_texts_that_nobody_has_encoded) {
  server_config config;
  config.compress_from_bytes = 100;
  server serves(config);
  const std::string text(5000, 'a');
  const std::string large(200'000, 'b');
  serves.get("/text", [&](const request&) { return response::text(text); });
  serves.get("/large", [&](const request&) { return response::text(large); });
  serves.get("/short", [](const request&) { return response::text("short"); });
  serves.get("/image", [&](const request&) {
    return response().set("Content-Type", "image/png").body(text);
  });
  serves.get("/encoded",
             [&](const request&) { return response::text(text).set("Content-Encoding", "br"); });
  test::while_served(serves, [&](const io::endpoint& at) {
    const auto get = [&](std::string_view path, std::string_view coding) {
      return test::ask(at, "GET " + std::string(path) +
                               " HTTP/1.0\r\nAccept-Encoding: " + std::string(coding) + "\r\n\r\n");
    };
    for (const auto& [path, whole] : {std::pair{"/text", &text}, std::pair{"/large", &large}}) {
      const std::string got = get(path, "gzip, br");
      EXPECT_THAT(got, HasSubstr("\r\nContent-Encoding: gzip\r\n"));
      EXPECT_THAT(got, HasSubstr("\r\nVary: Accept-Encoding\r\n"));
      const std::string_view packed = std::string_view(got).substr(got.find("\r\n\r\n") + 4);
      EXPECT_LT(packed.size(), whole->size() / 10);
      EXPECT_EQ(unpacked(packed, whole->size() + 1), *whole);
    }
    EXPECT_THAT(get("/text", "br"), EndsWith(text));
    EXPECT_THAT(get("/text", "br"), HasSubstr("\r\nVary: Accept-Encoding\r\n"));
    EXPECT_THAT(get("/short", "gzip"), EndsWith("short"));
    EXPECT_THAT(get("/image", "gzip"), EndsWith(text));
    EXPECT_THAT(get("/encoded", "gzip"), EndsWith(text));
  });
}

}  // namespace
}  // namespace heddle::http
