// SPDX-License-Identifier: MIT
// Names to addresses, with servers that behave.
#include <heddle/io/resolver.hpp>

#include "io/dns/fake_server.hpp"
#include "io/dns/temporary_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <memory>
#include <stdexcept>
#include <string>
#include <thread>

#include <sys/stat.h>
#include <unistd.h>

namespace heddle::io {
namespace {

using namespace std::chrono_literals;
using test::answer_to;
using test::fake_server;
using test::query;
using test::shown;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

std::string why_not(resolver& names, std::string_view host) {
  try {
    return shown(names.resolve(host, 80)).at(0);
  } catch (const io_error& error) {
    return error.what();
  }
}

TEST(resolver, gives_the_addresses_of_both_families_with_the_port) {
  heddle::runtime beside(test::with_loops(1));
  std::unique_ptr<fake_server> server;
  beside.run([&] { server = std::make_unique<fake_server>(test::one_each); });
  test::everywhere([&server] {
    resolver names(server->options());
    const auto found = names.resolve("Name.test", 443);
    EXPECT_THAT(shown(found), ElementsAre("[fd00::7]:443", "127.0.0.7:443"));
  });
  EXPECT_EQ(server->asked(), 6);
  beside.run([&] { server.reset(); });
}

TEST(resolver, asks_for_the_wanted_family_only) {
  heddle::run(test::with_loops(1), [] {
    const fake_server server(test::one_each);
    resolver_options options = server.options();
    options.families = ip_family::ipv4;
    EXPECT_THAT(shown(resolve("name.test", 1, options)), ElementsAre("127.0.0.7:1"));
    options.families = ip_family::ipv6;
    EXPECT_THAT(shown(resolve("name.test", 1, options)), ElementsAre("[fd00::7]:1"));
    EXPECT_EQ(server.asked(), 2);
  });
}

TEST(resolver, follows_aliases_and_keeps_the_servers_order) {
  heddle::run(test::with_loops(1), [] {
    const fake_server server([](const query& asked) -> std::vector<std::string> {
      if (asked.type == test::type_aaaa) return {answer_to(asked, {})};
      return {answer_to(asked, {test::cname("www.test", "a.test"), test::cname("a.test", "b.test"),
                                test::a("b.test", 9), test::a("b.test", 3), test::a("b.test", 5)})};
    });
    EXPECT_THAT(shown(resolve("www.test", 80, server.options())),
                ElementsAre("127.0.0.9:80", "127.0.0.3:80", "127.0.0.5:80"));
  });
}

TEST(resolver, says_by_name_what_there_is_not) {
  heddle::run(test::with_loops(1), [] {
    const fake_server server([](const query& asked) -> std::vector<std::string> {
      return {answer_to(asked, {}, {asked.name == "none.test" ? 3U : 0U})};
    });
    resolver names(server.options());
    EXPECT_EQ(why_not(names, "none.test"), "resolve 'none.test': No such host");
    EXPECT_EQ(why_not(names, "bare.test"), "resolve 'bare.test': The name has no address");
    EXPECT_EQ(why_not(names, "a b"), "resolve 'a b': This is no host name");
    EXPECT_EQ(why_not(names, std::string(64, 'x')),
              "resolve '" + std::string(64, 'x') + "': The name, or a label of it, is too long");
    EXPECT_THAT(why_not(names, "\xc3\xa4.test"), HasSubstr("not ASCII"));
    EXPECT_EQ(server.asked(), 4);
    EXPECT_THROW(names.resolve("name.test", 65536), std::invalid_argument);
    EXPECT_THROW(names.resolve("name.test", -1), std::invalid_argument);
  });
}

TEST(resolver, asks_nobody_about_numbers_and_localhost) {
  const auto no_server = [] {
    resolver_options options;
    options.servers = {"127.0.0.1:1"};
    resolver names(options);
    EXPECT_THAT(shown(names.resolve("10.1.2.3", 80)), ElementsAre("10.1.2.3:80"));
    EXPECT_THAT(shown(names.resolve("localhost", 80)), ElementsAre("[::1]:80", "127.0.0.1:80"));
    EXPECT_EQ(why_not(names, "10.1.2"), "resolve '10.1.2': This is no host name");
    EXPECT_EQ(names.remembered(), 0U);
  };
  test::everywhere(no_server);
}

TEST(resolver, remembers_for_as_long_as_the_answer_says) {
  heddle::run(test::with_loops(1), [] {
    const fake_server server([](const query& asked) -> std::vector<std::string> {
      const unsigned ttl = asked.name == "short.test" ? 1 : asked.name == "none.test" ? 0 : 60;
      return {answer_to(asked, {test::a(asked.name, 1, 60), test::a(asked.name, 2, ttl)})};
    });
    resolver_options options = server.options();
    options.families = ip_family::ipv4;
    resolver names(options);
    names.resolve("long.test", 80);
    names.resolve("LONG.test", 81);
    EXPECT_EQ(server.asked(), 1);
    names.resolve("none.test", 80);
    names.resolve("none.test", 80);
    EXPECT_EQ(server.asked(), 3);
    names.resolve("short.test", 80);
    const auto learnt = clock::now();
    // Until it is over, however long this machine takes to come back.
    while (clock::now() < learnt + 1100ms) this_fiber::sleep_for(50ms);
    names.resolve("short.test", 80);
    EXPECT_EQ(server.asked(), 5);
    EXPECT_EQ(names.remembered(), 2U);
    names.clear();
    EXPECT_EQ(names.remembered(), 0U);
    names.resolve("long.test", 80);
    EXPECT_EQ(server.asked(), 6);
  });
}

TEST(resolver, remembers_for_a_while_that_there_is_nothing) {
  heddle::run(test::with_loops(1), [] {
    const fake_server server(
        [](const query& asked) -> std::vector<std::string> { return {answer_to(asked, {}, {3})}; });
    resolver_options options = server.options();
    options.families = ip_family::ipv4;
    resolver names(options);
    const std::string refusal = "resolve 'a.test': No such host";
    for (int i = 0; i < 5; ++i) EXPECT_EQ(why_not(names, "a.test"), refusal);
    EXPECT_EQ(server.asked(), 1);
    options.negative_ttl = 0s;
    resolver forgetful(options);
    for (int i = 0; i < 5; ++i) why_not(forgetful, "a.test");
    EXPECT_EQ(server.asked(), 6);
  });
}

TEST(resolver, searches_as_the_systems_settings_say) {
  heddle::run(test::with_loops(1), [] {
    std::vector<std::string> names;
    const fake_server server([&names](const query& asked) -> std::vector<std::string> {
      names.push_back(asked.name);
      if (asked.name != "host.two.test") return {answer_to(asked, {}, {3})};
      return test::one_each(asked);
    });
    const test::temporary_file settings("search one.test two.test\noptions ndots:2\n");
    resolver_options options = server.options();
    options.configuration_file = settings.path();
    options.search.reset();
    options.families = ip_family::ipv4;
    EXPECT_THAT(shown(resolve("host", 80, options)), ElementsAre("127.0.0.7:80"));
    EXPECT_THAT(names, ElementsAre("host.one.test", "host.two.test"));
    names.clear();
    EXPECT_THROW(resolve("host.", 80, options), io_error);
    EXPECT_THAT(names, ElementsAre("host"));
  });
}

TEST(resolver, finds_its_servers_in_the_systems_settings) {
  // A port other than 53 cannot be said there: what is shown is that they are asked, and not there.
  heddle::run(test::with_loops(1), [] {
    const test::temporary_file settings("nameserver 127.0.0.153\n");
    resolver_options options;
    options.configuration_file = settings.path();
    options.hosts_file = "";
    options.families = ip_family::ipv4;
    resolver names(options);
    EXPECT_EQ(why_not(names, "name.test"), "resolve 'name.test': No name server could be reached");
  });
}

TEST(resolver, looks_into_the_hosts_file_first) {
  heddle::run(test::with_loops(1), [] {
    const fake_server server(test::silence);
    const test::temporary_file hosts("10.0.0.1 Known known.test\nfd00::1 known\n");
    resolver_options options = server.options();
    options.hosts_file = hosts.path();
    EXPECT_THAT(shown(resolve("known", 80, options)), ElementsAre("[fd00::1]:80", "10.0.0.1:80"));
    EXPECT_THAT(shown(resolve("KNOWN.test.", 80, options)), ElementsAre("10.0.0.1:80"));
    EXPECT_EQ(server.asked(), 0);
  });
}

TEST(resolver, takes_so_many_addresses_and_no_more) {
  heddle::run(test::with_loops(1), [] {
    const fake_server server([](const query& asked) -> std::vector<std::string> {
      std::vector<test::record> many;
      for (unsigned n = 0; n < 2000; ++n) many.push_back(test::a(asked.name, n & 255));
      if (asked.over_tcp) return {answer_to(asked, many)};
      return {answer_to(asked, {}, {.truncated = true})};
    });
    resolver_options options = server.options();
    options.families = ip_family::ipv4;
    EXPECT_EQ(resolve("many.test", 80, options).size(), 32U);
    options.most_addresses = 1000;
    EXPECT_EQ(resolve("many.test", 80, options).size(), 1000U);
    EXPECT_EQ(server.asked_over_tcp(), 2);
  });
}

TEST(resolver, refuses_options_out_of_range_by_name) {
  const auto refusal = [](auto change) -> std::string {
    resolver_options options;
    change(options);
    try {
      const resolver names(options);
      return "none";
    } catch (const std::invalid_argument& error) {
      return error.what();
    }
  };
  EXPECT_THAT(refusal([](auto& of) { of.attempts = 0; }), HasSubstr("attempts is 0, not in 1..20"));
  EXPECT_THAT(refusal([](auto& of) { of.timeout = 0s; }), HasSubstr("timeout"));
  EXPECT_THAT(refusal([](auto& of) { of.attempt_timeout = 1ms; }), HasSubstr("attempt_timeout"));
  EXPECT_THAT(refusal([](auto& of) { of.most_addresses = 0; }), HasSubstr("most_addresses"));
  EXPECT_THAT(refusal([](auto& of) { of.lookups_at_once = 0; }), HasSubstr("lookups_at_once"));
  EXPECT_THAT(refusal([](auto& of) { of.negative_ttl = -1s; }), HasSubstr("negative_ttl"));
  EXPECT_THAT(refusal([](auto& of) { of.other_family_within = -1s; }), HasSubstr("other_family"));
  EXPECT_THAT(refusal([](auto& of) { of.longest_ttl = -1s; }), HasSubstr("longest_ttl"));
  EXPECT_THAT(refusal([](auto& of) { of.servers = {"unix:/x"}; }), HasSubstr("unix:/x"));
  EXPECT_THAT(refusal([](auto& of) { of.servers = {"127.0.0.1:0"}; }), HasSubstr("127.0.0.1:0"));
  EXPECT_THAT(refusal([](auto& of) { of.servers.assign(17, "127.0.0.1:53"); }), HasSubstr("17"));
  EXPECT_THAT(refusal([](auto& of) { of.search = {{"a b"}}; }), HasSubstr("'a b'"));
  EXPECT_EQ(refusal([](auto&) {}), "none");
}

TEST(resolver, sends_one_query_for_many_callers) {
  heddle::run(test::with_loops(2), [] {
    test::gate all_there;
    const fake_server server([&](const query& asked) {
      all_there.wait();
      return test::one_each(asked);
    });
    resolver_options options = server.options();
    options.families = ip_family::ipv4;
    resolver names(options);
    std::atomic<int> answered{0};
    std::atomic<int> begun{0};
    task_group callers;
    for (int i = 0; i < 200; ++i) {
      callers.spawn([&] {
        ++begun;
        answered += static_cast<int>(names.resolve("name.test", 80).size());
      });
    }
    callers.run([&] {
      while (begun < 200) this_fiber::yield();
      all_there.open();
    });
    EXPECT_EQ(answered, 200);
    EXPECT_EQ(server.asked(), 1);
  });
}

TEST(resolver, keeps_its_loop_free_while_the_systems_settings_are_slow) {
  const std::string path = "/tmp/heddle_slow_settings_" + std::to_string(::getpid());
  ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
  heddle::run(test::with_loops(1), [&] {
    const fake_server server(test::one_each);
    resolver_options options = server.options();
    options.configuration_file = path;
    bool found = false;
    task<void> lookup = spawn([&] { found = !resolve("name.test", 80, options).empty(); });
    // The reader of a FIFO waits for a writer: in open(2), for as long as these turns take.
    std::chrono::nanoseconds longest{0};
    for (int turn = 0; turn < 50; ++turn) {
      const auto before = clock::now();
      this_fiber::sleep_for(1ms);
      longest = std::max<std::chrono::nanoseconds>(longest, clock::now() - before);
    }
    EXPECT_FALSE(found);
    EXPECT_LT(longest, 1s);
    std::thread([&] { std::ofstream(path) << "options ndots:1\n"; }).join();
    lookup.join();
    EXPECT_TRUE(found);
  });
  ::unlink(path.c_str());
}

}  // namespace
}  // namespace heddle::io
