// SPDX-License-Identifier: MIT
// Which names are none, what is known without a server, and what a search list makes of a name.
#include "dns/host_name.hpp"

#include "io/dns/fake_server.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace heddle::io::detail {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string long_name(std::size_t bytes) {
  std::string name;
  while (name.size() + 51 < bytes) name += std::string(50, 'x') + ".";
  return name + std::string(bytes - name.size(), 'y');
}

TEST(host_name, is_checked_before_anybody_is_asked) {
  struct row {
    std::string name;
    std::error_code error;
  };
  const std::error_code none;
  const std::error_code bad = dns_errc::bad_name;
  const std::error_code long_one = dns_errc::name_too_long;
  const std::error_code beyond = dns_errc::not_ascii;
  const row table[] = {
      {"a", none},
      {"example.com", none},
      {"example.com.", none},
      {"EXAMPLE.Com", none},
      {"xn--bcher-kva.example", none},
      {"_service._tcp.example", none},
      {"3com.com", none},
      {"a-b.c", none},
      {std::string(63, 'a') + ".b", none},
      {long_name(253), none},
      {long_name(253) + ".", none},
      {"", bad},
      {".", bad},
      {"..", bad},
      {"a..b", bad},
      {".a", bad},
      {"a..", bad},
      {"-a.b", bad},
      {"a-.b", bad},
      {"a b", bad},
      {" a", bad},
      {"a\n", bad},
      {std::string("a\0b", 3), bad},
      {std::string("\0", 1), bad},
      {"a/b", bad},
      {"a\\.b", bad},
      {"a:80", bad},
      {"*.a", bad},
      {"http://a", bad},
      {"1.2.3", bad},
      {"1.2.3.4.5", bad},
      {"256.1.1.1", bad},
      {"a.123", bad},
      {std::string(64, 'a') + ".b", long_one},
      {long_name(254), long_one},
      {std::string(100000, 'a'), long_one},
      {"b\xc3\xbc"
       "cher.example",
       beyond},
      {"\xff", beyond},
  };
  for (const row& each : table) EXPECT_EQ(check_name(each.name), each.error) << each.name;
}

TEST(host_name, of_numbers_and_localhost_needs_no_server) {
  const auto known = [](std::string_view name, ip_family families = ip_family::any) {
    return test::shown(known_addresses(name, families).value());
  };
  EXPECT_THAT(known("127.0.0.1"), ElementsAre("127.0.0.1:0"));
  EXPECT_THAT(known("::1"), ElementsAre("[::1]:0"));
  EXPECT_THAT(known("[::1]"), ElementsAre("[::1]:0"));
  EXPECT_THAT(known("127.0.0.1", ip_family::ipv6), IsEmpty());
  EXPECT_THAT(known("::1", ip_family::ipv4), IsEmpty());
  EXPECT_THAT(known("localhost"), ElementsAre("[::1]:0", "127.0.0.1:0"));
  EXPECT_THAT(known("LocalHost."), ElementsAre("[::1]:0", "127.0.0.1:0"));
  EXPECT_THAT(known("a.localhost", ip_family::ipv4), ElementsAre("127.0.0.1:0"));
  EXPECT_THAT(known("localhost", ip_family::ipv6), ElementsAre("[::1]:0"));
  for (const char* const other : {"example.com", "localhost.example", "1.2.3", "256.1.1.1", ""}) {
    EXPECT_EQ(known_addresses(other, ip_family::any), std::nullopt) << other;
  }
}

TEST(host_name, is_searched_for_by_its_dots) {
  const search_rules two{{"one.test", "two.test."}, 2};
  EXPECT_THAT(names_to_ask("a", two), ElementsAre("a.one.test", "a.two.test", "a"));
  EXPECT_THAT(names_to_ask("a.b", two), ElementsAre("a.b.one.test", "a.b.two.test", "a.b"));
  EXPECT_THAT(names_to_ask("a.b.c", two), ElementsAre("a.b.c", "a.b.c.one.test", "a.b.c.two.test"));
  EXPECT_THAT(names_to_ask("a.", two), ElementsAre("a"));
  EXPECT_THAT(names_to_ask("a", {}), ElementsAre("a"));
  EXPECT_THAT(names_to_ask(long_name(250), two), ElementsAre(long_name(250)));
}

TEST(host_name, is_shown_in_one_line_of_a_message) {
  EXPECT_EQ(for_message("a\nb"), "'a.b'");
  EXPECT_EQ(for_message(std::string(300, 'x')), "'" + std::string(100, 'x') + "...'");
}

}  // namespace
}  // namespace heddle::io::detail
