// SPDX-License-Identifier: MIT
// The waits themselves: sleeping, yielding, a wait_queue of one's own, descriptors.
#include <heddle/runtime.hpp>
#include <heddle/runtime/readiness.hpp>
#include <heddle/runtime/wait_queue.hpp>

#include "testing/scenarios/scenario.hpp"

#include <array>
#include <cerrno>
#include <chrono>
#include <system_error>

#include <fcntl.h>
#include <unistd.h>

namespace heddle::test {

namespace {

using namespace std::chrono_literals;

struct naps {
  int begun = 0;
  int ended = 0;
  void program() {
    task_group all;
    for (int n = 0; n < 3; ++n) {
      all.spawn([this, n] {
        ++begun;
        struct at_end {
          int& count;
          ~at_end() { ++count; }
        } const counted{ended};
        this_fiber::sleep_for(1ms * n);
        this_fiber::yield();
        this_fiber::checkpoint();
        this_fiber::sleep_until(deadline::after(1ms));
      });
    }
    all.join();
  }
  void after() { account("naps that ended", begun, ended); }
};

/// A turnstile on the public waiting protocol: those who wait are let through one by one.
struct wait_queue_by_hand {
  wait_queue line;
  int tokens = 0;
  int given = 0;
  int passed = 0;
  void program() {
    task_group all;
    for (int n = 0; n < 2; ++n) {
      all.spawn([this] {
        line.wait_unless([this]() noexcept { return tokens > 0 && tokens-- > 0; });
        ++passed;
      });
    }
    all.spawn([this] {
      for (int n = 0; n < 2; ++n) {
        ++given;
        line.wake_one([this](bool handed_over) noexcept { tokens += handed_over ? 0 : 1; });
        this_fiber::yield();
      }
    });
    all.join();
  }
  void after() { account("tokens", given, passed + tokens); }
};

/// Both ends of a pipe, not blocking.
struct pipe_ends {
  std::array<int, 2> ends{};
  pipe_ends() {
    if (::pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC) == 0) return;
    throw std::system_error(errno, std::generic_category(), "pipe2");
  }
  ~pipe_ends() {
    for (const int each : ends) ::close(each);
  }
  pipe_ends(const pipe_ends&) = delete;
  pipe_ends& operator=(const pipe_ends&) = delete;
};

struct pipe_of_bytes {
  int written = 0;
  int read = 0;
  void program() {
    const pipe_ends pipe;
    task_group both;
    both.spawn([&] {
      for (int n = 0; n < 3;) {
        char byte = 0;
        if (::read(pipe.ends[0], &byte, 1) == 1) {
          ++read;
          ++n;
        } else {
          wait_readable(pipe.ends[0]);
        }
      }
    });
    both.spawn([&] {
      for (int n = 0; n < 3; ++n) {
        this_fiber::yield();
        wait_writable(pipe.ends[1]);
        if (::write(pipe.ends[1], "x", 1) == 1) ++written;
      }
    });
    both.join();
  }
  void after() {
    if (read > written) throw lost("a byte came from nowhere");
  }
};

struct readiness_of_a_pipe {
  void program() {
    const pipe_ends pipe;
    readiness watched(pipe.ends[0]);
    task_group both;
    both.spawn([&] {
      for (int bytes = 0; bytes < 2;) {
        watched.wait(readiness::direction::read);
        const readiness::view seen = watched.look(readiness::direction::read);
        char byte = 0;
        if (::read(pipe.ends[0], &byte, 1) == 1) {
          ++bytes;
        } else {
          watched.drained(readiness::direction::read, seen);
        }
      }
      watched.wait(readiness::direction::read, deadline::after(1ms));
    });
    both.spawn([&] {
      for (int n = 0; n < 2; ++n) {
        this_fiber::sleep_for(1ms);
        if (::write(pipe.ends[1], "x", 1) != 1) throw lost("a full pipe");
      }
    });
    both.join();
  }
  void after() {}
};

}  // namespace

std::vector<scenario> wait_scenarios() {
  return {
      stand_alone<naps>("sleep_yield_checkpoint"),
      scenario_of<wait_queue_by_hand>("wait_queue"),
      scenario_of<pipe_of_bytes>("wait_readable"),
      scenario_of<readiness_of_a_pipe>("readiness"),
  };
}

}  // namespace heddle::test
