// SPDX-License-Identifier: MIT
// Takes settings from the environment. A value that is wrong is an error, because it was meant; a
// name that is unknown is only a warning, because orchestrators inject such names (a service called
// heddle gets HEDDLE_SERVICE_HOST), and it tells the nearest known one, because most are misspelt.
// Invariants: (1) the environment is read here and nowhere else; (2) nothing is remembered from one
// call to the next, so each call warns again.
#include "base/one_line.hpp"
#include "config_parse.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <numeric>
#include <stdexcept>
#include <vector>

namespace heddle {

namespace detail {

namespace {

constexpr std::string_view prefix = "HEDDLE_";
constexpr std::string_view seed_variable = "HEDDLE_SEED";  // testing's, as is all below test_prefix
constexpr std::string_view test_prefix = "HEDDLE_TEST_";
constexpr std::size_t longest_shown = 80;

// Levenshtein's distance: insertions, deletions and replacements from `a` to `b`.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);  // distances from the first i of a to each head of b
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 1; i <= a.size(); ++i) {
    std::size_t diagonal = row[0];
    row[0] = i;
    for (std::size_t j = 1; j <= b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
      diagonal = row[j];
      row[j] = std::min({row[j] + 1, row[j - 1] + 1, replaced});
    }
  }
  return row.back();
}

std::string_view nearest_known(std::string_view name) {
  std::string_view nearest = seed_variable;
  std::size_t least = edit_distance(name, nearest);
  for (const setting& row : all_settings()) {
    const std::size_t distance = edit_distance(name, row.variable);
    if (distance >= least) continue;
    least = distance;
    nearest = row.variable;
  }
  return nearest;
}

bool is_known(std::string_view name) {
  if (name == seed_variable || name.starts_with(test_prefix)) return true;
  const auto rows = all_settings();
  return std::any_of(rows.begin(), rows.end(),
                     [&](const setting& row) { return row.variable == name; });
}

std::string warning_about(std::string_view name) {
  const std::string_view comparable = name.substr(0, longest_shown);  // bounds the distance's cost
  std::string line = "heddle: ignoring " + one_line(name, longest_shown);
  line.append(" in the environment: no such setting; the nearest is ");
  return line.append(nearest_known(comparable)).append("\n");
}

void take(const setting& row, std::string_view text, config& settings) {
  if (parse_setting(row, text, settings)) return;
  const std::string variable(row.variable);
  const std::string must_be = ": must be " + requirement_of(row);
  if (text.empty()) throw std::invalid_argument(variable + " is set but empty" + must_be);
  throw std::invalid_argument(variable + "=\"" + one_line(text, longest_shown) + "\"" + must_be);
}

}  // namespace

config read_settings(const char* const* entries, std::string& warnings) {
  config settings;
  const auto rows = all_settings();
  std::vector<bool> taken(rows.size());
  for (; entries != nullptr && *entries != nullptr; ++entries) {
    const std::string_view entry = *entries;
    const auto end_of_name = entry.find('=');
    if (end_of_name == std::string_view::npos || !entry.starts_with(prefix)) continue;
    const std::string_view name = entry.substr(0, end_of_name);
    if (!is_known(name)) warnings += warning_about(name);
    for (std::size_t i = 0; i < rows.size(); ++i) {
      if (rows[i].variable != name || taken[i]) continue;
      take(rows[i], entry.substr(end_of_name + 1), settings);
      taken[i] = true;
    }
  }
  return settings;
}

}  // namespace detail

config config::from_env() {
  std::string warnings;
  config settings = detail::read_settings(::environ, warnings);
  std::fwrite(warnings.data(), 1, warnings.size(), stderr);
  return settings;
}

}  // namespace heddle
