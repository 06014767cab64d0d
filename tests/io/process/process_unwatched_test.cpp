// SPDX-License-Identifier: MIT
// Children that cannot be waited for in the usual way: they are ended all the same. Each case in a
// process of its own, whose kernel refuses calls from then on, or that ignores SIGCHLD.
#include <heddle/io/error.hpp>
#include <heddle/io/process.hpp>
#include <heddle/runtime.hpp>

#include "io/shared_names.hpp"
#include "runtime/support/child.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <string>
#include <system_error>
#include <utility>

#include <poll.h>
#include <signal.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace heddle::io {
namespace {

/// Returns a child that only SIGKILL ends, and that has a grace of an hour.
process stubborn_child(std::chrono::nanoseconds grace = 1h) {
  process child = process::start(
      {"sh", "-c", "trap '' TERM; echo ready; for n in $(seq 6000); do sleep 0.01; done"},
      {.out = stdio::pipe, .grace = grace});
  std::string ready(6, '\0');
  child.out().read_exactly(test::room_in(ready));
  return child;
}

/// Tells of a child even when its number is given back.
class witness {
 public:
  explicit witness(const process& child)
      : handle_(static_cast<int>(::syscall(SYS_pidfd_open, child.id(), 0))) {}
  bool child_has_ended() const {
    pollfd entry{handle_.get(), POLLIN, 0};
    return ::poll(&entry, 1, 0) == 1 && (entry.revents & POLLIN) != 0;
  }

 private:
  owned_fd handle_;
};

/// In a process of its own: starts a stubborn child, has `prevent` make it hard to wait for, and
/// drops the child. Returns whether it had ended by then, and not before.
test::child_end dropped_after(const std::function<void()>& prevent) {
  return test::in_child([&] {
    return heddle::run(test::with_loops(1), [&] {
      process child = stubborn_child();
      const witness saw(child);
      prevent();
      const bool before = saw.child_has_ended();
      child = process();
      return !before && saw.child_has_ended();
    });
  });
}

TEST(process_unwatched, whose_status_cannot_be_asked_for_is_killed) {
  const test::child_end end = dropped_after([] { test::refuse_call(SYS_waitid); });
  EXPECT_TRUE(end.exited_with(0)) << end.status << end.output;
}

TEST(process_unwatched, whose_descriptor_cannot_be_watched_is_killed) {
  const test::child_end end = dropped_after([] { test::refuse_call(SYS_epoll_ctl, ENOSPC); });
  EXPECT_TRUE(end.exited_with(0)) << end.status << end.output;
}

TEST(process_unwatched, by_its_owner_says_why_a_wait_fails_and_how_an_end_went) {
  const test::child_end end = test::in_child([] {
    return heddle::run(test::with_loops(1), [] {
      process child = stubborn_child();
      test::refuse_call(SYS_epoll_ctl, ENOSPC);
      std::string said;
      try {
        child.wait();
      } catch (const io_error& failed) {
        if (failed.code() == std::errc::no_space_on_device) said = failed.what();
      }
      const std::string expected = "wait for process " + std::to_string(child.id()) + ": ";
      const bool killed = child.end() == exit_status{0, SIGKILL};
      return said.starts_with(expected) && killed;
    });
  });
  EXPECT_TRUE(end.exited_with(0)) << end.status << end.output;
}

/// Returns whether waiting for `child` says that the kernel has given its status up.
bool is_nobodys(process& child) {
  try {
    child.wait();
    return false;
  } catch (const io_error& failed) {
    return failed.code() == std::errc::no_child_process;
  }
}

TEST(process_unwatched, of_a_program_that_ignores_sigchld_is_killed_after_its_grace) {
  const test::child_end end = test::in_child([] {
    ::signal(SIGCHLD, SIG_IGN);
    return heddle::run(test::with_loops(1), [] {
      process child = stubborn_child(20ms);
      const witness saw(child);
      process other = stubborn_child(20ms);
      const witness saw_other(other);
      child = process();
      bool said_so = false;
      try {
        other.end();
      } catch (const io_error& failed) {
        said_so = failed.code() == std::errc::no_child_process;
      }
      const bool ended = saw.child_has_ended() && saw_other.child_has_ended();
      return ended && said_so && is_nobodys(other);
    });
  });
  EXPECT_TRUE(end.exited_with(0)) << end.status << end.output;
}

}  // namespace
}  // namespace heddle::io
