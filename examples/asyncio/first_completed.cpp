// SPDX-License-Identifier: MIT
// In asyncio: asyncio.wait(tasks, return_when=FIRST_COMPLETED), which leaves the other tasks
// running. So does select; race would cancel them.
#include <heddle/runtime.hpp>
#include <heddle/sync/select.hpp>

#include <chrono>
#include <iostream>
#include <string>

namespace {

using namespace std::chrono_literals;

std::string fetch(const std::string& page, std::chrono::milliseconds takes) {
  heddle::this_fiber::sleep_for(takes);
  return page;
}

}  // namespace

int main() {
  heddle::run([] {
    auto large = heddle::spawn([] { return fetch("the large page", 500ms); });
    auto small = heddle::spawn([] { return fetch("the small page", 1ms); });
    const auto print = [](const std::string& page) { std::cout << page << " came first\n"; };
    heddle::sync::select(heddle::sync::on_join(large, print), heddle::sync::on_join(small, print));
    std::cout << large.join() << " came later\n";
  });
}
