// SPDX-License-Identifier: MIT
// The settings of a config as data: one row each, from which everything else is derived (range
// checks, reading the environment, printing), so that no setting can be forgotten in one of them.
// Invariants: (1) each field of config that is not a hook has exactly one row, in the order of the
// struct; config_table.cpp does not compile otherwise; (2) a value text printed by text_of() is
// read back by parse_setting() (config_parse.hpp) as the same value.
#pragma once

#include <heddle/runtime/config.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace heddle::detail {

/// Points to the field of a setting. Its type says how the value is written; for a size_t the unit
/// says whether it is a size.
using setting_field = std::variant<unsigned config::*, std::size_t config::*, bool config::*,
                                   std::chrono::nanoseconds config::*, std::string config::*>;

struct setting {
  std::string_view name;      ///< of the field
  std::string_view variable;  ///< in the environment
  setting_field field;
  std::int64_t least;  ///< nanoseconds for durations, bytes of text for strings
  std::int64_t most;
  std::string_view unit;  ///< printed after the value; empty if the value says it

  constexpr bool is_size() const noexcept { return unit == "bytes"; }
};

/// Returns all rows.
std::span<const setting> all_settings() noexcept;

/// Returns the value as the environment would give it: "4", "256K", "100ms", "on", a name.
std::string text_of(const setting& row, const config& settings);

/// Returns the range in the same notation: "0..1024", "16K..1G", "0s..10ms".
std::string range_of(const setting& row);

/// Returns whether the value lies in the row's range.
bool in_range(const setting& row, const config& settings);

}  // namespace heddle::detail
