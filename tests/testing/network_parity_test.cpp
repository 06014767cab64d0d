// SPDX-License-Identifier: MIT
// The simulated network against the kernel's: how connections end. The same dialogues over
// loopback, with real sockets and in a simulation, are to be told in the same words.
#include "testing/dialogue.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using heddle::io::toggle;
using heddle::test::bytes;
using heddle::test::dialogue;
using heddle::test::host_of;
using heddle::test::name_of;
using heddle::test::scene;

/// The peer has closed, and what is written to it is answered with a reset.
void write_after_its_close(dialogue& with) {
  with.meet();
  with.server.close();
  with.until_end(with.client);
  with.write(with.client);
  with.until_disconnected(with.client);
}

const std::vector<scene> ends = {
    {"write_after_the_peers_close",
     [](dialogue& d) {
       write_after_its_close(d);
       d.write(d.client);
       d.write(d.client);
       d.read(d.client);
       d.read(d.client);
     }},
    {"read_after_a_write_after_the_peers_close",
     [](dialogue& d) {
       write_after_its_close(d);
       d.read(d.client);
       d.write(d.client);
       d.write(d.client);
     }},
    {"shut_after_a_write_after_the_peers_close",
     [](dialogue& d) {
       write_after_its_close(d);
       d.shut(d.client);
       d.write(d.client);
       d.read(d.client);
     }},
    {"write_after_the_end_was_read",
     [](dialogue& d) {
       d.meet();
       d.server.close();
       d.read(d.client);
       d.write(d.client);
       d.until_disconnected(d.client);
       d.read(d.client);
       d.write(d.client);
     }},
    {"close_with_unread_bytes",
     [](dialogue& d) {
       d.meet();
       d.write(d.client, 5);
       d.until_bytes(d.server, 5);
       d.server.close();
       d.until_disconnected(d.client);
       d.read(d.client);
       d.read(d.client);
       d.write(d.client);
     }},
    {"close_with_unread_bytes_and_a_write",
     [](dialogue& d) {
       d.meet();
       d.write(d.client, 5);
       d.until_bytes(d.server, 5);
       d.server.close();
       d.until_disconnected(d.client);
       d.write(d.client);
       d.write(d.client);
       d.read(d.client);
     }},
    {"bytes_before_a_reset_are_read",
     [](dialogue& d) {
       d.meet();
       d.write(d.client, 5);
       d.until_bytes(d.server, 5);
       d.write(d.server, 7);
       d.until_bytes(d.client, 7);
       d.server.close();
       d.until_disconnected(d.client);
       d.read(d.client);
       d.read(d.client);
       d.read(d.client);
     }},
    {"close_of_bytes_that_come_later",
     [](dialogue& d) {
       d.meet();
       d.shut(d.server);
       d.until_end(d.client);
       d.write(d.client, 3);
       d.until_bytes(d.server, 3);
       d.server.close();
       d.until_disconnected(d.client);
       d.read(d.client);
       d.write(d.client);
       d.write(d.client);
     }},
    {"both_close_with_unread_bytes",
     [](dialogue& d) {
       d.meet();
       d.write(d.client, 5);
       d.shut(d.client);
       d.until_end(d.server);
       d.server.close();
       d.until_disconnected(d.client);
       d.read(d.client);
       d.read(d.client);
     }},
};

const std::vector<scene> resets = {
    {"abort",
     [](dialogue& d) {
       d.meet();
       d.write(d.server, 3);
       d.until_bytes(d.client, 3);
       d.server.abort();
       d.until_disconnected(d.client);
       d.read(d.client);
       d.read(d.client);
       d.read(d.client);
       d.write(d.client);
     }},
    {"abort_after_the_other_shut",
     [](dialogue& d) {
       d.meet();
       d.shut(d.client);
       d.until_end(d.server);
       d.server.abort();
       d.until_disconnected(d.client);
       d.read(d.client);
       d.read(d.client);
     }},
    {"abort_after_an_end",
     [](dialogue& d) {
       d.meet();
       d.shut(d.server);
       d.until_end(d.client);
       d.server.abort();
       d.until_disconnected(d.client);
       d.write(d.client);
       d.write(d.client);
       d.read(d.client);
     }},
    {"shut_after_a_reset",
     [](dialogue& d) {
       d.meet();
       d.server.abort();
       d.until_disconnected(d.client);
       d.shut(d.client);
       d.read(d.client);
       d.read(d.client);
     }},
    {"write_after_a_reset",
     [](dialogue& d) {
       d.meet();
       d.server.abort();
       d.until_disconnected(d.client);
       d.write(d.client, 0);
       d.write(d.client);
       d.write(d.client);
       d.read(d.client);
     }},
    {"names_after_a_reset",
     [](dialogue& d) {
       d.meet();
       d.server.abort();
       d.until_disconnected(d.client);
       std::error_code error;
       d.say(host_of(d.client.peer_endpoint()));
       d.say(host_of(d.client.local_endpoint(error)));
       d.say("", "local ", error);
     }},
    {"options_after_a_reset",
     [](dialogue& d) {
       d.meet();
       d.server.abort();
       d.until_disconnected(d.client);
       std::error_code error;
       d.client.set_no_delay(toggle::off, error);
       d.say("", "no_delay ", error);
       d.client.set_give_up_after(5s, error);
       d.say("", "give_up_after ", error);
     }},
    {"a_reader_that_waits_is_reset",
     [](dialogue& d) {
       d.meet();
       heddle::task_group reading;
       reading.spawn([&] { d.read(d.client); });
       heddle::this_fiber::sleep_for(2ms);
       d.server.abort();
       reading.join();
       d.read(d.client);
     }},
    {"a_writer_that_waits_is_reset",
     [](dialogue& d) {
       d.meet();
       heddle::task_group writing;
       writing.spawn([&] {
         std::error_code error;
         std::string much;
         much.resize(20'000'000);
         d.client.write_all(bytes(much), error);
         d.say("", "write_all ", error);
       });
       d.until_bytes(d.server, 1000);
       d.server.close();
       writing.join();
     }},
    {"a_listener_that_closes_resets_its_newcomers",
     [](dialogue& d) {
       d.listen();
       d.connect(d.listener.local_endpoint());
       d.write(d.client);
       d.listener.close();
       d.until_disconnected(d.client);
       d.read(d.client);
       d.read(d.client);
       d.write(d.client);
     }},
    {"a_listener_that_closes_resets_newcomers_that_said_nothing",
     [](dialogue& d) {
       d.listen();
       d.connect(d.listener.local_endpoint());
       d.listener.close();
       d.until_disconnected(d.client);
       d.read(d.client);
       d.read(d.client);
     }},
    {"a_newcomer_that_was_reset",
     [](dialogue& d) {
       d.listen();
       d.connect(d.listener.local_endpoint());
       d.write(d.client, 3);
       d.client.abort();
       d.accept();
       d.until_disconnected(d.server);
       d.read(d.server);
       d.read(d.server);
       d.write(d.server);
     }},
    {"a_newcomer_that_was_closed",
     [](dialogue& d) {
       d.listen();
       d.connect(d.listener.local_endpoint());
       d.write(d.client, 3);
       d.client.close();
       d.accept();
       d.until_end(d.server);
       d.read(d.server);
       d.read(d.server);
       d.write(d.server);
       d.until_disconnected(d.server);
       d.write(d.server);
       d.read(d.server);
     }},
};

const std::vector<scene> halves = {
    {"shut_twice",
     [](dialogue& d) {
       d.meet();
       d.shut(d.client);
       d.shut(d.client);
       d.write(d.client);
       d.read(d.server);
       d.write(d.server, 4);
       d.read(d.client);
     }},
    {"both_shut_and_again",
     [](dialogue& d) {
       d.meet();
       d.shut(d.client);
       d.until_end(d.server);
       d.shut(d.server);
       d.until_disconnected(d.client);
       d.until_disconnected(d.server);
       d.shut(d.client);
       d.shut(d.server);
       d.write(d.client);
       d.read(d.client);
       d.read(d.server);
     }},
    {"write_to_a_peer_that_shut",
     [](dialogue& d) {
       d.meet();
       d.shut(d.server);
       d.until_end(d.client);
       d.write(d.client, 3);
       d.read(d.server);
       d.read(d.client);
     }},
    {"read_after_shutting_and_the_peers_close",
     [](dialogue& d) {
       d.meet();
       d.shut(d.client);
       d.server.close();
       d.until_disconnected(d.client);
       d.read(d.client);
       d.read(d.client);
       d.write(d.client);
     }},
    {"nothing_is_read_at_once",
     [](dialogue& d) {
       d.meet();
       d.read(d.client, 0);
       d.server.close();
       d.until_end(d.client);
       d.read(d.client, 0);
     }},
};

class network_parity : public testing::TestWithParam<scene> {};

TEST_P(network_parity, the_kernel_and_the_simulation_say_the_same) {
  heddle::test::compare(GetParam());
}

INSTANTIATE_TEST_SUITE_P(ends, network_parity, testing::ValuesIn(ends), name_of);
INSTANTIATE_TEST_SUITE_P(resets, network_parity, testing::ValuesIn(resets), name_of);
INSTANTIATE_TEST_SUITE_P(halves, network_parity, testing::ValuesIn(halves), name_of);

}  // namespace
