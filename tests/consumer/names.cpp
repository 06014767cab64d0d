// SPDX-License-Identifier: MIT
// Needs c-ares, which a static heddle::io has to bring along to whoever links it.
#include <heddle/heddle.hpp>

#include <iostream>

int main() {
  const auto found = heddle::run([] {
    heddle::io::resolver names;
    return names.resolve("localhost", 40);
  });
  const int answer = found.front().port() + static_cast<int>(found.size());
  std::cout << "hello from a fiber: " << answer << '\n';
}
