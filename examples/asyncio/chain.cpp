// SPDX-License-Identifier: MIT
// In asyncio: coroutines that await one another, fetch, then process, then save, several chains at
// once, one of which fails; gather(..., return_exceptions=True) shows what became of each.
#include <heddle/runtime.hpp>

#include <chrono>
#include <exception>
#include <functional>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using namespace std::chrono_literals;

std::string fetch(int id) {
  heddle::this_fiber::sleep_for(2ms);
  return "record " + std::to_string(id);
}

std::string process(const std::string& record) {
  heddle::this_fiber::sleep_for(1ms);
  if (record == "record 2") throw std::runtime_error(record + " is damaged");
  return record + ", processed";
}

std::string save(const std::string& result) {
  heddle::this_fiber::sleep_for(1ms);
  return result + ", saved";
}

}  // namespace

int main() {
  heddle::run([] {
    std::vector<std::function<std::string()>> chains;
    for (int id = 1; id <= 3; ++id) chains.emplace_back([id] { return save(process(fetch(id))); });
    for (const auto& each : heddle::gather_settled(chains)) {
      try {
        std::cout << each.value() << '\n';
      } catch (const std::exception& error) {
        std::cout << "failed: " << error.what() << '\n';
      }
    }
  });
}
