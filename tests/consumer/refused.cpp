// SPDX-License-Identifier: MIT
// Each request of a runtime is refused once. That needs static libraries: with a shared heddle it
// is an error that says so.
#include <heddle/heddle.hpp>
#include <heddle/testing/fault.hpp>

#include <iostream>
#include <stdexcept>
#include <string_view>

int main() {
  using heddle::testing::resource;
  try {
    for (const resource each : {resource::allocation, resource::mapping, resource::descriptor}) {
      const auto report = heddle::testing::fail_each(each, [] {
        heddle::config settings;
        settings.loops = 1;
        heddle::run(settings, [] {});
      });
      if (report.ok() && report.told > 0) continue;
      std::cout << report.text();
      return 1;
    }
    std::cout << (HEDDLE_IS_SHARED ? "what is shared was refused too\n"
                                   : "hello from a fiber: 42\n");
  } catch (const std::logic_error& error) {
    const bool named =
        std::string_view(error.what()).find("shared library") != std::string_view::npos;
    std::cout << (HEDDLE_IS_SHARED && named ? "hello from a fiber: 42\n" : error.what());
  }
}
