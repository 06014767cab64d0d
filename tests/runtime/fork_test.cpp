// SPDX-License-Identifier: MIT
// Children of fork(): what is left of a runtime there says so, and leaves its parent's alone.
#include <heddle/runtime/cancel.hpp>
#include <heddle/runtime/detail/spinlock.hpp>
#include <heddle/runtime/readiness.hpp>
#include <heddle/runtime/runtime.hpp>
#include <heddle/runtime/task.hpp>
#include <heddle/runtime/this_fiber.hpp>

#include "runtime/support/loops.hpp"
#include "runtime/support/sanitized.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <semaphore>
#include <stdexcept>
#include <string>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

namespace heddle {
namespace {

using namespace std::chrono_literals;
using test::with_loops;
using ::testing::HasSubstr;

/// How a child has ended, and what it has said on stderr.
struct ending {
  std::optional<int> status = {};
  std::optional<int> signal = {};
  std::string said = {};
};

/// Returns whether all other threads of the process sleep.
bool others_sleep() {
  for (const auto& each : std::filesystem::directory_iterator("/proc/self/task")) {
    if (each.path().filename() == std::to_string(::gettid())) continue;
    std::ifstream file(each.path() / "stat");
    std::string text;
    if (!std::getline(file, text)) continue;  // it has ended
    const std::size_t state = text.rfind(')') + 2;
    if (state < text.size() && text[state] != 'S') return false;
  }
  return true;
}

/// Waits until no other thread can be within a call of malloc: the sanitizers' have locks that stay
/// locked in the child, where glibc's have not.
void await_quiet() {
  for (int looks = 0; looks < 3;) {
    looks = others_sleep() ? looks + 1 : 0;
    std::this_thread::yield();
  }
}

/// Calls `body` in a child, which ends with what that returns, or after 30 seconds.
template <class F>
ending in_child(F body) {
  int errors[2];  // NOLINT(modernize-avoid-c-arrays)
  if (::pipe(errors) != 0) throw std::runtime_error("pipe");
  await_quiet();
  const pid_t child = ::fork();
  if (child == 0) {
    ::alarm(30);
    ::dup2(errors[1], STDERR_FILENO);
    ::_exit(body());
  }
  ::close(errors[1]);
  ending found;
  char piece[512];  // NOLINT(modernize-avoid-c-arrays)
  for (ssize_t count = 0; (count = ::read(errors[0], piece, sizeof piece)) > 0;) {
    found.said.append(piece, static_cast<std::size_t>(count));
  }
  ::close(errors[0]);
  int status = 0;
  ::waitpid(child, &status, 0);
  if (WIFEXITED(status)) found.status = WEXITSTATUS(status);
  if (WIFSIGNALED(status)) found.signal = WTERMSIG(status);
  return found;
}

TEST(fork, a_plain_thread_s_spawn_is_an_error_that_names_the_runtime) {
  config settings = with_loops(2);
  settings.name = "parents";
  runtime home(settings);
  const ending child = in_child([&] {
    for (auto use : {+[](runtime& of) { of.spawn([] {}).detach(); },
                     +[](runtime& of) { static_cast<void>(of.shutdown(1s)); }}) {
      try {
        use(home);
        return 1;
      } catch (const std::logic_error& error) {
        const std::string text = error.what();
        if (text.find("\"parents\"") == text.npos || text.find("fork()") == text.npos) return 2;
      }
    }
    return 0;
  });
  EXPECT_EQ(child.status, 0) << child.said;
  EXPECT_EQ(home.spawn([] { return 7; }).join(), 7) << "the parent's goes on";
}

TEST(fork, a_destructor_in_the_child_does_not_wait_for_threads_of_the_parent) {
  std::optional<runtime> home(std::in_place, with_loops(2));
  home->spawn([] { this_fiber::yield(); }).join();
  const ending child = in_child([&] {
    home.reset();
    return 3;
  });
  EXPECT_EQ(child.status, 3) << child.said;
  EXPECT_EQ(home->spawn([] { return 7; }).join(), 7);
}

TEST(fork, a_fiber_may_go_on_in_the_child_until_it_waits) {
  run(with_loops(2), [] {
    EXPECT_EQ(in_child([] { return 4; }).status, 4);
    this_fiber::yield();
  });
}

TEST(fork, a_fiber_that_waits_in_the_child_ends_it_with_a_message) {
  for (const unsigned loops : {1U, 2U}) {
    for (auto wait : {+[] { this_fiber::yield(); }, +[] { this_fiber::sleep_for(1ms); },
                      +[] { spawn([] {}).join(); }}) {
      run(with_loops(loops), [&] {
        int others = 0;
        auto other = spawn([&] { ++others; });
        const ending child = in_child([&] {
          wait();
          return 5;
        });
        EXPECT_EQ(child.signal, SIGABRT) << (child.status ? *child.status : -1);
        EXPECT_THAT(child.said, HasSubstr("fork()"));
        other.join();
        EXPECT_EQ(others, 1);
      });
    }
  }
}

TEST(fork, a_fiber_that_needs_a_lock_of_another_thread_ends_the_child_with_a_message) {
  detail::spinlock held;
  std::binary_semaphore taken{0};
  std::binary_semaphore done{0};
  std::thread other([&] {
    const std::lock_guard guard(held);
    taken.release();
    done.acquire();
  });
  taken.acquire();
  run(with_loops(1), [&] {
    const ending child = in_child([&] {
      const std::lock_guard guard(held);
      return 5;
    });
    EXPECT_EQ(child.signal, SIGABRT);
    EXPECT_THAT(child.said, HasSubstr("fork()"));
  });
  done.release();
  other.join();
}

TEST(fork, what_the_child_closes_is_watched_by_the_parent_still) {
  int ends[2];  // NOLINT(modernize-avoid-c-arrays)
  ASSERT_EQ(::pipe(ends), 0);
  run(with_loops(1), [&] {
    readiness watched(ends[0]);
    const auto first = watched.look(readiness::direction::read);
    watched.drained(readiness::direction::read, first);
    auto waits = spawn([&] { return watched.wait(readiness::direction::read); });
    this_fiber::yield();
    const ending child = in_child([&] {
      watched.close();
      return 6;
    });
    EXPECT_EQ(child.status, 6) << child.said;
    EXPECT_EQ(::write(ends[1], "x", 1), 1);
    with_timeout(20s, [&] { EXPECT_EQ(waits.join(), wake_reason::event); });
  });
  ::close(ends[0]);
  ::close(ends[1]);
}

TEST(fork, a_runtime_of_the_child_s_own_works) {
  if (test::thread_sanitized) GTEST_SKIP() << "TSAN allows a child of threads none";
  runtime home(with_loops(2));
  const ending child = in_child([] {
    return run(with_loops(2), [] {
      auto other = spawn([] { return 40; });
      this_fiber::sleep_for(1ms);
      return other.join() + 2;
    });
  });
  EXPECT_EQ(child.status, 42) << child.said;
}

}  // namespace
}  // namespace heddle
