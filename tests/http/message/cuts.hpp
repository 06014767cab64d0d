// SPDX-License-Identifier: MIT
// Every way to hand a text over in two pieces, in pieces of one byte, and in pieces at random.
#pragma once

#include <algorithm>
#include <cstddef>
#include <random>
#include <string_view>
#include <vector>

namespace heddle::test {

/// Sizes of pieces that a text is cut into.
using cut = std::vector<std::size_t>;

/// Shape: `bytes` >= 1. Returns: the text whole, in two at every place, byte by byte, and `random`
/// times at random from `seed`.
inline std::vector<cut> cuts_of(std::size_t bytes, std::size_t random = 20, unsigned seed = 1) {
  std::vector<cut> all = {{bytes}, cut(bytes, 1)};
  for (std::size_t first = 1; first < bytes; ++first) all.push_back({first, bytes - first});
  std::mt19937 choose(seed);
  for (std::size_t i = 0; i < random; ++i) {
    cut some;
    for (std::size_t left = bytes; left != 0; left -= some.back()) {
      some.push_back(std::min(left, 1 + choose() % 7));
    }
    all.push_back(some);
  }
  return all;
}

}  // namespace heddle::test
