// SPDX-License-Identifier: MIT
// In asyncio: twenty pages, fetched one after the other and then all at once, with the time that
// each way takes and how many times quicker the second is. Here a fetch is a sleep, of 10 ms.
#include <heddle/runtime.hpp>

#include <chrono>
#include <functional>
#include <iostream>
#include <string>
#include <vector>

namespace {

using milliseconds = std::chrono::duration<double, std::milli>;

std::string fetch(int page) {
  heddle::this_fiber::sleep_for(std::chrono::milliseconds{10});
  return "page " + std::to_string(page);
}

template <class F>
milliseconds time_of(F&& call) {
  const auto begun = heddle::clock::now();
  call();
  return heddle::clock::now() - begun;
}

}  // namespace

int main() {
  heddle::run([] {
    std::vector<std::function<std::string()>> fetches;
    for (int page = 1; page <= 20; ++page) fetches.emplace_back([page] { return fetch(page); });

    std::vector<std::string> pages;
    const milliseconds in_sequence = time_of([&] {
      for (const auto& each : fetches) pages.push_back(each());
    });
    std::vector<std::string> same;
    const milliseconds at_once = time_of([&] { same = heddle::gather(fetches); });

    std::cout << "in sequence: " << in_sequence.count() << " ms\n"
              << "at once: " << at_once.count() << " ms, " << in_sequence.count() / at_once.count()
              << " times quicker\n"
              << (pages == same ? "the same pages\n" : "other pages\n");
  });
}
