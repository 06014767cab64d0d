// SPDX-License-Identifier: MIT
// Settings that are out of range are refused by name.
#include <heddle/http/websocket_config.hpp>

#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;
using heddle::http::websocket_config;

struct change {
  const char* field;
  std::function<void(websocket_config&)> make;
};

const std::vector<change> changes = {
    {"limits.frame_bytes", [](auto& c) { c.limits.frame_bytes = 124; }},
    {"limits.message_bytes", [](auto& c) { c.limits.message_bytes = 0; }},
    {"limits.fragments", [](auto& c) { c.limits.fragments = 0; }},
    {"limits.inflate_ratio", [](auto& c) { c.limits.inflate_ratio = 0; }},
    {"limits.inflate_ratio", [](auto& c) { c.limits.inflate_ratio = 1101; }},
    {"limits.control_frames_per_second", [](auto& c) { c.limits.control_frames_per_second = 0; }},
    {"limits.send_frame_bytes", [](auto& c) { c.limits.send_frame_bytes = 1; }},
    {"limits.read_bytes", [](auto& c) { c.limits.read_bytes = 511; }},
    {"limits.write_stall", [](auto& c) { c.limits.write_stall = 0s; }},
    {"limits.close_timeout", [](auto& c) { c.limits.close_timeout = -1s; }},
    {"limits.ping_interval", [](auto& c) { c.limits.ping_interval = 1ns; }},
    {"limits.pong_timeout", [](auto& c) { c.limits.pong_timeout = 25h; }},
    {"compression.send_window_bits", [](auto& c) { c.compression.send_window_bits = 8; }},
    {"compression.receive_window_bits", [](auto& c) { c.compression.receive_window_bits = 16; }},
    {"compression.level", [](auto& c) { c.compression.level = -1; }},
    {"compression.memory_level", [](auto& c) { c.compression.memory_level = 10; }},
    {"subprotocols", [](auto& c) { c.subprotocols = {"two words"}; }},
    {"subprotocols",
     [](auto& c) {
       c.subprotocols = {"a", "b", "a"};
     }},
    {"origins", [](auto& c) { c.origins = {"example.com"}; }},
};

TEST(websocket_config, the_default_is_within_the_ranges) {
  EXPECT_NO_THROW(websocket_config().check());
}

TEST(websocket_config, a_value_out_of_its_range_is_refused_by_name) {
  for (const change& each : changes) {
    websocket_config config;
    each.make(config);
    try {
      config.check();
      ADD_FAILURE() << each.field << " was not refused";
    } catch (const std::invalid_argument& refused) {
      const std::string name = std::string("websocket_config::") + each.field;
      EXPECT_NE(std::string(refused.what()).find(name), std::string::npos) << refused.what();
    }
  }
}

}  // namespace
