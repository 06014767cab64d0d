// SPDX-License-Identifier: MIT
// Pipes between fibers, threads and descriptors from elsewhere.
#include <heddle/io/pipe.hpp>
#include <heddle/runtime.hpp>

#include "io/shared_names.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <string>
#include <thread>

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

namespace heddle::io {
namespace {

std::string read_all(pipe_reader& from) {
  std::string all;
  std::string piece(65536, '\0');
  while (const std::size_t more = from.read_some(room_in(piece))) all.append(piece, 0, more);
  return all;
}

TEST(pipe, carries_bytes_and_ends_when_the_writer_is_closed) {
  heddle::run(test::with_loops(2), [] {
    auto [reader, writer] = make_pipe();
    auto got = spawn([&reader = reader] { return read_all(reader); });
    const std::string much(1 << 20, 'x');  // more than a pipe holds
    writer.write_all(bytes(much));
    writer.write_all(bytes("end"));
    writer.close();
    EXPECT_EQ(got.join(), much + "end");
  });
}

TEST(pipe, works_between_plain_threads) {
  auto [reader, writer] = make_pipe();
  std::thread other([&writer = writer] {
    writer.write_all(bytes(std::string(200'000, 'y')));
    writer.close();
  });
  EXPECT_EQ(read_all(reader).size(), 200'000U);
  other.join();
}

TEST(pipe, a_write_that_nobody_can_read_is_an_error_and_no_signal) {
  std::signal(SIGPIPE, SIG_DFL);
  const auto write = [] {
    auto [reader, writer] = make_pipe();
    reader.close();
    std::error_code error;
    EXPECT_EQ(writer.write_some(bytes("x"), error), 0U);
    EXPECT_EQ(error, std::errc::broken_pipe);
    try {
      writer.write_all(bytes("x"));
      FAIL() << "it was written";
    } catch (const io_error& failed) {
      EXPECT_THAT(failed.what(), HasSubstr("write to a pipe: "));
      EXPECT_EQ(failed.where(), endpoint());
    }
  };
  write();
  sigset_t pending;
  ::sigpending(&pending);
  EXPECT_EQ(::sigismember(&pending, SIGPIPE), 0);
  heddle::run(test::with_loops(1), write);
  std::thread(write).join();
}

TEST(pipe, a_signal_that_was_blocked_stays_blocked) {
  std::thread([] {
    sigset_t blocked;
    ::sigemptyset(&blocked);
    ::sigaddset(&blocked, SIGPIPE);
    ::pthread_sigmask(SIG_BLOCK, &blocked, nullptr);
    auto [reader, writer] = make_pipe();
    reader.close();
    std::error_code error;
    writer.write_some(bytes("x"), error);
    sigset_t now;
    ::pthread_sigmask(SIG_SETMASK, nullptr, &now);
    EXPECT_EQ(::sigismember(&now, SIGPIPE), 1);
  }).join();
}

TEST(pipe, closing_ends_a_call_under_way) {
  heddle::run(test::with_loops(2), [] {
    auto [reader, writer] = make_pipe();
    std::error_code error;
    auto waits = spawn([&, &reader = reader] {
      std::string piece(10, '\0');
      reader.read_some(room_in(piece), error);
    });
    this_fiber::sleep_for(1ms);
    reader.close();
    waits.join();
    EXPECT_EQ(error, std::errc::operation_canceled);
    std::string piece(10, '\0');
    reader.read_some(room_in(piece), error);
    EXPECT_EQ(error, std::errc::bad_file_descriptor);
    EXPECT_FALSE(reader.is_open());
    EXPECT_EQ(reader.native_handle(), -1);
  });
}

TEST(pipe, a_read_that_was_cancelled_takes_nothing) {
  heddle::run(test::with_loops(1), [] {
    auto [reader, writer] = make_pipe();
    std::string piece(10, '\0');
    EXPECT_FALSE(move_on_after(1ms, [&, &reader = reader] { reader.read_some(room_in(piece)); }));
    writer.write_all(bytes("later"));
    EXPECT_EQ(reader.read_some(room_in(piece)), 5U);
  });
}

TEST(pipe, a_writer_that_was_cancelled_while_the_pipe_is_full_wrote_nothing_more) {
  heddle::run(test::with_loops(1), [] {
    auto [reader, writer] = make_pipe();
    std::size_t written = 0;
    const std::string page(4096, 'p');
    while (move_on_after(5ms, [&, &writer = writer] { written += writer.write_some(bytes(page)); }))
      continue;
    EXPECT_GT(written, 0U);
    writer.close();
    EXPECT_EQ(read_all(reader).size(), written);
  });
}

TEST(pipe, takes_over_a_fifo_and_closes_it) {
  heddle::run(test::with_loops(1), [] {
    const std::string path = ::testing::TempDir() + "heddle_fifo_" + std::to_string(::getpid());
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    const int both = ::open(path.c_str(), O_RDWR);  // blocking, without close-on-exec
    ASSERT_GE(both, 0);
    {
      pipe_reader reader = pipe_reader::adopt(both);
      EXPECT_NE(::fcntl(both, F_GETFL) & O_NONBLOCK, 0);
      EXPECT_NE(::fcntl(both, F_GETFD) & FD_CLOEXEC, 0);
      ASSERT_EQ(::write(both, "fifo", 4), 4);
      std::string piece(4, '\0');
      reader.read_exactly(room_in(piece));
      EXPECT_EQ(piece, "fifo");
    }
    EXPECT_EQ(::fcntl(both, F_GETFD), -1);
    ::unlink(path.c_str());
  });
}

TEST(pipe, of_a_fifo_goes_on_with_the_next_writer) {
  heddle::run(test::with_loops(1), [] {
    const std::string path = ::testing::TempDir() + "heddle_fifos_" + std::to_string(::getpid());
    ASSERT_EQ(::mkfifo(path.c_str(), 0600), 0);
    const auto end_of = [&](int mode) { return ::open(path.c_str(), mode | O_NONBLOCK); };
    pipe_reader reader = pipe_reader::adopt(end_of(O_RDONLY));
    pipe_writer first = pipe_writer::adopt(end_of(O_WRONLY));
    auto ended = spawn([&] { return read_all(reader); });
    test::let_all_run();
    first.close();
    EXPECT_EQ(ended.join(), "");
    pipe_writer second = pipe_writer::adopt(end_of(O_WRONLY));
    EXPECT_FALSE(move_on_after(1ms, [&] { read_all(reader); })) << "it has a writer again";
    auto got = spawn([&] { return read_all(reader); });
    test::let_all_run();
    second.write_all(bytes("more"));
    second.close();
    EXPECT_EQ(got.join(), "more");
    ::unlink(path.c_str());
  });
}

TEST(pipe, says_that_a_descriptor_is_none) {
  try {
    const pipe_reader reader = pipe_reader::adopt(1'000'000);
    FAIL() << "no descriptor has that number";
  } catch (const io_error& failed) {
    EXPECT_EQ(failed.code(), std::errc::bad_file_descriptor);
    EXPECT_THAT(failed.what(), HasSubstr("take over a pipe: "));
  }
  pipe_writer nothing;
  std::error_code error;
  nothing.write_some(bytes("x"), error);
  EXPECT_EQ(error, std::errc::bad_file_descriptor);
}

}  // namespace
}  // namespace heddle::io
