// SPDX-License-Identifier: MIT
// Every request is refused once; planted leaks are found. A program of its own: heddle::faults has
// an operator new.
#include <heddle/io/tcp.hpp>
#include <heddle/runtime.hpp>
#include <heddle/sync.hpp>
#include <heddle/testing/fault.hpp>

#include "testing/resource_name.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace {

using heddle::testing::fail_each;
using heddle::testing::fault_report;
using heddle::testing::resource;

heddle::config loops(unsigned count) {
  heddle::config settings;
  settings.loops = count;
  return settings;
}

/// Keeps the compiler from leaving an allocation out because nobody looks.
template <class T>
std::unique_ptr<T> seen(T* block) {
  asm volatile("" : : "g"(block) : "memory");
  return std::unique_ptr<T>(block);
}

TEST(fault, each_allocation_is_refused_once) {
  int runs = 0;
  const fault_report report = fail_each(resource::allocation, [&runs] {
    ++runs;
    const auto one = seen(new int(1));
    const auto two = seen(new int(2));
    void* const three = std::malloc(3);
    if (three == nullptr) throw std::bad_alloc();
    std::free(three);
  });
  EXPECT_TRUE(report.ok()) << report.text();
  EXPECT_EQ(report.requests, 3U);
  EXPECT_EQ(report.told, 3U);
  EXPECT_EQ(runs, 5);  // without a refusal before and after
}

TEST(fault, finds_a_block_that_is_lost_on_the_way_out) {
  const fault_report report = fail_each(resource::allocation, [] {
    int* const kept = seen(new int(1)).release();
    const auto more = seen(new int(2));  // throws, and `kept` is forgotten
    delete kept;
  });
  ASSERT_EQ(report.leaks.size(), 1U) << report.text();
  EXPECT_EQ(report.leaks[0].request, 2U);
  EXPECT_NE(report.leaks[0].what.find("blocks"), std::string::npos) << report.text();
}

TEST(fault, finds_a_descriptor_that_is_lost_on_the_way_out) {
  const fault_report report = fail_each(resource::descriptor, [] {
    const int first = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (first < 0) throw std::system_error(errno, std::system_category());
    const int second = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (second < 0) throw std::system_error(errno, std::system_category());
    ::close(second);
    ::close(first);
  });
  ASSERT_EQ(report.leaks.size(), 1U) << report.text();
  EXPECT_EQ(report.leaks[0].request, 2U);
  EXPECT_NE(report.leaks[0].what.find("descriptors"), std::string::npos) << report.text();
}

TEST(fault, finds_a_refusal_that_comes_out_as_something_else) {
  const fault_report report = fail_each(resource::allocation, [] {
    try {
      const auto one = seen(new int(1));
    } catch (const std::bad_alloc&) {
      throw std::runtime_error("no luck today");
    }
  });
  ASSERT_EQ(report.leaks.size(), 1U) << report.text();
  EXPECT_EQ(report.leaks[0].what, "no luck today");
}

TEST(fault, finds_a_program_that_fails_by_itself) {
  const fault_report report =
      fail_each(resource::allocation, [] { throw std::runtime_error("by itself"); });
  ASSERT_EQ(report.leaks.size(), 1U);
  EXPECT_EQ(report.leaks[0].request, 0U);
}

TEST(fault, survives_what_is_no_exception_and_refuses_nothing_afterwards) {
  const fault_report report = fail_each(resource::allocation, [] {
    try {
      const auto one = seen(new int(1));
    } catch (const std::bad_alloc&) {
      throw 1;
    }
  });
  ASSERT_EQ(report.leaks.size(), 1U) << report.text();
  EXPECT_EQ(report.leaks[0].request, 1U);
  EXPECT_NE(report.leaks[0].what.find("no std::exception"), std::string::npos) << report.text();
  const auto afterwards = seen(new int(1));
  EXPECT_EQ(*afterwards, 1);
}

TEST(fault, finds_a_thread_that_is_left) {
  std::vector<std::thread> left;
  std::atomic<bool> over{false};
  const fault_report report = fail_each(resource::descriptor, [&] {
    const int fd = ::open("/dev/null", O_RDONLY | O_CLOEXEC);
    if (fd >= 0) {
      ::close(fd);
      return;
    }
    left.emplace_back([&over] { over.wait(false); });
    throw std::system_error(errno, std::system_category());
  });
  over = true;
  over.notify_all();
  for (std::thread& each : left) each.join();
  ASSERT_FALSE(report.ok());
  EXPECT_NE(report.text().find("threads: 1 before, 2 after"), std::string::npos) << report.text();
}

TEST(fault, too_many_requests_are_an_error) {
  heddle::testing::fault_options few;
  few.most_requests = 10;
  EXPECT_THROW(fail_each(
                   resource::allocation,
                   [] {
                     for (int n = 0; n < 100; ++n) {
                       try {
                         const auto one = seen(new int(n));
                       } catch (const std::bad_alloc&) {
                       }
                     }
                   },
                   few),
               std::length_error);
}

TEST(fault, one_at_a_time) {
  const fault_report report =
      fail_each(resource::mapping, [] { fail_each(resource::mapping, [] {}); });
  ASSERT_FALSE(report.ok());
  EXPECT_NE(report.leaks[0].what.find("under way"), std::string::npos) << report.text();
}

class refused : public ::testing::TestWithParam<resource> {};

TEST_P(refused, a_runtime_that_starts_and_stops_tells_and_leaves_nothing) {
  const fault_report report = fail_each(GetParam(), [] { const heddle::runtime home(loops(2)); });
  EXPECT_TRUE(report.ok()) << report.text();
  EXPECT_GE(report.requests, GetParam() == resource::mapping ? 1U : 5U);
}

TEST_P(refused, groups_channels_and_large_stacks_tell_and_leave_nothing) {
  const fault_report report = fail_each(GetParam(), [] {
    heddle::run(loops(1), [] {
      heddle::sync::channel<int> values(2);
      heddle::task_group both;
      both.spawn({.stack_bytes = 2 << 20}, [&values] {
        for (int n = 0; n < 3; ++n) values.send(n);
        values.close();
      });
      both.run([&values] {
        int sum = 0;
        for (const int value : values) sum += value;
        EXPECT_EQ(sum, 3);
      });
    });
  });
  EXPECT_TRUE(report.ok()) << report.text();
}

TEST_P(refused, a_connection_tells_and_leaves_nothing) {
  const fault_report report = fail_each(GetParam(), [] {
    heddle::run(loops(1), [] {
      auto listener = heddle::io::tcp_listener::bind(heddle::io::endpoint("127.0.0.1:0"));
      heddle::task_group both;
      both.spawn([&] {
        heddle::io::tcp_stream stream = heddle::io::tcp_stream::connect(listener.local_endpoint());
        stream.write_all(std::as_bytes(std::span("hello", 5)));
      });
      // A newcomer for whom there is no descriptor is closed, and the next one waited for.
      heddle::move_on_after(std::chrono::milliseconds{300}, [&] {
        both.run([&listener] {
          std::array<std::byte, 5> text;
          listener.accept().read_exactly(text);
        });
      });
    });
  });
  EXPECT_TRUE(report.ok()) << report.text();
}

INSTANTIATE_TEST_SUITE_P(each, refused,
                         ::testing::Values(resource::allocation, resource::mapping,
                                           resource::descriptor),
                         [](const auto& each) { return heddle::test::name_of(each.param); });

}  // namespace
