// SPDX-License-Identifier: MIT
// Which proxy is whose: what a proxy is, which hosts go without, what the environment says.
#include "client/proxies.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace heddle::http::detail {
namespace {

using ::testing::HasSubstr;

TEST(proxies, are_read_with_their_user_whom_no_text_shows) {
  const proxy full = read_proxy("http://a%40b:p%3Aw@Proxy.example:3128/");
  EXPECT_EQ(full.host, "proxy.example");
  EXPECT_EQ(full.port, 3128);
  EXPECT_EQ(full.name, "http://proxy.example:3128");
  EXPECT_EQ(full.authorization, "Basic YUBiOnA6dw==");  // a@b:p:w
  EXPECT_EQ(full.unusable, "");
  const proxy brief = read_proxy(" [::1] ");
  EXPECT_EQ(brief.host, "::1");
  EXPECT_EQ(brief.port, 80);
  EXPECT_EQ(brief.authorization, "");
  EXPECT_EQ(read_proxy("user@h:1").authorization, "Basic dXNlcjo=");
}

TEST(proxies, that_cannot_be_used_say_why_without_the_password) {
  const std::vector<std::pair<std::string, std::string_view>> table = {
      {"socks5://u:secret@h:1", "another kind"}, {"https://h:1", "another kind"},
      {"http://u:%zz@h", "malformed user"},      {"http://u%3Ax:secret@h", "malformed user"},
      {"u:secret@h:0", "host and a port"},       {"u:secret@", "host and a port"},
      {"http://h/path", "has a path"},           {"http://h\r\nX: y", "host and a port"},
      {"u:secret@h:x", "host and a port"},
  };
  for (const auto& [text, why] : table) {
    const proxy found = read_proxy(text);
    EXPECT_THAT(found.unusable, HasSubstr(std::string(why))) << text;
    EXPECT_EQ(found.unusable.find("secret"), std::string::npos);
  }
}

struct bypassed {
  std::string_view list;
  std::string_view where;
  bool directly;
};

TEST(proxies, are_passed_by_for_names_addresses_and_networks) {
  const std::vector<bypassed> table = {
      {"", "http://h/", false},
      {"*", "http://h/", true},
      {"example.com", "http://example.com/", true},
      {"example.com", "http://a.Example.com./", true},
      {"EXAMPLE.com.", "https://example.com/", true},
      {"example.com", "http://badexample.com/", false},
      {".example.com", "http://example.com/", true},
      {"*.example.com", "http://a.example.com/", true},
      {"a.example.com", "http://example.com/", false},
      {"x, example.com  y", "http://y/", true},
      {"h:8080", "http://h:8080/", true},
      {"h:8080", "http://h/", false},
      {"h:443", "https://h/", true},
      {"10.0.0.1", "http://10.0.0.1/", true},
      {"10.0.0.1", "http://10.0.0.10/", false},
      {"10.0.0.1:81", "http://10.0.0.1/", false},
      {"10.0.0.0/8", "http://10.255.0.1/", true},
      {"10.0.0.0/8", "http://11.0.0.1/", false},
      {"192.168.4.0/22", "http://192.168.7.255/", true},
      {"192.168.4.0/22", "http://192.168.8.0/", false},
      {"0.0.0.0/0", "http://1.2.3.4/", true},
      {"0.0.0.0/0", "http://[::1]/", false},
      {"::1", "http://[::1]/", true},
      {"[::1]:81", "http://[::1]:81/", true},
      {"[::1]:81", "http://[::1]/", false},
      {"[0:0::1]", "http://[::1]/", true},
      {"fe80::/10", "http://[febf::1]/", true},
      {"fe80::/10", "http://[fec0::1]/", false},
      {"10.0.0.0/8", "http://ten.example/", false},
      {"1", "http://10.0.0.1/", false},
  };
  for (const bypassed& each : table) {
    const bypass_list list(each.list, bypass_list::reading::strict);
    EXPECT_EQ(list.has(url(each.where)), each.directly) << each.list << " " << each.where;
  }
  for (const char* each : {"10.0.0.0/33", "h/8", "10.0.0.0/x", "[::1", "h:x", "a b:99999", "ä"}) {
    EXPECT_THROW(bypass_list(each, bypass_list::reading::strict), std::invalid_argument) << each;
    EXPECT_TRUE(
        bypass_list("*, " + std::string(each), bypass_list::reading::lax).has(url("http://h")));
  }
}

using variables = std::map<std::string, const char*>;

proxy_config environment(const variables& set) {
  return proxies_of([&](const char* name) {
    const auto found = set.find(name);
    return found == set.end() ? nullptr : found->second;
  });
}

TEST(proxies, of_the_environment_are_those_in_small_letters_first) {
  EXPECT_EQ(environment({}).http, "");
  const proxy_config all = environment({{"all_proxy", "a"}, {"ALL_PROXY", "A"}});
  EXPECT_EQ(all.http, "a");
  EXPECT_EQ(all.https, "a");
  const proxy_config each = environment({{"HTTP_PROXY", "H"},
                                         {"https_proxy", "s"},
                                         {"HTTPS_PROXY", "S"},
                                         {"ALL_PROXY", "A"},
                                         {"NO_PROXY", "N"}});
  EXPECT_EQ(each.http, "H");
  EXPECT_EQ(each.https, "s");
  EXPECT_EQ(each.bypass, "N");
  EXPECT_EQ(environment({{"http_proxy", ""}, {"HTTP_PROXY", "H"}}).http, "H");
}

TEST(proxies, of_a_cgi_program_are_not_what_its_client_says) {
  const variables cgi = {{"REQUEST_METHOD", "GET"}, {"HTTP_PROXY", "evil"}, {"ALL_PROXY", "A"}};
  EXPECT_EQ(environment(cgi).http, "A");
  EXPECT_EQ(environment({{"REQUEST_METHOD", "GET"}, {"http_proxy", "h"}}).http, "h");
  EXPECT_EQ(environment({{"REQUEST_METHOD", "GET"}, {"HTTPS_PROXY", "S"}}).https, "S");
}

TEST(proxies, of_the_environment_are_not_for_loopback) {
  client_config config;
  config.proxy = environment({{"http_proxy", "p:1"}});
  const proxy_rules rules(config);
  for (const char* each :
       {"http://localhost/", "http://a.localhost./", "http://127.9.9.9/", "http://[::1]/"}) {
    EXPECT_EQ(rules.find(url(each)), nullptr) << each;
  }
  for (const char* each : {"http://localhost.example/", "http://128.0.0.1/", "http://[::2]/"}) {
    ASSERT_NE(rules.find(url(each)), nullptr) << each;
    EXPECT_EQ(rules.find(url(each))->name, "http://p:1");
  }
  EXPECT_EQ(rules.find(url("https://h/")), nullptr);
  config.proxy = proxy_config{.http = "p:1"};
  EXPECT_NE(proxy_rules(config).find(url("http://localhost/")), nullptr);
}

TEST(proxies, of_a_config_are_checked_at_once_and_those_of_the_environment_when_needed) {
  client_config config;
  config.proxy = proxy_config{.https = "socks5://u:secret@h"};
  try {
    const proxy_rules rules(config);
    ADD_FAILURE() << "was taken";
  } catch (const std::invalid_argument& found) {
    EXPECT_THAT(found.what(), HasSubstr("client_config::proxy: https is a proxy of another kind"));
  }
  config.proxy = proxy_config{.bypass = "h:x"};
  EXPECT_THROW(proxy_rules{config}, std::invalid_argument);
  ::setenv("https_proxy", "socks5://h", 1);
  ::setenv("no_proxy", "direct.example", 1);
  const proxy_rules rules((client_config()));
  ::unsetenv("https_proxy");
  ::unsetenv("no_proxy");
  EXPECT_EQ(rules.find(url("https://direct.example")), nullptr);
  ASSERT_NE(rules.find(url("https://h")), nullptr);
  EXPECT_NE(rules.find(url("https://h"))->unusable, "");
}

}  // namespace
}  // namespace heddle::http::detail
