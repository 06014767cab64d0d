// SPDX-License-Identifier: MIT
// Every duration in the settings of servers and clients, by name, for tests that go through all.
#pragma once

#include <heddle/http/client_config.hpp>
#include <heddle/http/server_config.hpp>

#include <chrono>
#include <string>
#include <vector>

namespace heddle::test {

template <class Config>
struct duration_field {
  std::string name;
  std::chrono::nanoseconds Config::*place;
};

template <class Config>
std::vector<duration_field<Config>> duration_fields();

template <>
inline std::vector<duration_field<http::server_config>> duration_fields<http::server_config>() {
  using http::server_config;
  return {{"header_timeout", &server_config::header_timeout},
          {"idle_timeout", &server_config::idle_timeout},
          {"body_grace", &server_config::body_grace},
          {"write_timeout", &server_config::write_timeout},
          {"drain", &server_config::drain}};
}

template <>
inline std::vector<duration_field<http::client_config>> duration_fields<http::client_config>() {
  using http::client_config;
  return {{"connect_timeout", &client_config::connect_timeout},
          {"pool_wait", &client_config::pool_wait},
          {"header_timeout", &client_config::header_timeout},
          {"write_timeout", &client_config::write_timeout},
          {"body_grace", &client_config::body_grace},
          {"request_timeout", &client_config::request_timeout},
          {"idle_timeout", &client_config::idle_timeout},
          {"expect_continue_wait", &client_config::expect_continue_wait}};
}

/// Returns settings whose every duration is the longest that there is.
template <class Config>
Config longest() {
  Config config;
  for (const auto& each : duration_fields<Config>()) {
    config.*each.place = std::chrono::nanoseconds::max();
  }
  return config;
}

}  // namespace heddle::test
