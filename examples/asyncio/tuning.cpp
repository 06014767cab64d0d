// SPDX-License-Identifier: MIT
// In asyncio: uvloop is installed, debug mode and slow_callback_duration are set on the loop, then
// asyncio.run starts the program. Here that is a config, from code or from HEDDLE_* variables.
#include <heddle/runtime.hpp>

#include <chrono>
#include <iostream>

int main() {
  heddle::config settings = heddle::config::from_env();
  settings.loops = 1;  // as asyncio: nothing runs in parallel
  settings.stack_bytes = 64 * 1024;
  settings.slow_slice = std::chrono::milliseconds{50};
  settings.name = "tuned";
  heddle::run(settings, [] {
    const heddle::config& used = heddle::runtime::current().settings();
    std::cout << used.name << ": " << used.loops << " loop, stacks of " << used.stack_bytes / 1024
              << " KiB\n";
  });
}
