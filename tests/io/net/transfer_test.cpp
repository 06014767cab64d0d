// SPDX-License-Identifier: MIT
// When a direction counts as drained: a wrong yes loses an edge and hangs, a wrong no costs a
// system call. Looks inside, at what the readiness of the socket says after a call.
#include "net/transfer.hpp"

#include <heddle/runtime/owned_fd.hpp>
#include "io/net/sockets.hpp"
#include "net/socket.hpp"

#include <gtest/gtest.h>

#include <string>

#include <sys/socket.h>

namespace heddle::io::detail {
namespace {

using direction = readiness::direction;

/// A connected pair of which one side is driven through the functions under test.
struct half_open_box {
  explicit half_open_box(bool tcp) {
    if (tcp) {
      auto both = test::connected_pair();
      other = std::move(both.far);
      const endpoint peer = both.near.peer_endpoint();
      under_test = new socket(owned_fd(::dup(both.near.native_handle())), peer);
    } else {
      auto both = test::connected_pair("unix:@heddle_transfer_test");
      other = std::move(both.far);
      under_test = new socket(owned_fd(::dup(both.near.native_handle())), "unix:peer");
    }
  }
  ~half_open_box() {
    under_test->close(ending::graceful);
    under_test->drop();
  }
  half_open_box(const half_open_box&) = delete;
  half_open_box& operator=(const half_open_box&) = delete;

  std::string read(std::size_t most) {
    std::string got(most, '\0');
    std::error_code error;
    got.resize(read_some(socket_use(under_test), test::room_in(got), error));
    EXPECT_FALSE(error) << error;
    return got;
  }
  bool ready(direction which) { return under_test->watched().look(which).maybe_ready; }

  tcp_stream other;
  socket* under_test = nullptr;
};

TEST(transfer, short_read_of_tcp_drains_and_a_full_one_does_not) {
  heddle::run(test::with_loops(1), [] {
    half_open_box box(true);
    box.other.write_all(test::bytes("12345"));
    EXPECT_EQ(box.read(3), "123");
    EXPECT_TRUE(box.ready(direction::read));
    EXPECT_EQ(box.read(3), "45");
    EXPECT_FALSE(box.ready(direction::read));
    box.other.write_all(test::bytes("6"));
    EXPECT_EQ(box.read(3), "6");
  });
}

TEST(transfer, short_read_of_a_unix_socket_does_not_drain) {
  heddle::run(test::with_loops(1), [] {
    half_open_box box(false);
    box.other.write_all(test::bytes("12"));
    EXPECT_EQ(box.read(3), "12");
    EXPECT_TRUE(box.ready(direction::read));
  });
}

TEST(transfer, reads_on_behind_descriptors_that_a_peer_passed) {
  heddle::run(test::with_loops(1), [] {
    half_open_box box(false);
    // One message with a descriptor, one without: a read ends between them.
    const int passed = box.other.native_handle();
    alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))]{};
    char first[] = "with";
    iovec data{first, 4};
    msghdr message{};
    message.msg_iov = &data;
    message.msg_iovlen = 1;
    message.msg_control = control;
    message.msg_controllen = sizeof control;
    cmsghdr* const header = CMSG_FIRSTHDR(&message);
    header->cmsg_level = SOL_SOCKET;
    header->cmsg_type = SCM_RIGHTS;
    header->cmsg_len = CMSG_LEN(sizeof(int));
    *reinterpret_cast<int*>(CMSG_DATA(header)) = passed;
    ASSERT_EQ(::sendmsg(passed, &message, 0), 4);
    box.other.write_all(test::bytes("without"));
    EXPECT_EQ(box.read(100), "with");
    EXPECT_EQ(box.read(100), "without");
  });
}

TEST(transfer, a_peer_that_hung_up_is_read_to_the_end) {
  heddle::run(test::with_loops(1), [] {
    half_open_box box(true);
    task<std::string> reader = spawn([&box] { return box.read(3); });
    test::let_all_run();
    box.other.write_all(test::bytes("12345678"));
    box.other.shutdown_write();
    // The one edge carries bytes and the end; nothing more will be heard of either.
    EXPECT_EQ(reader.join(), "123");
    EXPECT_EQ(box.read(100), "45678");
    EXPECT_EQ(box.read(100), "");
    EXPECT_EQ(box.read(100), "");
  });
}

TEST(transfer, finds_a_socket_closed_by_others_and_not_ended_by_the_peer) {
  heddle::run(test::with_loops(1), [] {
    for (const bool tcp : {true, false}) {
      half_open_box box(tcp);
      box.other.write_all(test::bytes("arrived before"));
      // Between entering and the system call somebody closes.
      const socket_use use(box.under_test);
      box.under_test->close(ending::graceful);
      std::string got(100, '\0');
      std::error_code error;
      got.resize(read_some(use, test::room_in(got), error));
      EXPECT_EQ(got, "arrived before");
      EXPECT_FALSE(error);
      std::string more(100, '\0');
      EXPECT_EQ(read_some(use, test::room_in(more), error), 0U);
      EXPECT_EQ(error, std::errc::operation_canceled);
      EXPECT_EQ(write_some(use, test::bytes("x"), error), 0U);
      EXPECT_EQ(error, std::errc::operation_canceled);
    }
  });
}

TEST(transfer, short_write_drains) {
  heddle::run(test::with_loops(1), [] {
    half_open_box box(true);
    const std::string huge(64 << 20, 'x');
    std::error_code error;
    const std::size_t written = write_some(socket_use(box.under_test), test::bytes(huge), error);
    EXPECT_FALSE(error);
    EXPECT_LT(written, huge.size());
    EXPECT_FALSE(box.ready(direction::write));
  });
}

}  // namespace
}  // namespace heddle::io::detail
