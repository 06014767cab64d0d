// SPDX-License-Identifier: MIT
// In asyncio: `async with` an object whose __aenter__ connects and whose __aexit__ waits for the
// goodbye, also when the body fails or is cancelled. Here that is an object: its destructor may
// wait. It does so in a shield, or a cancellation would cut the goodbye short, and with a deadline.
#include <heddle/runtime.hpp>

#include <chrono>
#include <exception>
#include <iostream>
#include <stdexcept>

namespace {

using namespace std::chrono_literals;

class connection {
 public:
  connection() {
    heddle::this_fiber::sleep_for(1ms);
    std::cout << "connected\n";
  }
  ~connection() {
    const bool polite = heddle::shield(
        [] { return heddle::move_on_after(1s, [] { heddle::this_fiber::sleep_for(1ms); }); });
    std::cout << (polite ? "said goodbye\n" : "hung up\n");
  }
  connection(const connection&) = delete;
  connection& operator=(const connection&) = delete;

  void query() const {
    heddle::this_fiber::sleep_for(1ms);
    throw std::runtime_error("the query failed");
  }
};

}  // namespace

int main() {
  heddle::run([] {
    try {
      const connection database;
      database.query();
    } catch (const std::exception& error) {
      std::cout << error.what() << '\n';
    }
  });
}
