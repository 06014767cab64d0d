// SPDX-License-Identifier: MIT
// The table of hosts, with what people write into such files.
#include "dns/hosts_file.hpp"

#include "io/dns/fake_server.hpp"
#include "io/dns/temporary_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace heddle::io::detail {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::vector<std::string> look(const std::string& content, const hosts_query& query) {
  const test::temporary_file file(content);
  return test::shown(look_in_hosts(file.path(), query));
}

TEST(hosts_file, has_addresses_of_names_and_aliases) {
  const std::string content =
      "127.0.0.1 localhost\n"
      "# 10.0.0.9 name\n"
      "10.0.0.1\tName.test  name  other # comment name2\n"
      "fd00::1 name\r\n"
      "10.0.0.2 name\n"
      "no.address name\n"
      "10.0.0.300 name\n"
      "10.0.0.3\n"
      "10.0.0.4 named";
  EXPECT_THAT(look(content, {"name", ip_family::any, 10}),
              ElementsAre("[fd00::1]:0", "10.0.0.1:0", "10.0.0.2:0"));
  EXPECT_THAT(look(content, {"name.test", ip_family::any, 10}), ElementsAre("10.0.0.1:0"));
  EXPECT_THAT(look(content, {"other", ip_family::ipv6, 10}), IsEmpty());
  EXPECT_THAT(look(content, {"name", ip_family::ipv4, 1}), ElementsAre("10.0.0.1:0"));
  EXPECT_THAT(look(content, {"name2", ip_family::any, 10}), IsEmpty());
  EXPECT_THAT(look(content, {"named", ip_family::any, 10}), ElementsAre("10.0.0.4:0"));
}

TEST(hosts_file, of_any_shape_takes_little_memory) {
  const std::string endless = "10.0.0.1 " + std::string(100000, 'x') + " name\n10.0.0.2 name\n";
  EXPECT_THAT(look(endless, {"name", ip_family::any, 10}), ElementsAre("10.0.0.2:0"));
  EXPECT_THAT(look(std::string(5000, '\0'), {"name", ip_family::any, 10}), IsEmpty());
}

TEST(hosts_file, need_not_be_there) {
  EXPECT_THAT(look_in_hosts("", {"name", ip_family::any, 1}), IsEmpty());
  EXPECT_THAT(look_in_hosts("/nonexistent/hosts", {"name", ip_family::any, 1}), IsEmpty());
  EXPECT_THAT(look_in_hosts("/", {"name", ip_family::any, 1}), IsEmpty());
}

}  // namespace
}  // namespace heddle::io::detail
