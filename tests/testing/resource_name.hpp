// SPDX-License-Identifier: MIT
// What a case that is repeated for each kind of request is called.
#pragma once

#include <heddle/testing/fault.hpp>

namespace heddle::test {

inline const char* name_of(testing::resource what) noexcept {
  switch (what) {
    case testing::resource::allocation:
      return "allocation";
    case testing::resource::mapping:
      return "mapping";
    case testing::resource::descriptor:
      return "descriptor";
  }
  return "unknown";
}

}  // namespace heddle::test
