// SPDX-License-Identifier: MIT
// What io does with the kernel's own descriptors, in simulations too: pipes, datagrams, UNIX
// sockets, files, signals; and the buffers over them.
#include <heddle/io/buffered_reader.hpp>
#include <heddle/io/buffered_writer.hpp>
#include <heddle/io/copy.hpp>
#include <heddle/io/file.hpp>
#include <heddle/io/pipe.hpp>
#include <heddle/io/signal_set.hpp>
#include <heddle/io/udp.hpp>
#include <heddle/io/unix.hpp>
#include <heddle/runtime.hpp>

#include "testing/scenarios/scenario.hpp"

#include <array>
#include <csignal>
#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

#include <unistd.h>

namespace heddle::test {

namespace {

std::span<const std::byte> bytes_of(std::string_view text) {
  return std::as_bytes(std::span(text));
}

struct full_pipe {
  static constexpr std::size_t length = 200'000;  // more than a pipe holds
  std::size_t arrived = 0;
  bool ended = false;
  void program() {
    io::pipe_ends ends = io::make_pipe();
    task_group both;
    both.spawn([&writer = ends.writer] {
      std::error_code error;  // a reader that is cancelled is gone
      writer.write_all(bytes_of(std::string(length, 'x')), error);
      writer.close();
    });
    both.run([&] {
      std::array<std::byte, 5000> piece;
      while (const std::size_t bytes = ends.reader.read_some(piece)) arrived += bytes;
      ends.reader.close();
      ended = true;
    });
  }
  void after() const {
    if (ended && arrived > length) account("bytes", length, static_cast<long long>(arrived));
  }
};

struct lines_over_a_pipe {
  int lines = 0;
  bool ended = false;
  void program() {
    io::pipe_ends ends = io::make_pipe();
    task_group both;
    both.spawn([&] {
      std::error_code error;
      io::buffered_writer out(ends.writer, {.buffer_bytes = 64});
      for (int n = 0; n < 20 && !error; ++n) out.write("a line of some length\n", error);
      out.flush(error);
      ends.writer.close();
    });
    both.run([&] {
      io::buffered_reader in(ends.reader, {.piece_bytes = 7});
      while (const auto line = in.read_line()) {
        if (*line != "a line of some length")
          throw lost("a line came in pieces: " + std::string(*line));
        ++lines;
      }
      ended = true;
    });
  }
  void after() const {
    if (lines > 20) account("lines", 20, lines);
  }
};

struct datagrams {
  int echoed = 0;
  void program() {
    io::udp_socket server = io::udp_socket::bind("127.0.0.1:0");
    io::udp_socket client = io::udp_socket::bind("127.0.0.1:0");
    client.connect(server.local_endpoint());
    task_group both;
    both.spawn([&server] {
      std::array<std::byte, 100> room;
      std::error_code error;
      for (;;) {
        const io::received got = server.receive(room, error);
        if (error) return;
        server.send_to(std::span(room).first(got.bytes), got.from, error);
      }
    });
    both.run([&] {
      std::array<std::byte, 100> room;
      for (; echoed < 3; ++echoed) {
        client.send(bytes_of("ping"));
        if (client.receive(room).bytes != 4) throw lost("the echo has another size");
      }
      server.close();
    });
  }
  void after() const {}
};

struct descriptors_on_the_way {
  void program() {
    auto ends = io::unix_stream::make_pair();
    io::pipe_ends given = io::make_pipe();
    task_group both;
    both.spawn([&] {
      const std::array numbers{given.writer.native_handle()};
      ends.first.send_descriptors(bytes_of("x"), numbers);
      given.writer.close();
    });
    both.run([&] {
      std::array<std::byte, 1> room;
      auto got = ends.second.receive_descriptors(room, 1);
      if (got.descriptors.empty()) return;
      io::pipe_writer there = io::pipe_writer::adopt(got.descriptors[0].release());
      there.write_all(bytes_of("y"));
      if (given.reader.read_some(room) != 1) throw lost("a byte");
    });
  }
  void after() const {}
};

struct files {
  const std::string path =
      (std::filesystem::temp_directory_path() / ("heddle_scenario_" + std::to_string(::getpid())))
          .string();
  void program() {
    io::write_file(path, "one\ntwo\n");
    io::file from = io::file::open(path);
    io::pipe_ends ends = io::make_pipe();
    if (io::copy(from, ends.writer) != 8) throw lost("bytes of a file");
    from.close();
    if (io::read_file(path, 100) != "one\ntwo\n") throw lost("what was written");
  }
  void after() const { std::filesystem::remove(path); }
};

struct signals {
  int seen = 0;
  void program() {
    io::signal_set wanted{SIGUSR2};
    task_group both;
    both.spawn([this, &wanted] {
      wanted.wait();
      ++seen;
    });
    both.run([] {
      this_fiber::yield();
      ::raise(SIGUSR2);
    });
    this_fiber::checkpoint();  // cancelled: it may have come too late
    account("signals", 1, seen);
  }
  void after() const {}
};

}  // namespace

std::vector<scenario> descriptor_scenarios() {
  return {
      scenario_of<full_pipe>("full_pipe"),
      scenario_of<lines_over_a_pipe>("lines_over_a_pipe"),
      scenario_of<datagrams>("datagrams"),
      scenario_of<descriptors_on_the_way>("descriptors_on_the_way"),
      scenario_of<files>("files"),
      scenario_of<signals>("signals"),
  };
}

}  // namespace heddle::test
