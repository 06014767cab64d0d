// SPDX-License-Identifier: MIT
// The round that a program of simulated cases is in: its seed, and what its cases have done.
#pragma once

#include <cstdint>

namespace heddle::test {

/// The state of the program, which has one thread.
struct simulated_rounds {
  std::uint64_t seed = 1;          ///< of this round
  std::uint64_t runs_of_case = 0;  ///< simulations that the running case has had
  std::uint64_t runs = 0;          ///< simulations that the program has had

  static simulated_rounds& now() noexcept {
    static simulated_rounds only;
    return only;
  }
};

}  // namespace heddle::test
