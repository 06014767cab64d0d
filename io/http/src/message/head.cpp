// SPDX-License-Identifier: MIT
// Looking fields up.
#include "message/head.hpp"

namespace heddle::http::detail {

std::optional<std::string_view> head::find(std::string_view name) const noexcept {
  for (const field_view& each : fields) {
    if (same_name(each.name, name)) return each.value;
  }
  return std::nullopt;
}

}  // namespace heddle::http::detail
