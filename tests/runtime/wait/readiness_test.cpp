// SPDX-License-Identifier: MIT
// readiness: no edge is lost, everybody hears of a close, and a descriptor number that is used
// again is a new one.
#include <heddle/runtime.hpp>

#include "runtime/support/loops.hpp"
#include "runtime/support/process_counts.hpp"
#include "runtime/support/random.hpp"
#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <cerrno>
#include <memory>
#include <system_error>
#include <thread>
#include <vector>

#include <fcntl.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

namespace heddle {
namespace {

using namespace std::chrono_literals;
using direction = readiness::direction;
using test::everywhere;
using test::with_loops;

/// A pipe that does not block.
class pipe_pair {
 public:
  pipe_pair() { EXPECT_EQ(::pipe2(ends_.data(), O_NONBLOCK | O_CLOEXEC), 0); }
  ~pipe_pair() {
    close_reader();
    close_writer();
  }
  pipe_pair(const pipe_pair&) = delete;
  pipe_pair& operator=(const pipe_pair&) = delete;

  int reader() const noexcept { return ends_[0]; }
  int writer() const noexcept { return ends_[1]; }
  void close_reader() noexcept { close(ends_[0]); }
  void close_writer() noexcept { close(ends_[1]); }
  void put() const { EXPECT_EQ(::write(writer(), "x", 1), 1); }
  bool get() const {
    char byte = 0;
    return ::read(reader(), &byte, 1) == 1;
  }
  /// Writes until no more goes in.
  std::size_t fill() const {
    std::array<char, 4096> block{};
    std::size_t total = 0;
    for (::ssize_t put = 0; (put = ::write(writer(), block.data(), block.size())) > 0;) {
      total += static_cast<std::size_t>(put);
    }
    return total;
  }

 private:
  static void close(int& fd) noexcept {
    if (fd >= 0) ::close(std::exchange(fd, -1));
  }
  std::array<int, 2> ends_{-1, -1};
};

TEST(readiness, wait_readable_returns_when_there_is_something_to_read) {
  everywhere([] {
    const pipe_pair pipe;
    EXPECT_FALSE(wait_readable(pipe.reader(), clock::now() + 2ms));
    pipe.put();
    EXPECT_TRUE(wait_readable(pipe.reader()));
    EXPECT_TRUE(pipe.get());
    EXPECT_FALSE(wait_readable(pipe.reader(), clock::now() + 1ms));
  });
}

TEST(readiness, wait_writable_returns_when_there_is_room) {
  everywhere([] {
    const pipe_pair pipe;
    EXPECT_TRUE(wait_writable(pipe.writer()));
    pipe.fill();
    EXPECT_FALSE(wait_writable(pipe.writer(), clock::now() + 2ms));
    for (int n = 0; n < 65'536; ++n) pipe.get();
    EXPECT_TRUE(wait_writable(pipe.writer(), clock::now() + 10s));
  });
}

TEST(readiness, a_hang_up_is_readable) {
  everywhere([] {
    pipe_pair pipe;
    pipe.close_writer();
    EXPECT_TRUE(wait_readable(pipe.reader()));
    pipe_pair other;
    other.close_reader();
    EXPECT_TRUE(wait_writable(other.writer()));
  });
}

TEST(readiness, a_regular_file_is_always_ready) {
  everywhere([] {
    const int file = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
    ASSERT_GE(file, 0);
    for (int n = 0; n < 3; ++n) EXPECT_TRUE(wait_readable(file));
    readiness watched(file);
    watched.drained(direction::read, watched.look(direction::read));
    EXPECT_EQ(watched.wait(direction::read), wake_reason::event);
    ::close(file);
  });
}

TEST(readiness, what_is_no_descriptor_is_an_error) {
  everywhere([] {
    EXPECT_THROW(wait_readable(-1), std::system_error);
    EXPECT_THROW(wait_writable(1'000'000), std::system_error);
    try {
      wait_readable(999'999);
      ADD_FAILURE();
    } catch (const std::system_error& error) {
      EXPECT_EQ(error.code(), std::errc::bad_file_descriptor);
      EXPECT_NE(std::string(error.what()).find("999999"), std::string::npos) << error.what();
    }
  });
}

TEST(readiness, an_eventfd_wakes_as_often_as_it_is_written_to) {
  run(with_loops(2), [] {
    const int event = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    eventfd_t sum = 0;
    auto reader = spawn([&] {
      readiness watched(event);
      while (sum < 1000) {
        const readiness::view seen = watched.look(direction::read);
        if (!seen.maybe_ready) watched.wait(direction::read);
        eventfd_t now = 0;
        if (::eventfd_read(event, &now) == 0) {
          sum += now;
        } else {
          watched.drained(direction::read, seen);
        }
      }
    });
    for (int n = 0; n < 1000; ++n) {
      ::eventfd_write(event, 1);
      if (n % 7 == 0) this_fiber::yield();
      if (n % 100 == 0) this_fiber::sleep_for(50us);
    }
    reader.join();
    EXPECT_EQ(sum, 1000U);
    ::close(event);
  });
}

/// Reads one byte as the manual page of readiness.hpp says. Returns why it ended: event if it has
/// one.
wake_reason read_one(readiness& watched, int fd, deadline limit = {}) {
  for (;;) {
    const readiness::view seen = watched.look(direction::read);
    if (!seen.maybe_ready) {
      const wake_reason why = watched.wait(direction::read, limit);
      if (why != wake_reason::event) return why;
    }
    char byte = 0;
    if (::read(fd, &byte, 1) == 1) return wake_reason::event;
    watched.drained(direction::read, seen);
  }
}

TEST(readiness, two_fibers_wait_for_the_same_descriptor_by_registrations_of_their_own) {
  for (const unsigned loops : {1U, 2U}) {
    run(with_loops(loops), [] {
      const pipe_pair pipe;
      std::atomic<int> waiting{0};
      std::vector<task<void>> readers;
      for (int n = 0; n < 4; ++n) {
        readers.push_back(spawn([&] {
          ++waiting;
          EXPECT_TRUE(wait_readable(pipe.reader()));
        }));
      }
      test::yield_until([&] { return waiting == 4; });
      this_fiber::yield();
      pipe.put();
      for (auto& each : readers) each.join();
    });
  }
}

TEST(readiness, two_fibers_wait_for_the_same_descriptor_by_one_registration) {
  run(with_loops(2), [] {
    const pipe_pair pipe;
    readiness watched(pipe.reader());
    std::vector<task<void>> readers;
    for (int n = 0; n < 4; ++n) {
      readers.push_back(
          spawn([&] { EXPECT_EQ(read_one(watched, pipe.reader()), wake_reason::event); }));
    }
    this_fiber::yield();
    for (int n = 0; n < 4; ++n) pipe.put();
    for (auto& each : readers) each.join();
  });
}

TEST(readiness, one_fiber_reads_and_another_writes_on_one_socket) {
  run(with_loops(2), [] {
    std::array<int, 2> ends{};
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends.data()), 0);
    readiness watched(ends[0]);
    constexpr std::size_t bytes = 1 << 20;
    std::size_t written = 0;
    std::size_t read = 0;
    auto writer = spawn([&] {
      const std::vector<char> block(8192);
      while (written < bytes) {
        const readiness::view seen = watched.look(direction::write);
        if (!seen.maybe_ready) watched.wait(direction::write);
        const ::ssize_t put = ::write(ends[0], block.data(), block.size());
        put > 0 ? written += static_cast<std::size_t>(put)
                : (watched.drained(direction::write, seen), std::size_t{0});
      }
    });
    auto reader = spawn([&] {
      while (read_one(watched, ends[0]) == wake_reason::event && ++read < 1000) {
      }
    });
    std::vector<char> sink(65'536);
    for (std::size_t got = 0; got < bytes;) {
      wait_readable(ends[1]);
      const ::ssize_t now = ::read(ends[1], sink.data(), sink.size());
      got += now > 0 ? static_cast<std::size_t>(now) : 0;
    }
    const std::vector<char> answer(1000);
    ASSERT_EQ(::write(ends[1], answer.data(), answer.size()), 1000);
    writer.join();
    reader.join();
    EXPECT_EQ(read, 1000U);
    ::close(ends[0]);
    ::close(ends[1]);
  });
}

TEST(readiness, close_wakes_everybody_who_waits_with_closed) {
  for (const unsigned loops : {1U, 2U}) {
    run(with_loops(loops), [] {
      const pipe_pair pipe;
      pipe.fill();
      const pipe_pair empty;
      readiness full(pipe.writer());
      readiness nothing(empty.reader());
      full.drained(direction::write, full.look(direction::write));
      nothing.drained(direction::read, nothing.look(direction::read));
      std::vector<task<wake_reason>> waiting;
      for (int n = 0; n < 3; ++n) {
        waiting.push_back(spawn([&] { return full.wait(direction::write); }));
        waiting.push_back(spawn([&] { return nothing.wait(direction::read, clock::now() + 1h); }));
      }
      for (int n = 0; n < 50; ++n) this_fiber::yield();
      full.close();
      nothing.close();
      nothing.close();
      for (auto& each : waiting) EXPECT_EQ(each.join(), wake_reason::closed);
      EXPECT_EQ(nothing.wait(direction::read), wake_reason::closed);
    });
  }
}

TEST(readiness, after_a_close_the_documented_loop_comes_to_its_end) {
  run(with_loops(1), [] {
    const pipe_pair pipe;
    readiness watched(pipe.reader());
    watched.close();
    EXPECT_EQ(read_one(watched, pipe.reader()), wake_reason::closed);
    readiness other(pipe.reader());
    auto reader = spawn([&] { return read_one(other, pipe.reader()); });
    test::let_all_run();
    other.close();
    EXPECT_EQ(reader.join(), wake_reason::closed);
  });
}

TEST(readiness, a_plain_thread_that_was_told_of_an_event_sees_it) {
  const pipe_pair pipe;
  readiness watched(pipe.reader());
  watched.drained(direction::read, watched.look(direction::read));
  EXPECT_FALSE(watched.look(direction::read).maybe_ready);
  pipe.put();
  EXPECT_EQ(watched.wait(direction::read), wake_reason::event);
  EXPECT_TRUE(watched.look(direction::read).maybe_ready);
}

TEST(readiness, an_edge_between_the_try_and_drained_is_not_lost) {
  run(with_loops(1), [] {
    const pipe_pair pipe;
    readiness watched(pipe.reader());
    EXPECT_EQ(watched.look(direction::read).maybe_ready, true) << "worth a try at first";
    watched.drained(direction::read, watched.look(direction::read));
    auto reader = spawn([&] { return watched.wait(direction::read); });
    test::let_all_run();
    pipe.put();
    EXPECT_EQ(reader.join(), wake_reason::event);
    const readiness::view seen = watched.look(direction::read);
    EXPECT_TRUE(pipe.get());
    EXPECT_FALSE(pipe.get());
    pipe.put();  // the edge that comes after the empty read and before drained()
    this_fiber::sleep_for(2ms);
    test::let_all_run();
    watched.drained(direction::read, seen);
    EXPECT_EQ(watched.wait(direction::read, clock::now() + 10s), wake_reason::event);
    EXPECT_TRUE(pipe.get());
  });
}

TEST(readiness, a_hang_up_stays_seen) {
  run(with_loops(1), [] {
    pipe_pair pipe;
    readiness watched(pipe.reader());
    watched.drained(direction::read, watched.look(direction::read));
    auto reader = spawn([&] { return watched.wait(direction::read); });
    test::let_all_run();
    pipe.close_writer();
    EXPECT_EQ(reader.join(), wake_reason::event);
    const readiness::view seen = watched.look(direction::read);
    EXPECT_TRUE(seen.hung_up);
    watched.drained(direction::read, seen);
    EXPECT_EQ(watched.wait(direction::read), wake_reason::event) << "no further edge will come";
  });
}

TEST(readiness, a_hang_up_is_over_when_a_call_would_block) {
  run(with_loops(1), [] {
    pipe_pair pipe;
    readiness watched(pipe.reader());
    watched.drained(direction::read, watched.look(direction::read));
    auto reader = spawn([&] { return watched.wait(direction::read); });
    test::let_all_run();
    pipe.close_writer();
    EXPECT_EQ(reader.join(), wake_reason::event);
    const readiness::view seen = watched.look(direction::read);
    EXPECT_TRUE(seen.hung_up);
    const std::string name = "/proc/self/fd/" + std::to_string(pipe.reader());
    const owned_fd another(::open(name.c_str(), O_WRONLY | O_NONBLOCK));
    ASSERT_TRUE(another);
    EXPECT_FALSE(pipe.get());
    watched.would_block(direction::read, seen);
    EXPECT_FALSE(watched.look(direction::read).hung_up);
    EXPECT_EQ(watched.wait(direction::read, clock::now() + 1ms), wake_reason::timeout);
    auto again = spawn([&] { return watched.wait(direction::read); });
    test::let_all_run();
    EXPECT_EQ(::write(another.get(), "x", 1), 1);
    EXPECT_EQ(again.join(), wake_reason::event);
    EXPECT_TRUE(pipe.get());
  });
}

TEST(readiness, that_would_block_is_not_so_after_another_edge) {
  run(with_loops(1), [] {
    pipe_pair pipe;
    readiness watched(pipe.reader());
    watched.drained(direction::read, watched.look(direction::read));
    auto reader = spawn([&] { return watched.wait(direction::read); });
    test::let_all_run();
    pipe.put();
    EXPECT_EQ(reader.join(), wake_reason::event);
    const readiness::view seen = watched.look(direction::read);
    EXPECT_TRUE(pipe.get());
    EXPECT_FALSE(pipe.get());
    pipe.close_writer();  // after the call that would have blocked, and before it is told
    this_fiber::sleep_for(2ms);
    test::let_all_run();
    watched.would_block(direction::read, seen);
    EXPECT_TRUE(watched.look(direction::read).hung_up);
    EXPECT_EQ(watched.wait(direction::read, clock::now() + 10s), wake_reason::event);
  });
}

TEST(readiness, a_cancelled_or_late_wait_leaves_nothing_behind) {
  run(with_loops(2), [] {
    const pipe_pair pipe;
    readiness watched(pipe.reader());
    watched.drained(direction::read, watched.look(direction::read));
    auto reader = spawn([&] { watched.wait(direction::read); });
    this_fiber::yield();
    reader.cancel();
    EXPECT_THROW(reader.join(), task_cancelled);
    EXPECT_EQ(watched.wait(direction::read, clock::now() + 1ms), wake_reason::timeout);
    pipe.put();
    EXPECT_EQ(watched.wait(direction::read, clock::now() + 10s), wake_reason::event);
  });
}

TEST(readiness, a_reused_descriptor_number_is_a_new_descriptor) {
  run(with_loops(2), [] {
    const std::size_t before = test::process_counts::now().descriptors;
    int number = -1;
    int reused = 0;
    for (int round = 0; round < test::rounds(3'000); ++round) {
      pipe_pair pipe;
      reused += std::exchange(number, pipe.reader()) == pipe.reader() ? 1 : 0;
      readiness watched(pipe.reader());
      watched.drained(direction::read, watched.look(direction::read));
      auto reader = spawn([&] { return watched.wait(direction::read); });
      if (round % 3 != 0) this_fiber::yield();
      if (round % 2 == 0) pipe.put();
      if (round % 2 != 0) watched.close();
      EXPECT_EQ(reader.join(), round % 2 == 0 ? wake_reason::event : wake_reason::closed);
    }
    EXPECT_GT(reused, 0) << "the case shows nothing";
    EXPECT_LE(test::process_counts::now().descriptors, before);
  });
}

TEST(readiness, close_races_with_waits_and_events) {
  run(with_loops(2), [] {
    for (int round = 0; round < test::rounds(5'000); ++round) {
      const pipe_pair pipe;
      readiness watched(pipe.reader());
      watched.drained(direction::read, watched.look(direction::read));
      auto reader = spawn([&] { return watched.wait(direction::read); });
      auto closer = spawn([&] { watched.close(); });
      pipe.put();
      const wake_reason why = reader.join();
      EXPECT_TRUE(why == wake_reason::event || why == wake_reason::closed);
      closer.join();
    }
  });
}

TEST(readiness, may_be_destroyed_right_after_its_wait) {
  run(with_loops(2), [] {
    for (int round = 0; round < test::rounds(5'000); ++round) {
      const pipe_pair pipe;
      auto reader = spawn([&] {
        auto watched = std::make_unique<readiness>(pipe.reader());
        watched->drained(direction::read, watched->look(direction::read));
        return watched->wait(direction::read);
      });
      pipe.put();
      EXPECT_EQ(reader.join(), wake_reason::event);
    }
  });
}

TEST(readiness, moves_to_another_runtime_when_its_first_has_ended) {
  const pipe_pair pipe;
  readiness watched(pipe.reader());
  for (int n = 0; n < 5; ++n) {
    run(with_loops(1), [&] {
      watched.drained(direction::read, watched.look(direction::read));
      EXPECT_EQ(watched.wait(direction::read, clock::now() + 1ms), wake_reason::timeout);
    });
  }
  pipe.put();
  run(with_loops(2), [&] {
    watched.drained(direction::read, watched.look(direction::read));
    EXPECT_EQ(watched.wait(direction::read, clock::now() + 10s), wake_reason::event);
  });
}

TEST(readiness, a_wait_goes_on_when_the_runtime_that_watched_for_it_ends) {
  const pipe_pair pipe;
  readiness watched(pipe.reader());
  watched.drained(direction::read, watched.look(direction::read));
  runtime second(with_loops(1));
  task<void> reader;
  run(with_loops(1), [&] {
    EXPECT_EQ(watched.wait(direction::read, clock::now() + 1ms), wake_reason::timeout);
    std::atomic<bool> waits{false};
    reader = second.spawn([&] {
      waits = true;
      while (!pipe.get()) watched.wait(direction::read);
    });
    test::yield_until([&] { return waits.load(); });
    this_fiber::sleep_for(
        5ms);  // let it get into the wait; if it has not, the case is the one above
  });
  pipe.put();
  EXPECT_TRUE(test::eventually([&] { return reader.done(); }))
      << "the loop that watched for it has ended, and nobody took over";
  reader.cancel();
  try {
    reader.join();
  } catch (const task_cancelled&) {
  }
}

TEST(readiness, every_fiber_of_a_hundred_hears_of_its_own_pipe) {
  run(with_loops(2), [] {
    std::vector<std::unique_ptr<pipe_pair>> pipes;
    std::vector<task<void>> readers;
    std::atomic<int> heard{0};
    for (int n = 0; n < 100; ++n) {
      const pipe_pair& mine = *pipes.emplace_back(std::make_unique<pipe_pair>());
      readers.push_back(spawn([&heard, &mine] {
        readiness watched(mine.reader());
        for (int round = 0; round < 20; ++round) {
          EXPECT_EQ(read_one(watched, mine.reader()), wake_reason::event);
          ++heard;
        }
      }));
    }
    for (int round = 0; round < 20; ++round) {
      for (const auto& each : pipes) each->put();
      this_fiber::yield();
    }
    for (auto& each : readers) each.join();
    EXPECT_EQ(heard, 2000);
  });
}

TEST(readiness, signals_that_interrupt_the_loops_lose_no_event) {
  struct sigaction ignore {};
  struct sigaction before {};
  ignore.sa_handler = [](int) {};
  ::sigaction(SIGPROF, &ignore, &before);
  itimerval storm{};
  storm.it_interval.tv_usec = 200;
  storm.it_value.tv_usec = 200;
  ::setitimer(ITIMER_PROF, &storm, nullptr);
  run(with_loops(2), [] {
    const pipe_pair there;
    const pipe_pair back;
    auto echo = spawn([&] {
      readiness watched(there.reader());
      for (int n = 0; n < test::rounds(5'000); ++n) {
        ASSERT_EQ(read_one(watched, there.reader()), wake_reason::event);
        back.put();
      }
    });
    readiness watched(back.reader());
    for (int n = 0; n < test::rounds(5'000); ++n) {
      there.put();
      ASSERT_EQ(read_one(watched, back.reader()), wake_reason::event);
      if (n % 100 == 0) this_fiber::sleep_for(100us);
    }
    echo.join();
  });
  const itimerval off{};
  ::setitimer(ITIMER_PROF, &off, nullptr);
  ::sigaction(SIGPROF, &before, nullptr);
}

}  // namespace
}  // namespace heddle
