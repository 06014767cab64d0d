// SPDX-License-Identifier: MIT
// In asyncio: `async with asyncio.TaskGroup() as group`, group.create_task, results afterwards; the
// first failure cancels the siblings. Here the group is an object with a join().
#include <heddle/runtime.hpp>

#include <chrono>
#include <iostream>
#include <stdexcept>
#include <string>

namespace {

using namespace std::chrono_literals;

std::string fetch(const std::string& page) {
  heddle::this_fiber::sleep_for(2ms);
  if (page == "/missing") throw std::runtime_error("404 for " + page);
  return "contents of " + page;
}

}  // namespace

int main() {
  heddle::run([] {
    heddle::task_group pages;
    auto index = pages.spawn([] { return fetch("/index"); });
    auto about = pages.spawn([] { return fetch("/about"); });
    pages.join();
    std::cout << index.get() << "\n" << about.get() << '\n';

    try {
      heddle::task_group fails;
      auto endless = fails.spawn([] { heddle::this_fiber::sleep_for(1h); });
      auto missing = fails.spawn([] { return fetch("/missing"); });
      fails.join();
    } catch (const std::runtime_error& error) {
      std::cout << error.what() << ", and nobody is left\n";
    }
  });
}
