// SPDX-License-Identifier: MIT
// What endpoint reads, prints, orders and refuses; malformed text by table and by chance.
#include <heddle/io/endpoint.hpp>

#include "runtime/support/random.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

namespace heddle::io {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;

std::string refusal(std::string_view text) {
  try {
    const endpoint made(text);
    return "accepted as " + made.to_string();
  } catch (const std::invalid_argument& refused) {
    return refused.what();
  }
}

TEST(endpoint, reads_what_it_prints) {
  for (const std::string text :
       {"127.0.0.1:80", "0.0.0.0:0", "255.255.255.255:65535", "[::1]:80", "[::]:0",
        "[2001:db8::17]:443", "[::ffff:1.2.3.4]:1", "[fe80::1%7]:80", "unix:/run/a b.socket",
        "unix:relative", "unix:@abstract"}) {
    EXPECT_EQ(endpoint(text).to_string(), text);
    std::ostringstream out;
    out << endpoint(text);
    EXPECT_EQ(out.str(), text);
  }
}

TEST(endpoint, has_parts) {
  const endpoint v4 = "10.1.2.3:8080";
  EXPECT_EQ(v4.kind(), endpoint::family::ipv4);
  EXPECT_EQ(v4.host(), "10.1.2.3");
  EXPECT_EQ(v4.port(), 8080);
  EXPECT_EQ(v4.path(), "");
  const endpoint v6 = "[2001:DB8:0:0::1]:7";
  EXPECT_EQ(v6.kind(), endpoint::family::ipv6);
  EXPECT_EQ(v6.host(), "2001:db8::1");
  const endpoint local = "unix:/tmp/s";
  EXPECT_EQ(local.kind(), endpoint::family::local);
  EXPECT_EQ(local.path(), "/tmp/s");
  EXPECT_EQ(local.host(), "");
  EXPECT_EQ(endpoint().kind(), endpoint::family::none);
  EXPECT_EQ(endpoint().to_string(), "(none)");
}

TEST(endpoint, joins_host_and_port) {
  EXPECT_EQ(endpoint("127.0.0.1", 80), endpoint("127.0.0.1:80"));
  EXPECT_EQ(endpoint("::1", 80), endpoint("[::1]:80"));
  EXPECT_EQ(endpoint("[::1]", 80), endpoint("[::1]:80"));
  EXPECT_EQ(endpoint("localhost", 80), endpoint("127.0.0.1:80"));
  EXPECT_THROW(endpoint("127.0.0.1", -1), std::invalid_argument);
  EXPECT_THROW(endpoint("127.0.0.1", 65536), std::invalid_argument);
  EXPECT_THROW(endpoint("127.0.0.1:80", 80), std::invalid_argument);
  EXPECT_THROW(endpoint("", 80), std::invalid_argument);
  EXPECT_THROW(endpoint("unix", 80), std::invalid_argument);
  EXPECT_THROW(endpoint("unix:/tmp/x", 80), std::invalid_argument);
}

TEST(endpoint, knows_localhost_and_no_other_name) {
  EXPECT_EQ(endpoint("localhost:80"), endpoint("127.0.0.1:80"));
  EXPECT_THAT(refusal("example.com:80"),
              AllOf(HasSubstr("endpoint 'example.com:80'"), HasSubstr("'example.com' is no"),
                    HasSubstr("localhost")));
}

TEST(endpoint, is_converted_from_text_and_compares) {
  const auto print = [](const endpoint& where) { return where.to_string(); };
  EXPECT_EQ(print("127.0.0.1:1"), "127.0.0.1:1");
  EXPECT_EQ(print(std::string("127.0.0.1:1")), "127.0.0.1:1");
  EXPECT_EQ(print(std::string_view("127.0.0.1:1")), "127.0.0.1:1");
  std::vector<endpoint> some{"unix:a", "[::1]:1", "127.0.0.1:2", "127.0.0.1:1", endpoint()};
  std::sort(some.begin(), some.end());
  const std::vector<endpoint> sorted{endpoint(), "127.0.0.1:1", "127.0.0.1:2", "[::1]:1", "unix:a"};
  EXPECT_EQ(some, sorted);
  EXPECT_NE(endpoint("[fe80::1%1]:1"), endpoint("[fe80::1%2]:1"));
}

TEST(endpoint, quotes_malformed_text_and_says_why) {
  using namespace std::string_view_literals;
  const std::pair<std::string_view, std::string_view> table[] = {
      {""sv, "endpoint '': it is empty"},
      {"127.0.0.1"sv, "endpoint '127.0.0.1': no port"},
      {"127.0.0.1:"sv, "the port is empty"},
      {":80"sv, "the host is empty"},
      {":"sv, "the port is empty"},
      {"::1:80"sv, "needs brackets"},
      {"1:2:3"sv, "needs brackets"},
      {"[::1:80"sv, "'[' without ']'"},
      {"[::1]"sv, "no port after ']'"},
      {"[::1]80"sv, "no port after"},
      {"[::1]:"sv, "the port is empty"},
      {"[]:80"sv, "'' is no IPv6 address"},
      {"[127.0.0.1]:80"sv, "'127.0.0.1' is no IPv6 address"},
      {"[::1::2]:80"sv, "is no IPv6 address"},
      {"[fe80::1%nosuchdev]:80"sv, "no interface 'nosuchdev'"},
      {"[fe80::1%]:80"sv, "no interface ''"},
      {"256.0.0.1:80"sv, "'256.0.0.1' is no IPv4 address"},
      {"1.2.3:80"sv, "'1.2.3' is no IPv4 address"},
      {"127.0.0.1:http"sv, "the port 'http' is not a number"},
      {"127.0.0.1:80x"sv, "is not a number"},
      {"127.0.0.1:+80"sv, "is not a number"},
      {"127.0.0.1:-1"sv, "is not a number"},
      {"127.0.0.1: 80"sv, "is not a number"},
      {"127.0.0.1:0x50"sv, "is not a number"},
      {"127.0.0.1:65536"sv, "the port 65536 is not in 0..65535"},
      {"127.0.0.1:99999999999999999999"sv, "is not in 0..65535"},
      {"127.0.0.1\0:80"sv, "endpoint '127.0.0.1\\x00:80': it has a control character"},
      {"127.0.0.1:80\n"sv, "\\x0a': it has a control character"},
      {"unix:"sv, "the path is empty"},
      {"unix:@"sv, "the path is empty"},
      {"http://host:80"sv, "needs brackets"},
  };
  for (const auto& [text, why] : table) EXPECT_THAT(refusal(text), HasSubstr(why));
}

TEST(endpoint, limits_the_length_of_a_path) {
  const std::string longest(107, 'x');
  EXPECT_EQ(endpoint("unix:" + longest).path(), longest);
  EXPECT_THAT(refusal("unix:x" + longest), HasSubstr("the path has 108 bytes, more than 107"));
  EXPECT_LT(refusal("unix:" + std::string(100000, 'x')).size(), 400U);
  EXPECT_THROW(endpoint(static_cast<const char*>(nullptr)), std::invalid_argument);
}

TEST(endpoint, reads_or_refuses_any_text_and_prints_what_it_read) {
  test::random_numbers random(0);
  const std::string_view alphabet = "0123456789.:[]%abcdefunixlocalhost/@ ";
  int accepted = 0;
  for (int round = 0; round < 200000; ++round) {
    std::string text;
    if (round % 2 == 0) text = round % 4 == 0 ? "127.0.0.1:80" : "[::1]:80";
    for (auto left = random.below(12); left != 0; --left) {
      const char next = alphabet[random.below(static_cast<std::uint32_t>(alphabet.size()))];
      if (text.empty() || round % 2 == 1)
        text += next;
      else if (left < 3)
        text[random.below(static_cast<std::uint32_t>(text.size()))] = next;
    }
    const auto read = [&]() -> endpoint {
      try {
        return endpoint(text);
      } catch (const std::invalid_argument&) {
        return {};
      }
    }();
    if (read.kind() == endpoint::family::none) continue;
    ++accepted;
    ASSERT_EQ(endpoint(read.to_string()), read) << text;
  }
  EXPECT_GT(accepted, 1000);
}

}  // namespace
}  // namespace heddle::io
