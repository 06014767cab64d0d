// SPDX-License-Identifier: MIT
// In asyncio: rows stream from a database's cursor, an asynchronous generator, into an asynchronous
// comprehension: [row async for row in rows() if wanted(row)]. Here the cursor is a range, and what
// works on ranges works on it; the rows are lent, not copied, while the loop looks at them.
#include <heddle/runtime.hpp>

#include <algorithm>
#include <chrono>
#include <iostream>
#include <iterator>
#include <string>
#include <vector>

namespace {

struct row {
  int id = 0;
  std::string city;
};

heddle::generator<const row&> rows() {
  return [](auto& yield) {
    const std::vector<std::string> cities{"Lyon", "Turin", "Lille", "Lodz"};
    row current;  // one buffer for all rows
    for (const std::string& city : cities) {
      heddle::this_fiber::sleep_for(std::chrono::milliseconds{1});
      ++current.id;
      current.city = city;
      yield(current);
    }
  };
}

}  // namespace

int main() {
  heddle::run([] {
    std::vector<row> wanted;
    std::ranges::copy_if(rows(), std::back_inserter(wanted),
                         [](const row& each) { return each.city.starts_with("L"); });
    for (const row& each : wanted) std::cout << each.id << ' ' << each.city << '\n';
  });
}
