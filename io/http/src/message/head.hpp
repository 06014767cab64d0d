// SPDX-License-Identifier: MIT
// The head of a message that came: views of the buffer in which it lies.
// Invariant: the views are valid until that buffer is given the next message.
#pragma once

#include <heddle/http/fields.hpp>

#include <cstdint>
#include <optional>
#include <string_view>
#include <vector>

namespace heddle::http::detail {

enum class version : std::uint8_t { http_1_0, http_1_1 };

struct head {
  version spoken = version::http_1_1;
  std::vector<field_view> fields;

  /// Returns the value of the first field called `name`.
  std::optional<std::string_view> find(std::string_view name) const noexcept;
};

struct request_head : head {
  std::string_view method;
  std::string_view target;
};

struct response_head : head {
  int status = 0;
  std::string_view reason;
};

}  // namespace heddle::http::detail
