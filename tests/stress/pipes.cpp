// SPDX-License-Identifier: MIT
// Readiness: tokens travel through pipes between fibers and plain threads, while loops are hogged,
// waits time out or are cancelled, and pipes are closed under those who wait. No token is lost, no
// edge is missed, and a descriptor whose number is reused never wakes the wrong fiber for good.
#include "stress/stress.hpp"

#include <array>
#include <cerrno>
#include <memory>

#include <fcntl.h>
#include <unistd.h>

namespace {

using namespace heddle;
using stress::require;
using test::random_numbers;

struct pipe_ends {
  int read = -1;
  int write = -1;
};

pipe_ends open_pipe() {
  std::array<int, 2> ends{};
  require(::pipe2(ends.data(), O_NONBLOCK | O_CLOEXEC) == 0, "no pipe to be had");
  return {ends[0], ends[1]};
}

/// A pipe with its readiness, as a socket class would have it.
class channel {
 public:
  channel() : ends_(open_pipe()), readable_(ends_.read), writable_(ends_.write) {}
  ~channel() {
    close();
    ::close(ends_.read);
    ::close(ends_.write);
  }
  channel(const channel&) = delete;
  channel& operator=(const channel&) = delete;

  /// Ends the waits; the descriptors stay open until nobody can use them any more.
  void close() noexcept {
    closed_ = true;
    readable_.close();
    writable_.close();
  }

  /// Returns 1, or 0 at `limit`, or -1 when closed.
  int receive(deadline limit) {
    for (;;) {
      const readiness::view seen = readable_.look(readiness::direction::read);
      if (!seen.maybe_ready) {
        const wake_reason why = readable_.wait(readiness::direction::read, limit);
        if (why == wake_reason::timeout) return 0;
        if (why == wake_reason::closed) return -1;
      }
      char byte = 0;
      if (::read(ends_.read, &byte, 1) == 1) return 1;
      require(errno == EAGAIN, "read failed");
      readable_.drained(readiness::direction::read, seen);
      if (limit.passed()) return 0;
      if (seen.maybe_ready && closed_) return -1;
    }
  }

  bool send() {
    for (;;) {
      const readiness::view seen = writable_.look(readiness::direction::write);
      if (!seen.maybe_ready && writable_.wait(readiness::direction::write) == wake_reason::closed) {
        return false;
      }
      if (::write(ends_.write, "x", 1) == 1) return true;
      require(errno == EAGAIN, "write failed");
      writable_.drained(readiness::direction::write, seen);
    }
  }

 private:
  pipe_ends ends_;
  readiness readable_;
  readiness writable_;
  std::atomic<bool> closed_{false};
};

struct shared_state {
  stress::watchdog guard;
  std::atomic<bool> over{false};
};

/// Two fibers, or a fiber and a thread, and a token between them.
void ping(shared_state& all, channel& in, channel& out, std::int64_t rounds, std::uint64_t stream) {
  random_numbers random(stream);
  for (; rounds > 0; --rounds) {
    for (;;) {
      const deadline limit = random.once_in(4)
                                 ? deadline::after(std::chrono::microseconds(random.below(100)))
                                 : deadline::never();
      if (in.receive(limit) == 1) break;
    }
    test::spin(random.below(2'000));
    require(out.send(), "a pipe closed by itself");
    all.guard.tick();
  }
}

void exchange(shared_state& all, runtime& home, std::int64_t rounds, std::uint64_t stream,
              bool with_thread) {
  channel there;
  channel back;
  require(there.send(), "a new pipe is full");
  task<void> first = home.spawn([&] { ping(all, there, back, rounds, stream); });
  if (with_thread) {
    std::thread second([&] { ping(all, back, there, rounds, stream + 1); });
    second.join();
  } else {
    task<void> second = home.spawn([&] { ping(all, back, there, rounds, stream + 1); });
    second.join();
  }
  first.join();
  require(there.receive(clock::now()) == 1, "the token is gone");
}

/// Waits that end by close, by cancel or by a byte; the numbers of the descriptors are reused at
/// once.
void short_lived(shared_state& all, runtime& home, std::uint64_t stream) {
  random_numbers random(stream);
  while (!all.over) {
    channel one;
    task<int> reader = home.spawn([&one] { return one.receive({}); });
    const std::uint32_t how = random.below(3);
    if (random.once_in(2)) this_fiber::yield();
    test::spin(random.below(20'000));
    if (how == 0) one.close();
    if (how == 1) reader.cancel();
    if (how == 2) one.send();
    try {
      const int got = reader.join();
      require(got == (how == 0 ? -1 : 1), "a wait ended for a reason that was not there");
    } catch (const task_cancelled&) {
      require(how == 1, "a wait was cancelled by nobody");
    }
  }
}

void hog(shared_state& all) {
  random_numbers random(77);
  while (!all.over) {
    this_fiber::sleep_for(std::chrono::microseconds(random.below(20'000)));
    const clock::time_point until = clock::now() + std::chrono::microseconds(random.below(6'000));
    while (clock::now() < until) test::spin(100);
  }
}

}  // namespace

int main(int argc, char** argv) {
  const stress::options asked = stress::parse(argc, argv, {.rounds = 20, .loops = 3});
  shared_state all;
  stress::round_counter rounds(asked);
  runtime home(stress::with_loops(asked.loops));
  const stress::watchdog::watching watched(all.guard, home);
  constexpr std::int64_t tokens = test::sanitized ? 300 : 3'000;
  std::vector<task<void>> others;
  others.push_back(home.spawn([&] { hog(all); }));
  for (std::uint64_t n = 0; n < 2; ++n) {
    others.push_back(home.spawn([&, n] { short_lived(all, home, 100 + n); }));
  }
  for (std::uint64_t stream = 1000; rounds.next(); stream += 1000) {
    std::vector<std::thread> threads;
    for (std::uint64_t n = 0; n < 6; ++n) {
      threads.emplace_back([&, stream, n] { exchange(all, home, tokens, stream + n * 2, n >= 4); });
    }
    for (std::thread& each : threads) each.join();
  }
  all.over = true;
  for (auto& each : others) each.join();
  const loop_stats total = home.stats().total();
  std::printf("%llu rounds; %llu events, %llu of them for another loop\n",
              static_cast<unsigned long long>(rounds.done()),
              static_cast<unsigned long long>(total.events),
              static_cast<unsigned long long>(total.stolen_events));
  return 0;
}
