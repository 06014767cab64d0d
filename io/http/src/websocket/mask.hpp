// SPDX-License-Identifier: MIT
// The mask over what clients send. Source: RFC 6455, section 5.3.
#pragma once

#include <array>
#include <cstddef>

namespace heddle::http::detail {

using mask_key = std::array<std::byte, 4>;

/// Where in a payload some bytes of it are.
struct masked_piece {
  std::size_t bytes;
  std::size_t offset;  ///< from the start of the payload
};

/// Masks, or unmasks, `from` into `to`, which may be the same; otherwise they must not overlap.
/// Cost: 8 bytes a step.
void apply_mask(const std::byte* from, std::byte* to, masked_piece piece, mask_key key) noexcept;

/// Hands out keys that a peer cannot foresee; asks the system for 16 at a time.
class mask_source {
 public:
  /// Errors: std::system_error if the system has no randomness.
  mask_key next();

 private:
  std::array<std::byte, 64> pool_{};
  std::size_t used_ = 64;
};

}  // namespace heddle::http::detail
