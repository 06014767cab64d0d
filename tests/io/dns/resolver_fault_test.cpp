// SPDX-License-Identifier: MIT
// Names to addresses, with servers that do not behave, and without descriptors.
#include <heddle/io/resolver.hpp>

#include "io/dns/fake_server.hpp"
#include "runtime/support/random.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

#include <sys/resource.h>

namespace heddle::io {
namespace {

using namespace std::chrono_literals;
using test::answer_to;
using test::fake_server;
using test::query;
using test::shown;
using ::testing::ElementsAre;

/// Of IPv4 only, with little patience.
resolver_options hasty(const fake_server& server) {
  resolver_options options = server.options();
  options.families = ip_family::ipv4;
  options.attempt_timeout = 50ms;
  options.attempts = 2;
  return options;
}

std::error_code outcome(const resolver_options& options) {
  std::error_code error;
  const auto before = test::open_descriptors();
  {
    resolver names(options);
    names.resolve("name.test", 80, error);
  }
  EXPECT_EQ(test::open_descriptors(), before);
  return error;
}

std::error_code outcome_with(fake_server::behaviour how) {
  std::error_code error;
  heddle::run(test::with_loops(1), [&] {
    const fake_server server(std::move(how));
    error = outcome(hasty(server));
  });
  return error;
}

fake_server::behaviour with_code(unsigned code) {
  return [code](const query& asked) -> std::vector<std::string> {
    return {answer_to(asked, {}, {code})};
  };
}

TEST(resolver_fault, of_a_server_is_told_by_its_kind) {
  EXPECT_EQ(outcome_with(with_code(1)), dns_errc::bad_answer);
  EXPECT_EQ(outcome_with(with_code(2)), dns_errc::server_failed);
  EXPECT_EQ(outcome_with(with_code(4)), dns_errc::server_failed);
  EXPECT_EQ(outcome_with(with_code(5)), dns_errc::refused);
  EXPECT_EQ(outcome_with(test::silence), dns_errc::timed_out);
  EXPECT_EQ(outcome_with(test::silence), std::errc::timed_out);
}

TEST(resolver_fault, of_a_server_that_is_not_there_is_told) {
  heddle::run(test::with_loops(1), [] {
    resolver_options options;
    { options = hasty(fake_server(test::silence)); }
    EXPECT_EQ(outcome(options), dns_errc::unreachable);
  });
}

TEST(resolver_fault, of_one_server_sends_the_next) {
  heddle::run(test::with_loops(1), [] {
    const fake_server silent(test::silence);
    const fake_server failing(with_code(2));
    const fake_server good(test::one_each);
    resolver_options options = hasty(silent);
    options.servers = {silent.where(), failing.where(), good.where()};
    EXPECT_FALSE(outcome(options));
    EXPECT_GE(silent.asked(), 1);
    EXPECT_GE(failing.asked(), 1);
    EXPECT_EQ(good.asked(), 1);
  });
}

TEST(resolver_fault, of_a_lost_datagram_is_made_good) {
  heddle::run(test::with_loops(1), [] {
    int lost = 0;
    const fake_server server([&lost](const query& asked) -> std::vector<std::string> {
      if (lost++ == 0) return {};
      return test::one_each(asked);
    });
    EXPECT_FALSE(outcome(hasty(server)));
    EXPECT_EQ(server.asked(), 2);
  });
}

TEST(resolver_fault, truncated_is_asked_for_over_tcp) {
  heddle::run(test::with_loops(1), [] {
    const fake_server server([](const query& asked) -> std::vector<std::string> {
      if (asked.over_tcp) return test::one_each(asked);
      return {answer_to(asked, {}, {.truncated = true})};
    });
    EXPECT_THAT(shown(resolve("name.test", 80, hasty(server))), ElementsAre("127.0.0.7:80"));
    EXPECT_EQ(server.asked_over_tcp(), 1);
  });
}

TEST(resolver_fault, of_one_family_does_not_hold_up_the_other) {
  heddle::run(test::with_loops(1), [] {
    const fake_server server([](const query& asked) -> std::vector<std::string> {
      if (asked.type == test::type_aaaa) return {};
      return test::one_each(asked);
    });
    resolver_options options = server.options();
    options.timeout = 1h;
    options.attempt_timeout = 10min;
    options.other_family_within = 20ms;
    resolver names(options);
    EXPECT_THAT(shown(names.resolve("name.test", 80)), ElementsAre("127.0.0.7:80"));
    EXPECT_EQ(names.remembered(), 1U);
  });
}

TEST(resolver_fault, that_lasts_is_given_up_at_the_deadline) {
  heddle::run(test::with_loops(1), [] {
    const fake_server server(test::silence);
    resolver_options options = server.options();
    options.attempt_timeout = 10min;
    options.timeout = 100ms;
    const auto start = clock::now();
    EXPECT_EQ(outcome(options), dns_errc::timed_out);
    EXPECT_GE(clock::now() - start, 100ms);
    resolver names(server.options());
    std::error_code error;
    names.resolve_until(deadline::after(50ms), "name.test", 80, error);
    EXPECT_EQ(error, dns_errc::timed_out);
  });
}

/// A good answer follows, which must be found.
TEST(resolver_fault, of_a_stranger_is_passed_over) {
  const std::vector<std::function<std::string(const query&)>> nonsense = {
      [](const query&) { return std::string(); },
      [](const query&) { return std::string("x"); },
      [](const query&) { return std::string(2000, '\xff'); },
      [](const query& asked) {
        return answer_to(asked, {test::a(asked.name, 66)}, {0, false, 1});
      },
      [](query asked) {
        asked.question = test::wire_name("other.test") + test::number16(1) + test::number16(1);
        return answer_to(asked, {test::a("other.test", 66)});
      },
  };
  for (std::size_t n = 0; n < nonsense.size(); ++n) {
    heddle::run(test::with_loops(1), [&, n] {
      const fake_server server([&, n](const query& asked) -> std::vector<std::string> {
        return {nonsense[n](asked), test::one_each(asked)[0]};
      });
      EXPECT_THAT(shown(resolve("name.test", 80, hasty(server))), ElementsAre("127.0.0.7:80"))
          << "nonsense " << n;
    });
  }
}

TEST(resolver_fault, that_is_random_ends_every_lookup) {
  heddle::run(test::with_loops(1), [] {
    test::random_numbers random(1);
    const fake_server server([&random](const query& asked) -> std::vector<std::string> {
      std::string text = answer_to(asked, {test::cname(asked.name, "b.test"), test::a("b.test", 1),
                                           test::aaaa("b.test", 1)});
      for (std::uint32_t n = random.below(8); n != 0; --n) {
        const std::size_t at = 2 + random.next() % (text.size() - 2);
        text[at] = static_cast<char>(random.next());
      }
      if (random.once_in(4)) text.resize(random.next() % text.size());
      return {text};
    });
    resolver_options options = server.options();
    options.attempt_timeout = 10ms;
    options.attempts = 1;
    const auto before = test::open_descriptors();
    std::map<std::string, int> outcomes;
    for (int round = 0; round < 400; ++round) {
      std::error_code error;
      resolver(options).resolve("name.test", 80, error);
      ++outcomes[error.message()];
    }
    // The server may have to notice yet that the last connection has ended.
    for (int turn = 0; turn < 1000 && test::open_descriptors() != before; ++turn) {
      this_fiber::sleep_for(1ms);
    }
    EXPECT_EQ(test::open_descriptors(), before);
    EXPECT_GE(outcomes.size(), 3U);  // of all kinds
  });
}

TEST(resolver_fault, of_a_full_descriptor_table_is_told_as_such) {
  heddle::run(test::with_loops(1), [] {
    const fake_server server(test::one_each);
    ASSERT_FALSE(outcome(hasty(server)));  // whatever is opened once is open now
    rlimit before{};
    ::getrlimit(RLIMIT_NOFILE, &before);
    const int next = ::dup(0);
    ::close(next);
    for (int spare = 0; spare < 3; ++spare) {
      rlimit tight = before;
      tight.rlim_cur = static_cast<rlim_t>(next + spare);
      ::setrlimit(RLIMIT_NOFILE, &tight);
      std::error_code error;
      resolver(hasty(server)).resolve("name.test", 80, error);
      ::setrlimit(RLIMIT_NOFILE, &before);
      // With the last one to spare it works, or lacks one for a file of the system's, as if empty.
      EXPECT_TRUE(error == std::errc::too_many_files_open || (spare == 2 && !error))
          << spare << ": " << error.message();
    }
    EXPECT_FALSE(outcome(hasty(server)));
  });
}

}  // namespace
}  // namespace heddle::io
