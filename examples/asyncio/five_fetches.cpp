// SPDX-License-Identifier: MIT
// In asyncio: five coroutines that sleep two seconds each, in one asyncio.gather, are done after
// two seconds and not after ten. Here a second is 20 ms, so that the tests need not wait.
#include <heddle/runtime.hpp>

#include <chrono>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

namespace {

constexpr std::chrono::milliseconds second{20};

std::string fetch(int page) {
  heddle::this_fiber::sleep_for(2 * second);
  return "page " + std::to_string(page);
}

}  // namespace

int main() {
  heddle::run([] {
    const auto begun = heddle::clock::now();
    std::vector<std::function<std::string()>> fetches;
    for (int page = 1; page <= 5; ++page) fetches.emplace_back([page] { return fetch(page); });
    for (const std::string& each : heddle::gather(fetches)) std::cout << each << '\n';
    const auto took = heddle::clock::now() - begun;
    std::cout << (took < 10 * second ? "at the same time\n" : "one after the other\n");
  });
}
