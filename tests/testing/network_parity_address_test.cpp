// SPDX-License-Identifier: MIT
// The simulated network against the kernel's: who meets whom at which address. See dialogue.hpp.
#include "testing/dialogue.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace {

using namespace std::chrono_literals;
using heddle::io::endpoint;
using heddle::io::tcp_listener;
using heddle::io::tcp_stream;
using heddle::io::toggle;
using heddle::test::dialogue;
using heddle::test::host_of;
using heddle::test::name_of;
using heddle::test::scene;

/// Connects as often as it says, and what has no place in the backlog for so long.
template <int backlog>
void fill_the_backlog(dialogue& d) {
  d.listen("127.0.0.1:0", {.backlog = backlog});
  std::vector<tcp_stream> all;
  for (int n = 0; n <= backlog; ++n) {
    d.connect(d.listener.local_endpoint());
    all.push_back(std::move(d.client));
  }
  d.connect(d.listener.local_endpoint(), 100ms);
  d.accept();
  d.connect(d.listener.local_endpoint());
}

/// Listens at `one` and connects to `other`.
template <const char* one, const char* other>
void meet_at(dialogue& d) {
  d.listen(endpoint(std::string(one) + ":0"));
  d.connect(d.at_port(other));
  if (!d.client.is_open()) return;
  d.accept();
  d.say(host_of(d.client.peer_endpoint()));
  d.say(host_of(d.client.local_endpoint()));
  d.say(host_of(d.server.peer_endpoint()));
  d.say(host_of(d.server.local_endpoint()));
}

/// Listens at the same port of both.
template <const char* one, const char* other>
void listen_at_both(dialogue& d) {
  d.listen(endpoint(std::string(one) + ":0"));
  std::error_code error;
  tcp_listener::bind(d.at_port(other), error);
  d.say(other, " listens ", error);
}

constexpr char any4[] = "0.0.0.0";
constexpr char any6[] = "[::]";
constexpr char local4[] = "127.0.0.1";
constexpr char other4[] = "127.0.0.2";
constexpr char local6[] = "[::1]";
constexpr char mapped4[] = "[::ffff:127.0.0.1]";

const std::vector<scene> addresses = {
    {"backlog_of_0", fill_the_backlog<0>},
    {"backlog_of_1", fill_the_backlog<1>},
    {"to_any", meet_at<any4, any4>},
    {"to_another_of_the_block", meet_at<any4, other4>},
    {"not_at_another_of_the_block", meet_at<other4, local4>},
    {"at_another_of_the_block", meet_at<other4, other4>},
    {"six_takes_four", meet_at<any6, local4>, true},
    {"six_takes_six", meet_at<any6, local6>, true},
    {"six_to_any", meet_at<any6, any6>, true},
    {"loopback_six_takes_no_four", meet_at<local6, local4>, true},
    {"four_takes_no_six", meet_at<any4, local6>, true},
    {"mapped_is_four", meet_at<local4, mapped4>, true},
    {"four_is_mapped", meet_at<mapped4, local4>, true},
    {"one_port_at_two_of_the_block", listen_at_both<local4, other4>},
    {"one_port_twice", listen_at_both<local4, local4>},
    {"one_port_of_any_and_one", listen_at_both<any4, local4>},
    {"one_port_of_both_families", listen_at_both<local4, local6>, true},
    {"one_port_of_any_of_both", listen_at_both<any6, any4>, true},
    {"one_port_of_any_six_and_one_four", listen_at_both<any6, local4>, true},
    {"one_port_of_any_four_and_one_six", listen_at_both<any4, local6>, true},
    {"a_port_that_is_shared",
     [](dialogue& d) {
       const heddle::io::listen_options shared{.reuse_port = toggle::on};
       d.listen("127.0.0.1:0", shared);
       const endpoint where = d.listener.local_endpoint();
       std::error_code error;
       tcp_listener second = tcp_listener::bind(where, shared, error);
       d.say("second", " listens ", error);
       tcp_listener::bind(where, error);
       d.say("third", " listens ", error);
     }},
    {"a_port_again_after_its_listener",
     [](dialogue& d) {
       d.listen();
       const endpoint where = d.listener.local_endpoint();
       d.connect(where);
       d.accept();
       d.listener.close();
       d.listen(where);
       d.client.close();
       d.server.close();
       d.connect(where);
     }},
    {"the_port_of_a_client",
     [](dialogue& d) {
       d.meet();
       std::error_code error;
       tcp_listener::bind(d.client.local_endpoint(), error);
       d.say("", "listen ", error);
     }},
    {"nobody_listens",
     [](dialogue& d) {
       d.listen();
       const endpoint where = d.listener.local_endpoint();
       d.listener.close();
       d.connect(where);
     }},
};

class network_parity_address : public testing::TestWithParam<scene> {};

TEST_P(network_parity_address, the_kernel_and_the_simulation_say_the_same) {
  heddle::test::compare(GetParam());
}

INSTANTIATE_TEST_SUITE_P(addresses, network_parity_address, testing::ValuesIn(addresses), name_of);

}  // namespace
