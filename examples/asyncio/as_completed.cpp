// SPDX-License-Identifier: MIT
// In asyncio: `for each in asyncio.as_completed(tasks): result = await each`. Here the loop is over
// the results; a failure is thrown by the step that reaches it, and the next step goes on.
#include <heddle/runtime.hpp>

#include <chrono>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

std::string fetch(int seconds) {
  heddle::this_fiber::sleep_for(std::chrono::milliseconds{250} * seconds);
  if (seconds == 2) throw std::runtime_error("the page of 2 s is gone");
  return "the page of " + std::to_string(seconds) + " s";
}

}  // namespace

int main() {
  heddle::run([] {
    std::vector<heddle::task<std::string>> tasks;
    for (const int seconds : {3, 1, 2}) {
      tasks.push_back(heddle::spawn([seconds] { return fetch(seconds); }));
    }
    auto pages = heddle::as_completed(std::move(tasks));
    for (bool more = true; more;) {
      try {
        const auto page = pages.next();
        more = page.has_value();
        if (more) std::cout << *page << '\n';
      } catch (const std::runtime_error& error) {
        std::cout << error.what() << '\n';
      }
    }
  });
}
