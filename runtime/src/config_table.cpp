// SPDX-License-Identifier: MIT
// See config_table.hpp.
#include "config_table.hpp"

#include <array>
#include <utility>

namespace heddle::detail {

namespace {

constexpr std::int64_t kibi = 1024;
constexpr std::int64_t gibi = kibi * kibi * kibi;
constexpr std::int64_t ten_milliseconds = 10'000'000;
constexpr std::int64_t one_hour = 3'600'000'000'000;

constexpr std::array settings_table{
    setting{"loops", "HEDDLE_LOOPS", &config::loops, 0, 1024, "loops"},
    setting{"cpu_threads", "HEDDLE_CPU_THREADS", &config::cpu_threads, 0, 1024, "threads"},
    setting{"max_blocking_threads", "HEDDLE_MAX_BLOCKING_THREADS", &config::max_blocking_threads, 1,
            65536, "threads"},
    setting{"blocking_keep_alive", "HEDDLE_BLOCKING_KEEP_ALIVE", &config::blocking_keep_alive, 0,
            one_hour, ""},
    setting{"pool_stack_bytes", "HEDDLE_POOL_STACK_BYTES", &config::pool_stack_bytes, 16 * kibi,
            gibi, "bytes"},
    setting{"pin_loops", "HEDDLE_PIN_LOOPS", &config::pin_loops, 0, 1, ""},
    setting{"stack_bytes", "HEDDLE_STACK_BYTES", &config::stack_bytes, 16 * kibi, gibi, "bytes"},
    setting{"slow_slice", "HEDDLE_SLOW_SLICE", &config::slow_slice, 0, one_hour, ""},
    setting{"spin", "HEDDLE_SPIN", &config::spin, 0, ten_milliseconds, ""},
    setting{"debug", "HEDDLE_DEBUG", &config::debug, 0, 1, ""},
    setting{"trace_events", "HEDDLE_TRACE_EVENTS", &config::trace_events, 0, 1 << 24, "records"},
    setting{"max_mprotect_guards", "HEDDLE_MAX_MPROTECT_GUARDS", &config::max_mprotect_guards, 0,
            1'000'000, "stacks"},
    setting{"name", "HEDDLE_NAME", &config::name, 0, 64, ""},
};

// Does not compile when config gains or loses a field: add its row above, then its name here.
[[maybe_unused]] void every_field_has_its_row(const config& settings) {
  [[maybe_unused]] const auto& [loops, cpu_threads, max_blocking_threads, blocking_keep_alive,
                                pool_stack_bytes, pin_loops, stack_bytes, slow_slice, spin, debug,
                                trace_events, max_mprotect_guards, on_unhandled, on_stall, name] =
      settings;
  constexpr std::size_t fields = 15, hooks = 2;
  static_assert(settings_table.size() == fields - hooks);
}

std::string size_text(std::uint64_t bytes) {
  constexpr std::string_view suffixes = "KMG";
  std::size_t power = 0;
  while (power < suffixes.size() && bytes != 0 && bytes % kibi == 0) {
    bytes /= kibi;
    ++power;
  }
  const std::string number = std::to_string(bytes);
  return power == 0 ? number : number + suffixes[power - 1];
}

std::string duration_text(std::int64_t nanoseconds) {
  constexpr std::array units{std::string_view{"ns"}, std::string_view{"us"}, std::string_view{"ms"},
                             std::string_view{"s"}};
  std::size_t unit = 0;
  while (unit + 1 < units.size() && nanoseconds % 1000 == 0) {
    nanoseconds /= 1000;
    ++unit;
  }
  return std::to_string(nanoseconds).append(units[unit]);
}

// Overloads, one for each type of field: how a value is written, and the number its range is about.
std::string text(const setting&, unsigned value) { return std::to_string(value); }
std::string text(const setting& row, std::size_t value) {
  return row.is_size() ? size_text(value) : std::to_string(value);
}
std::string text(const setting&, bool value) { return value ? "on" : "off"; }
std::string text(const setting&, std::chrono::nanoseconds value) {
  return duration_text(value.count());
}
std::string text(const setting&, const std::string& value) { return value; }

unsigned amount(unsigned value) { return value; }
std::size_t amount(std::size_t value) { return value; }
int amount(bool value) { return value ? 1 : 0; }
std::int64_t amount(std::chrono::nanoseconds value) { return value.count(); }
std::size_t amount(const std::string& value) { return value.size(); }

std::string bound_text(const setting& row, std::int64_t bound) {
  if (std::holds_alternative<std::chrono::nanoseconds config::*>(row.field)) {
    return duration_text(bound);
  }
  return row.is_size() ? size_text(static_cast<std::uint64_t>(bound)) : std::to_string(bound);
}

}  // namespace

std::span<const setting> all_settings() noexcept { return settings_table; }

std::string text_of(const setting& row, const config& settings) {
  return std::visit([&](auto field) { return text(row, settings.*field); }, row.field);
}

std::string range_of(const setting& row) {
  const std::string range = bound_text(row, row.least) + ".." + bound_text(row, row.most);
  return std::holds_alternative<std::string config::*>(row.field) ? range + " bytes of text"
                                                                  : range;
}

bool in_range(const setting& row, const config& settings) {
  const auto check = [&](auto field) {
    const auto value = amount(settings.*field);
    return std::cmp_less_equal(row.least, value) && std::cmp_less_equal(value, row.most);
  };
  return std::visit(check, row.field);
}

}  // namespace heddle::detail
