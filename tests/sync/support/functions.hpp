// SPDX-License-Identifier: MIT
// Functions for the cases of a select that only has to choose.
#pragma once

namespace heddle::test {

inline constexpr auto nothing = [] {};
inline constexpr auto ignore = [](const auto&) {};

}  // namespace heddle::test
