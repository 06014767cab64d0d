// SPDX-License-Identifier: MIT
// Checks, completes and prints a config, by the table in config_table.cpp.
#include <heddle/runtime/config.hpp>

#include "base/cpu_count.hpp"
#include "base/one_line.hpp"
#include "config_table.hpp"

#include <algorithm>
#include <bit>
#include <ostream>
#include <stdexcept>

namespace heddle {

namespace {

constexpr std::size_t longest_shown = 80;

// Replaces what means "choose" and what is rounded. A value out of range stays as it is, so that a
// bad config can be printed too.
config completed(config settings) {
  constexpr unsigned most_loops = 1024;
  constexpr std::size_t most_rounded = std::size_t{1} << 30;
  if (settings.loops == 0 || settings.cpu_threads == 0) {
    const unsigned cpus = std::min(detail::usable_cpus(), most_loops);
    if (settings.loops == 0) settings.loops = cpus;
    if (settings.cpu_threads == 0) settings.cpu_threads = cpus;
  }
  for (std::size_t* value : {&settings.stack_bytes, &settings.trace_events}) {
    if (*value != 0 && *value <= most_rounded) *value = std::bit_ceil(*value);
  }
  return settings;
}

std::string shown(const detail::setting& row, const config& settings) {
  return detail::one_line(detail::text_of(row, settings), longest_shown);
}

}  // namespace

void config::validate() const {
  for (const detail::setting& row : detail::all_settings()) {
    if (detail::in_range(row, *this)) continue;
    throw std::invalid_argument("config::" + std::string(row.name) + " = " + shown(row, *this) +
                                ": must be in " + detail::range_of(row));
  }
}

config config::effective() const {
  validate();
  return completed(*this);
}

std::ostream& operator<<(std::ostream& out, const config& settings) {
  const config effective = completed(settings);
  std::string text;
  for (const detail::setting& row : detail::all_settings()) {
    text.append(row.name).append(" = ").append(shown(row, effective));
    if (!row.unit.empty()) text.append(" ").append(row.unit);
    text += '\n';
  }
  text.append("on_unhandled = ").append(settings.on_unhandled ? "set\n" : "default\n");
  text.append("on_stall = ").append(settings.on_stall ? "set\n" : "default\n");
  return out << text;
}

}  // namespace heddle
