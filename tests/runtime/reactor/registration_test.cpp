// SPDX-License-Identifier: MIT
// What a registration leaves in an epoll set when something fails: nothing, and of others' all.
#include <heddle/runtime.hpp>

#include "runtime/support/child.hpp"
#include "runtime/support/loops.hpp"
#include "runtime/support/process_counts.hpp"
#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <sys/eventfd.h>
#include <unistd.h>

namespace heddle {
namespace {

using namespace std::chrono_literals;
using direction = readiness::direction;
using test::with_loops;

/// Waits for an event on `fd` when the process can open no further descriptor. Returns the error's
/// text.
std::string wait_without_descriptors(readiness& watched) {
  try {
    watched.wait(direction::read, clock::now() + 1ms);
  } catch (const std::system_error& error) {
    return error.what();
  }
  return {};
}

TEST(registration, a_second_watcher_that_finds_no_descriptor_leaves_the_first_alone) {
  if (test::sanitized) GTEST_SKIP() << "a sanitizer needs descriptors of its own";
  const test::child_end end = test::in_child([] {
    return run(with_loops(1), [] {
      const int event = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
      readiness first(event);
      first.drained(direction::read, first.look(direction::read));
      auto reader = spawn([&] { return first.wait(direction::read, clock::now() + 10s); });
      test::let_all_run();
      readiness second(event);
      second.drained(direction::read, second.look(direction::read));
      test::limit(RLIMIT_NOFILE, 3);  // watching twice takes a duplicate
      const bool refused = !wait_without_descriptors(second).empty();
      const bool again = !wait_without_descriptors(second).empty();
      ::eventfd_write(event, 1);
      const bool heard = reader.join() == wake_reason::event;
      return refused && again && heard;
    });
  });
  EXPECT_TRUE(end.exited_with(0)) << end.status << end.output;
}

TEST(registration, a_duplicate_is_closed_with_it) {
  run(with_loops(1), [] {
    const std::size_t before = test::process_counts::now().descriptors;
    {
      const int event = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
      readiness first(event);
      readiness second(event);
      for (readiness* const each : {&first, &second}) {
        each->drained(direction::read, each->look(direction::read));
        EXPECT_EQ(each->wait(direction::read, clock::now() + 1ms), wake_reason::timeout);
      }
      EXPECT_EQ(test::process_counts::now().descriptors, before + 2);
      ::close(event);
    }
    EXPECT_EQ(test::process_counts::now().descriptors, before);
  });
}

}  // namespace
}  // namespace heddle
