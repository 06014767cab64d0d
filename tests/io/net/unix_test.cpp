// SPDX-License-Identifier: MIT
// What only UNIX sockets do: descriptors on the way, credentials, messages between processes.
#include <heddle/io/pipe.hpp>
#include <heddle/io/unix.hpp>
#include <heddle/runtime.hpp>

#include "io/shared_names.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <stdexcept>
#include <string>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

namespace heddle::io {
namespace {

std::string path_for(const char* what) {
  return ::testing::TempDir() + "heddle_unix_" + what + std::to_string(::getpid());
}

std::string read_some_text(stream_socket& from) {
  std::string text(100, '\0');
  text.resize(from.read_some(room_in(text)));
  return text;
}

TEST(unix_stream, connects_through_a_listener) {
  heddle::run(test::with_loops(2), [] {
    const std::string path = path_for("listener");
    {
      unix_listener listener = unix_listener::bind("unix:" + path);
      auto client = spawn([&] {
        unix_stream stream = unix_stream::connect("unix:" + path);
        stream.write_all(bytes("hello"));
        return stream.credentials().process;
      });
      unix_stream accepted = listener.accept();
      EXPECT_EQ(read_some_text(accepted), "hello");
      EXPECT_EQ(client.join(), ::getpid());
      EXPECT_EQ(accepted.credentials().user, ::getuid());
      EXPECT_EQ(accepted.credentials().group, ::getgid());
    }
    EXPECT_NE(::access(path.c_str(), F_OK), 0);
  });
}

TEST(unix_stream, hands_descriptors_over_with_the_bytes) {
  heddle::run(test::with_loops(1), [] {
    auto [near, far] = unix_stream::make_pair();
    auto [reader, writer] = make_pipe();
    const std::array sent{reader.native_handle(), writer.native_handle()};
    EXPECT_EQ(near.send_descriptors(bytes("two"), sent), 3U);
    std::string text(100, '\0');
    auto got = far.receive_descriptors(room_in(text), 10);
    EXPECT_EQ(text.substr(0, got.bytes), "two");
    EXPECT_FALSE(got.lost_some);
    ASSERT_EQ(got.descriptors.size(), 2U);
    for (const owned_fd& each : got.descriptors) {
      EXPECT_NE(::fcntl(each.get(), F_GETFD) & FD_CLOEXEC, 0);
    }
    reader.close();
    writer.close();
    pipe_reader there = pipe_reader::adopt(got.descriptors[0].release());
    pipe_writer back = pipe_writer::adopt(got.descriptors[1].release());
    back.write_all(bytes("still open"));
    there.read_exactly(room_in(text).first(10));
    EXPECT_EQ(text.substr(0, 10), "still open");
  });
}

TEST(unix_stream, descriptors_that_find_no_room_are_closed_and_missed) {
  heddle::run(test::with_loops(1), [] {
    const auto before = test::open_descriptors().size();
    {
      auto [near, far] = unix_stream::make_pair();
      const std::vector<int> many(20, near.native_handle());
      near.send_descriptors(bytes("x"), many);
      std::string text(100, '\0');
      const auto got = far.receive_descriptors(room_in(text), 3);
      EXPECT_EQ(got.descriptors.size(), 3U);
      EXPECT_TRUE(got.lost_some);
      near.send_descriptors(bytes("y"), many);
      EXPECT_EQ(read_some_text(far), "y");
    }
    EXPECT_EQ(test::open_descriptors().size(), before);
  });
}

TEST(unix_stream, as_many_descriptors_as_the_kernel_takes_pass_and_no_more) {
  heddle::run(test::with_loops(1), [] {
    auto [near, far] = unix_stream::make_pair();
    const std::vector<int> most(unix_stream::most_descriptors, near.native_handle());
    near.send_descriptors(bytes("x"), most);
    std::string text(1, '\0');
    EXPECT_EQ(far.receive_descriptors(room_in(text), most.size()).descriptors.size(), most.size());
    std::vector<int> more(most);
    more.push_back(near.native_handle());
    try {
      near.send_descriptors(bytes("x"), more);
      FAIL() << "254 descriptors were sent";
    } catch (const std::invalid_argument& refused) {
      EXPECT_THAT(refused.what(), HasSubstr("254 descriptors"));
    }
    EXPECT_THROW(near.send_descriptors({}, most), std::invalid_argument);
  });
}

TEST(unix_stream, a_receive_of_descriptors_that_was_cancelled_loses_none) {
  heddle::run(test::with_loops(1), [] {
    auto [near, far] = unix_stream::make_pair();
    std::string text(10, '\0');
    EXPECT_FALSE(move_on_after(
        1ms, [&, &far = far] { static_cast<void>(far.receive_descriptors(room_in(text), 1)); }));
    const std::array sent{near.native_handle()};
    near.send_descriptors(bytes("x"), sent);
    EXPECT_EQ(far.receive_descriptors(room_in(text), 1).descriptors.size(), 1U);
  });
}

TEST(unix_stream, is_not_made_of_what_is_none) {
  heddle::run(test::with_loops(1), [] {
    auto both = test::connected_pair();
    EXPECT_THROW(unix_stream(std::move(both.near)), std::invalid_argument);
    EXPECT_TRUE(both.near.is_open());
    EXPECT_THROW(static_cast<void>(unix_stream::connect("127.0.0.1:1")), std::invalid_argument);
    EXPECT_THROW(static_cast<void>(unix_listener::bind("127.0.0.1:0")), std::invalid_argument);
    EXPECT_THROW(static_cast<void>(unix_datagram::bind("127.0.0.1:0")), std::invalid_argument);
    const unix_stream nothing;
    EXPECT_THROW(static_cast<void>(nothing.credentials()), io_error);
  });
}

TEST(unix_datagram, carries_messages_between_named_and_nameless_sockets) {
  heddle::run(test::with_loops(2), [] {
    const std::string path = path_for("datagram");
    unix_datagram server = unix_datagram::bind("unix:" + path);
    unix_datagram client = unix_datagram::open();
    client.send_to(bytes("one"), "unix:" + path);
    client.connect("unix:" + path);
    client.send(bytes("two"));
    std::string text(100, '\0');
    const received first = server.receive(room_in(text));
    EXPECT_EQ(text.substr(0, first.bytes), "one");
    EXPECT_EQ(first.from.path(), "");
    EXPECT_EQ(server.receive(room_in(text)).bytes, 3U);
    ::unlink(path.c_str());
  });
}

TEST(unix_datagram, a_sender_waits_for_a_slow_receiver) {
  heddle::run(test::with_loops(1), [] {
    auto [near, far] = unix_datagram::make_pair();
    int sent = 0;
    while (move_on_after(5ms, [&, &near = near] { near.send(bytes("message")); })) ++sent;
    EXPECT_GT(sent, 0);
    auto waits = spawn([&near = near] { near.send(bytes("last")); });
    std::string text(100, '\0');
    for (int n = 0; n < sent; ++n) EXPECT_EQ(far.receive(room_in(text)).bytes, 7U);
    EXPECT_EQ(far.receive(room_in(text)).bytes, 4U);
    waits.join();
  });
}

}  // namespace
}  // namespace heddle::io
