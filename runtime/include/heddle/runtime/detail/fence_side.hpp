// SPDX-License-Identifier: MIT
// Who pays for the order between a thread that does something often and others that do it rarely.
#pragma once

#include <cstdint>

namespace heddle::detail {

/// none: there are no others. of_others: they have a fence that every thread passes
/// (base/heavy_fence.hpp). of_owner: there is no such fence, so the owner makes one each time.
enum class fence_side : std::uint8_t { none, of_others, of_owner };

}  // namespace heddle::detail
