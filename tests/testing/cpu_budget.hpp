// SPDX-License-Identifier: MIT
// What a bug of a few lines may cost the tool that is to find it.
#pragma once

#include <gtest/gtest.h>

#include <ctime>

namespace heddle::test {

/// Fails a test that, from here to the end of the scope, takes 10 s of CPU or more.
class cpu_budget {
 public:
  cpu_budget() = default;
  ~cpu_budget() {
    constexpr std::clock_t seconds = 10;
    EXPECT_LT(std::clock() - began_, seconds * CLOCKS_PER_SEC);
  }
  cpu_budget(const cpu_budget&) = delete;
  cpu_budget& operator=(const cpu_budget&) = delete;

 private:
  std::clock_t began_ = std::clock();
};

}  // namespace heddle::test
