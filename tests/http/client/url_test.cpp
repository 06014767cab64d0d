// SPDX-License-Identifier: MIT
// URLs: what their parts are, what a reference means, and what is refused.
#include <heddle/http/url.hpp>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace heddle::http {
namespace {

using ::testing::HasSubstr;

struct written {
  std::string_view given;
  std::string_view printed;
};

TEST(url, is_printed_in_one_form) {
  const std::vector<written> table = {
      {"http://h", "http://h/"},
      {"HTTP://Example.ORG:80/A/b", "http://example.org/A/b"},
      {"https://h:443?q", "https://h/?q"},
      {"https://h:80/", "https://h:80/"},
      {"http://h:/x", "http://h/x"},
      {"http://127.0.0.1:8080/", "http://127.0.0.1:8080/"},
      {"http://[::1]:81/p", "http://[::1]:81/p"},
      {"http://[FE80::A]/", "http://[fe80::a]/"},
      {"http://h./x", "http://h./x"},
      {"http://h/a b?c d#e f", "http://h/a%20b?c%20d"},
      {"http://h/\xc3\xa9", "http://h/%C3%A9"},
      {"http://h/%2e%2E/a%2fb", "http://h/%2e%2E/a%2fb"},
      {"http://h/a/./b/../c", "http://h/a/c"},
      {"http://h/../../a/..", "http://h/"},
      {"http://h/a//b", "http://h/a//b"},
      {"http://h/?a=http://i/../x", "http://h/?a=http://i/../x"},
      {"http://h/?", "http://h/?"},
  };
  for (const written& each : table) {
    EXPECT_EQ(url(each.given).to_string(), each.printed) << each.given;
    EXPECT_EQ(url(url(each.given).to_string()), url(each.given)) << each.given;
  }
}

TEST(url, has_parts) {
  const url found("https://[2001:db8::1]:8443/a/b?c=d");
  EXPECT_TRUE(found.is_encrypted());
  EXPECT_EQ(found.host(), "2001:db8::1");
  EXPECT_EQ(found.port(), 8443);
  EXPECT_EQ(found.path(), "/a/b");
  EXPECT_EQ(found.query(), "?c=d");
  EXPECT_EQ(found.target(), "/a/b?c=d");
  EXPECT_EQ(found.authority(), "[2001:db8::1]:8443");
  EXPECT_EQ(found.origin(), "https://[2001:db8::1]:8443");
}

TEST(url, resolves_references) {
  const url base("http://h:81/one/two/three?four");
  const std::vector<written> table = {
      {"https://i/x", "https://i/x"},
      {"//i:82/x", "http://i:82/x"},
      {"//i", "http://i/"},
      {"/x", "http://h:81/x"},
      {"x", "http://h:81/one/two/x"},
      {"./x/.", "http://h:81/one/two/x/"},
      {"..", "http://h:81/one/"},
      {"../x", "http://h:81/one/x"},
      {"../../../x", "http://h:81/x"},
      {"?y", "http://h:81/one/two/three?y"},
      {"#z", "http://h:81/one/two/three?four"},
      {"", "http://h:81/one/two/three?four"},
      {"x?y/../z", "http://h:81/one/two/x?y/../z"},
      {"./a:b", "http://h:81/one/two/a:b"},
  };
  for (const written& each : table) {
    EXPECT_EQ(base.resolve(each.given).to_string(), each.printed) << each.given;
  }
}

struct refused {
  std::string given;
  std::string_view why;
};

TEST(url, refuses_what_could_be_read_in_two_ways) {
  const std::vector<refused> table = {
      {"", "does not begin with http"},
      {"h/x", "does not begin with http"},
      {"ftp://h/", "does not begin with http"},
      {"javascript:alert(1)", "does not begin with http"},
      {"http:/h", "has no // and host"},
      {"http:h", "has no // and host"},
      {"http://", "has no host"},
      {"http:///x", "has no host"},
      {"http://:80/", "has no host"},
      {"http://./", "has no host"},
      {"http://a..b/", "empty label"},
      {"http://h:0/", "not in 1..65535"},
      {"http://h:65536/", "not in 1..65535"},
      {"http://h:+80/", "not in 1..65535"},
      {"http://h:8 0/", "not in 1..65535"},
      {"http://h:99999999999999999999/", "not in 1..65535"},
      {"http://h:80:80/", "not in 1..65535"},
      {"http://user@h/", "has a user"},
      {"http://user:secret@h/", "has a user"},
      {"http://h%2eorg/", "no host has"},
      {"http://h h/", "no host has"},
      {"http://\xc3\xa9/", "no host has"},
      {"http://h\\@i/", "a backslash"},
      {"http://h/\\x", "a backslash"},
      {"http://h/\r\nX: y", "a control character"},
      {"http://h/?\n", "a control character"},
      {"http://h/\x7f", "a control character"},
      {std::string("http://h/\0x", 11), "a control character"},
      {"http://[::1", "no ']'"},
      {"http://[::g]/", "malformed address"},
      {"http://[127.0.0.1]/", "malformed address"},
      {"http://[::1]x/", "something behind"},
      {"http://127.1/", "malformed address"},
      {"http://1.2.3.256/", "malformed address"},
      {"http://2130706433/", "malformed address"},
      {"http://0x7f.0x1/", "malformed address"},
      {"http://h/%", "without two"},
      {"http://h/%4", "without two"},
      {"http://h/?%zz", "without two"},
      {"http://h/" + std::string(url::most_bytes, 'a'), "too long"},
      {"http://" + std::string(64, 'a') + "/", "more than 63"},
  };
  for (const refused& each : table) {
    try {
      const url taken(each.given);
      ADD_FAILURE() << each.given << " was taken, as " << taken.to_string();
    } catch (const std::invalid_argument& found) {
      EXPECT_THAT(found.what(), HasSubstr(each.why)) << each.given;
      EXPECT_LT(std::string_view(found.what()).size(), 400U);
      EXPECT_EQ(std::string_view(found.what()).find('\n'), std::string_view::npos);
    }
  }
}

TEST(url, does_not_print_what_was_given_as_it_came_if_that_has_line_ends) {
  EXPECT_THROW(url("http://h/").resolve("/a\r\nSet-Cookie: x"), std::invalid_argument);
}

}  // namespace
}  // namespace heddle::http
