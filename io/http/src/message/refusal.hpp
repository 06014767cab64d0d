// SPDX-License-Identifier: MIT
// Why a message is not taken: a status of HTTP, and words for people.
#pragma once

#include <string_view>

namespace heddle::http::detail {

/// Nothing is refused if the status is 0. Shape: `why` is static text.
struct refusal {
  int status = 0;
  std::string_view why = {};

  explicit operator bool() const noexcept { return status != 0; }
};

}  // namespace heddle::http::detail
