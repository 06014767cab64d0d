// SPDX-License-Identifier: MIT
// Peers that say nothing or read nothing, over a simulated network: who gives up, and when.
#include <heddle/io/tcp.hpp>
#include <heddle/runtime.hpp>
#include <heddle/testing/simulation.hpp>

#include "testing/simulated_hosts.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <system_error>
#include <utility>

namespace {

using namespace std::chrono_literals;
using heddle::io::tcp_stream;
using heddle::test::at;
using heddle::test::bytes;
using heddle::test::converse;
using heddle::test::echo;
using heddle::test::read_all;
using heddle::test::read_error;
using heddle::test::read_exactly;
using heddle::test::sent_by;
using heddle::test::since;
using heddle::testing::simulation;
namespace this_fiber = heddle::this_fiber;

TEST(network_silence, an_idle_peer_that_crashed_is_given_up) {
  simulation sim(1);
  converse(
      sim, [](tcp_stream& stream) { read_error(stream); },
      [&](tcp_stream& stream) {
        sim.net().crash("server");
        const auto began = heddle::clock::now();
        EXPECT_EQ(read_error(stream), std::errc::timed_out);
        EXPECT_EQ(since(began), 120s);  // what stream_options say
      });
}

TEST(network_silence, an_idle_peer_behind_a_partition_is_given_up_at_both_ends) {
  simulation sim(1);
  converse(
      sim,
      [](tcp_stream& stream) {
        stream.set_give_up_after(20s);
        EXPECT_EQ(read_error(stream), std::errc::timed_out);
      },
      [&](tcp_stream& stream) {
        sim.net().part("main", "server");
        const auto began = heddle::clock::now();
        this_fiber::sleep_for(1s);
        stream.set_give_up_after(10s);  // it counts from when the peer fell silent
        EXPECT_EQ(read_error(stream), std::errc::timed_out);
        EXPECT_EQ(since(began), 10s);
      });
  EXPECT_GE(sim.elapsed(), 20s);
}

TEST(network_silence, who_never_gives_up_waits_for_a_peer_that_crashed) {
  simulation sim(1);
  EXPECT_THROW(converse(
                   sim, [](tcp_stream& stream) { read_error(stream); },
                   [&](tcp_stream& stream) {
                     stream.set_give_up_after(0s);
                     sim.net().crash("server");
                     read_error(stream);
                   }),
               heddle::testing::deadlock);
}

TEST(network_silence, what_is_sent_into_the_silence_is_waited_for_from_then) {
  simulation sim(1);
  converse(
      sim, [](tcp_stream& stream) { read_error(stream); },
      [&](tcp_stream& stream) {
        stream.set_give_up_after(10s);
        sim.net().part("main", "server");
        this_fiber::sleep_for(4s);
        const auto began = heddle::clock::now();
        stream.write_all(bytes("hello?"));
        this_fiber::sleep_for(4s);
        stream.write_all(bytes("hello?"));
        EXPECT_EQ(read_error(stream), std::errc::timed_out);
        EXPECT_EQ(since(began), 10s);
      });
}

TEST(network_silence, an_idle_stream_learns_of_a_restart_from_its_next_probe) {
  simulation sim(1);
  converse(
      sim, [](tcp_stream& stream) { read_error(stream); },
      [&](tcp_stream& stream) {
        stream.set_give_up_after(60s);  // probes after 30 s, then each 5 s
        sim.net().crash("server");
        const auto began = heddle::clock::now();
        this_fiber::sleep_for(37s);
        sim.net().restart("server");
        EXPECT_EQ(read_error(stream), std::errc::connection_reset);
        EXPECT_EQ(since(began), 40s);
      });
}

TEST(network_silence, what_was_sent_to_a_host_that_was_down_is_answered_when_it_is_up) {
  simulation sim(1);
  sim.net().set_links({.latency = 10ms});
  converse(
      sim, [](tcp_stream& stream) { read_error(stream); },
      [&](tcp_stream& stream) {
        sim.net().crash("server");
        stream.write_all(bytes("are you there?"));
        this_fiber::sleep_for(1s);
        sim.net().restart("server");
        const auto began = heddle::clock::now();
        EXPECT_EQ(read_error(stream), std::errc::connection_reset);
        EXPECT_EQ(since(began), 20ms);
      });
}

/// One end gives up across a partition; then the other, which does not, says something. Returns
/// what becomes of it.
template <class Say>
std::error_code said_to_one_that_gave_up(Say say) {
  simulation sim(1);
  std::error_code outcome;
  converse(
      sim,
      [&](tcp_stream& stream) {
        stream.set_give_up_after(0s);
        this_fiber::sleep_for(20s);
        say(stream);
        outcome = read_error(stream);
      },
      [&](tcp_stream& stream) {
        stream.set_give_up_after(3s);
        sim.net().part("main", "server");
        EXPECT_EQ(read_error(stream), std::errc::timed_out);
        sim.net().heal("main", "server");
        this_fiber::sleep_for(100s);  // open, but its connection is not
      });
  return outcome;
}

TEST(network_silence, an_end_that_has_given_up_answers_with_a_reset) {
  EXPECT_EQ(said_to_one_that_gave_up([](auto& stream) { stream.write_all(bytes("here I am")); }),
            std::errc::connection_reset);
  EXPECT_EQ(said_to_one_that_gave_up([](auto& stream) { stream.shutdown_write(); }),
            std::errc::connection_reset);
}

TEST(network_silence, a_window_that_stays_shut_is_given_up_and_the_reader_learns_of_it) {
  simulation sim(1);
  sim.net().set_links({.window = 1000});
  converse(
      sim,
      [](tcp_stream& stream) {
        stream.set_give_up_after(60s);
        this_fiber::sleep_for(10s);
        EXPECT_EQ(read_exactly(stream, 1000), std::string(1000, 'x'));
        EXPECT_EQ(read_error(stream), std::errc::connection_reset);
      },
      [&](tcp_stream& stream) {
        stream.set_give_up_after(5s);
        const auto began = heddle::clock::now();
        std::error_code error;
        EXPECT_EQ(stream.write_all(bytes(std::string(5000, 'x')), error), 1000U);
        EXPECT_EQ(error, std::errc::timed_out);
        EXPECT_EQ(since(began), 5s);
        this_fiber::sleep_for(100s);
      });
}

TEST(network_silence, a_reader_that_is_slow_is_not_given_up) {
  simulation sim(1);
  sim.net().set_links({.window = 1000});
  converse(
      sim,
      [](tcp_stream& stream) {
        for (int n = 0; n < 5; ++n) {
          this_fiber::sleep_for(4s);
          read_exactly(stream, 1000);
        }
      },
      [&](tcp_stream& stream) {
        stream.set_give_up_after(5s);
        stream.write_all(bytes(std::string(5000, 'x')));
      });
}

TEST(network_silence, a_wider_window_lets_a_writer_go_on) {
  simulation sim(1);
  sim.net().set_links({.window = 10});
  converse(
      sim,
      [](tcp_stream& stream) {
        this_fiber::sleep_for(1s);
        read_all(stream);
      },
      [&](tcp_stream& stream) {
        heddle::task_group writing;
        writing.spawn([&] { stream.write_all(bytes(std::string(50, 'x'))); });
        this_fiber::sleep_for(1ms);
        sim.net().set_links({.window = 100});
        const auto began = heddle::clock::now();
        writing.join();
        EXPECT_EQ(since(began), 0s);
      });
}

TEST(network_silence, a_silent_peer_is_given_up) {
  simulation sim(1);
  sim.run([&] {
    heddle::task_group all;
    all.spawn([&] { sim.net().on("server", [&] { echo(sim, 1); }); });
    this_fiber::sleep_for(1ms);
    tcp_stream stream = tcp_stream::connect(at(sim, "server", "80"));
    stream.set_give_up_after(7s);
    sim.net().part("main", "server");
    stream.write_all(bytes("hello?"));
    std::error_code error;
    read_all(stream, error);
    EXPECT_EQ(error, std::errc::timed_out);
    all.cancel();
    all.join();
  });
  EXPECT_GE(sim.elapsed(), 7s);
  EXPECT_LT(sim.elapsed(), 8s);
}

TEST(network_silence, an_answer_in_time_ends_the_silence) {
  simulation sim(1);
  EXPECT_EQ(sent_by(sim,
                    [&](tcp_stream& stream) {
                      stream.set_give_up_after(5s);
                      sim.net().part("main", "server");
                      stream.write_all(bytes("in "));
                      this_fiber::sleep_for(4s);
                      sim.net().heal("main", "server");
                      this_fiber::sleep_for(20s);
                      sim.net().part("main", "server");
                      this_fiber::sleep_for(4s);
                      sim.net().heal("main", "server");
                      stream.write_all(bytes("time"));
                    }),
            "in time");
}

}  // namespace
