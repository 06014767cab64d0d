// SPDX-License-Identifier: MIT
// Files by the blocking pool: modes, positions, errors that name the path, cancellation.
#include <heddle/io/buffered_reader.hpp>
#include <heddle/io/copy.hpp>
#include <heddle/io/file.hpp>
#include <heddle/runtime.hpp>

#include "io/shared_names.hpp"
#include "io/stream/pieces.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>
#include <filesystem>
#include <limits>
#include <string>

#include <fcntl.h>
#include <unistd.h>

namespace heddle::io {
namespace {

class file_test : public ::testing::Test {
 protected:
  ~file_test() override { std::filesystem::remove(path_); }
  const std::string path_ = ::testing::TempDir() + "heddle_file_" + std::to_string(::getpid());
};

template <class F>
void in_a_fiber(F body) {
  heddle::run(test::with_loops(1), body);
}

TEST_F(file_test, reads_back_what_was_written) {
  in_a_fiber([&] {
    write_file(path_, "one\ntwo\n");
    EXPECT_EQ(read_file(path_, 100), "one\ntwo\n");
    file again = file::open(path_);
    EXPECT_EQ(again.size(), 8U);
    buffered_reader lines(again);
    EXPECT_EQ(lines.read_line(), "one");
    EXPECT_EQ(lines.read_line(), "two");
    EXPECT_EQ(lines.read_line(), std::nullopt);
  });
}

TEST_F(file_test, works_on_a_plain_thread) {
  write_file(path_, "thread");
  EXPECT_EQ(read_file(path_, 100), "thread");
}

TEST_F(file_test, modes_say_what_becomes_of_a_file) {
  in_a_fiber([&] {
    EXPECT_THROW(static_cast<void>(file::open(path_, open_mode::modify)), io_error);
    file::open(path_, open_mode::make).write_all(bytes("0123"));
    EXPECT_THROW(static_cast<void>(file::open(path_, open_mode::make)), io_error);
    file::open(path_, open_mode::append).write_all(bytes("45"));
    EXPECT_EQ(read_file(path_, 100), "012345");
    file both = file::open(path_, open_mode::modify);
    EXPECT_EQ(both.write_at(1, bytes("xy")), 2U);
    std::string four(4, '\0');
    EXPECT_EQ(both.read_at(0, room_in(four)), 4U);
    EXPECT_EQ(four, "0xy3");
    both.seek(4);
    EXPECT_EQ(both.read_some(room_in(four)), 2U);
    EXPECT_EQ(four.substr(0, 2), "45");
    EXPECT_EQ(both.read_some(room_in(four)), 0U);
    both.resize(2);
    both.sync();
    EXPECT_EQ(both.size(), 2U);
    both.close();
    EXPECT_EQ(read_file(path_, 100), "0x");
    file::open(path_, open_mode::write).close();
    EXPECT_EQ(read_file(path_, 100), "");
  });
}

TEST_F(file_test, errors_name_the_path) {
  in_a_fiber([&] {
    try {
      static_cast<void>(file::open("/nowhere/at/all"));
      FAIL() << "it is not there";
    } catch (const io_error& missing) {
      EXPECT_EQ(missing.code(), std::errc::no_such_file_or_directory);
      EXPECT_THAT(missing.what(), HasSubstr("open /nowhere/at/all: "));
    }
    file closed = file::open("/dev/null");
    closed.close();
    closed.close();
    EXPECT_FALSE(closed.is_open());
    std::error_code error;
    std::string text(1, '\0');
    closed.read_some(room_in(text), error);
    EXPECT_EQ(error, std::errc::bad_file_descriptor);
    EXPECT_THROW(static_cast<void>(closed.size()), io_error);
    file full = file::open("/dev/full", open_mode::append);
    try {
      full.write_all(bytes("x"));
      FAIL() << "it was written";
    } catch (const io_error& refused) {
      EXPECT_EQ(refused.code(), std::errc::no_space_on_device);
      EXPECT_THAT(refused.what(), HasSubstr("write to /dev/full: "));
    }
    file read_only = file::open("/dev/null");
    EXPECT_THROW(read_only.write_at(0, bytes("x")), io_error);
  });
}

TEST_F(file_test, read_file_takes_no_more_than_it_may) {
  in_a_fiber([&] {
    write_file(path_, std::string(100'000, 'x'));
    EXPECT_EQ(read_file(path_, 100'000).size(), 100'000U);
    try {
      static_cast<void>(read_file(path_, 99'999));
      FAIL() << "it is longer";
    } catch (const io_error& refused) {
      EXPECT_EQ(refused.code(), io_errc::too_much);
    }
    EXPECT_THAT(read_file("/proc/self/status", 1 << 20), HasSubstr("Pid:"));  // says it has none
    EXPECT_THROW(static_cast<void>(read_file("/dev/zero", 1000)), io_error);
    write_file(path_, "");
    EXPECT_EQ(read_file(path_, 0), "");
  });
}

TEST_F(file_test, a_cancelled_call_has_no_effect) {
  in_a_fiber([&] {
    write_file(path_, "before");
    cancel_scope over;
    over.run([&] {
      file open = file::open(path_, open_mode::modify);
      over.cancel();
      EXPECT_THROW(open.write_at(0, bytes("AFTER!")), cancelled);
      EXPECT_THROW(open.resize(0), cancelled);
      std::error_code error;
      EXPECT_THROW(open.write_some(bytes("AFTER!"), error), cancelled);
      open.close();
      EXPECT_FALSE(open.is_open());
    });
    EXPECT_EQ(read_file(path_, 100), "before");
  });
}

TEST_F(file_test, leaves_no_descriptor_and_gives_children_none) {
  in_a_fiber([&] {
    write_file(path_, "x");
    const auto before = test::open_descriptors().size();
    {
      const file open = file::open(path_);
      EXPECT_NE(::fcntl(open.native_handle(), F_GETFD) & FD_CLOEXEC, 0);
      EXPECT_EQ(test::open_descriptors().size(), before + 1);
    }
    EXPECT_EQ(test::open_descriptors().size(), before);
  });
}

TEST_F(file_test, positions_that_cannot_be_are_errors) {
  in_a_fiber([&] {
    file open = file::open(path_, open_mode::make);
    EXPECT_THROW(open.seek(std::numeric_limits<std::uint64_t>::max()), io_error);
    EXPECT_THROW(open.resize(std::numeric_limits<std::uint64_t>::max()), io_error);
    std::string text(1, '\0');
    EXPECT_THROW(open.read_at(std::numeric_limits<std::uint64_t>::max(), room_in(text)), io_error);
  });
}

TEST_F(file_test, is_copied_to_a_socket) {
  in_a_fiber([&] {
    write_file(path_, std::string(300'000, 'f'));
    auto both = test::connected_pair();
    auto reader = spawn([&] { return test::read_all(both.far).size(); });
    file from = file::open(path_);
    EXPECT_EQ(copy(from, both.near), 300'000U);
    both.near.close();
    EXPECT_EQ(reader.join(), 300'000U);
  });
}

}  // namespace
}  // namespace heddle::io
