// SPDX-License-Identifier: MIT
// HEDDLE_SEED: what it may hold, and the command line that sets it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace heddle::testing::detail {

/// Returns HEDDLE_SEED if it is set and not empty.
std::optional<std::string> seed_of_environment();

/// Errors: std::invalid_argument naming HEDDLE_SEED.
std::uint64_t parse_seed(const std::string& text);

/// Returns `word` as a shell wants it: in quotes, if it needs them.
std::string quoted(const std::string& word);

/// Returns "HEDDLE_SEED=2/17:1 ./tests --filter=x": this program, with its own arguments if
/// `arguments` is empty.
std::string command_that_replays(const std::string& schedule, const std::string& arguments);

}  // namespace heddle::testing::detail
