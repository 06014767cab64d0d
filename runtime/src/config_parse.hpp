// SPDX-License-Identifier: MIT
// Reads settings from text, as the environment gives them.
// Invariants: (1) a text is understood as a whole or refused: no leading or trailing characters, no
// sign, no rounding, no overflow; (2) the locale plays no part.
// Not here: which variables there are (config_table.hpp), whence the texts come (config_env.cpp).
#pragma once

#include "config_table.hpp"

#include <string>
#include <string_view>

namespace heddle::detail {

/// Sets the row's field to the value that `text` gives. Returns: whether text is a value of the
/// right form and in range; if not, the field may hold anything of its type.
bool parse_setting(const setting& row, std::string_view text, config& settings);

/// Returns what parse_setting() accepts, to end the sentence "must be ...".
std::string requirement_of(const setting& row);

/// Makes a config of the defaults and of `entries`, texts "NAME=value" with a null pointer at the
/// end, as in environ; of two with one name the first counts, as for getenv. Appends to `warnings`
/// a line for each HEDDLE_* that is nobody's. Errors: std::invalid_argument.
config read_settings(const char* const* entries, std::string& warnings);

}  // namespace heddle::detail
