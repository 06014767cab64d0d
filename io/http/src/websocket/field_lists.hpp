// SPDX-License-Identifier: MIT
// Fields of a head that came, as a handshake looks at them.
#pragma once

#include "message/head.hpp"
#include "message/syntax.hpp"

#include <algorithm>
#include <optional>
#include <string_view>
#include <vector>

namespace heddle::http::detail {

/// Returns the values of all fields called `name`, in order.
inline std::vector<std::string_view> values_of(const head& from, std::string_view name) {
  std::vector<std::string_view> values;
  for (const field_view& each : from.fields) {
    if (same_name(each.name, name)) values.push_back(each.value);
  }
  return values;
}

/// Returns the value of the only field called `name`; nullopt if there is none, or more than one.
inline std::optional<std::string_view> only_value_of(const head& from, std::string_view name) {
  const auto values = values_of(from, name);
  if (values.size() != 1) return std::nullopt;
  return values.front();
}

/// Returns whether the lists of all fields called `name` have `lower`, in letters of any case.
inline bool lists_element(const head& from, std::string_view name, std::string_view lower) {
  const auto values = values_of(from, name);
  return std::any_of(values.begin(), values.end(),
                     [&](std::string_view each) { return has_element(each, lower); });
}

}  // namespace heddle::http::detail
