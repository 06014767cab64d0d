// SPDX-License-Identifier: MIT
// Durations are written as in the runtime's variables: a whole number and ns, us, ms or s.
#include "environment.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string_view>
#include <utility>

namespace heddle::testing::detail {

namespace {

constexpr const char* default_timeout = "60s";
constexpr std::chrono::nanoseconds longest_timeout = std::chrono::hours{24};
constexpr unsigned default_loops = 2;  // the same on every machine, and enough for parallelism
constexpr unsigned most_loops = 1024;

[[noreturn]] void refuse(const char* name, const std::string& text, const char* wanted) {
  throw std::invalid_argument(std::string(name) + "=\"" + text + "\": must be " + wanted);
}

/// Takes a number off the front of `text`.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t value = 0;
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(stop - text.data()));
  return value;
}

std::optional<std::chrono::nanoseconds> parse_duration(std::string_view text) {
  constexpr std::array<std::pair<std::string_view, std::uint64_t>, 4> units{
      {{"ns", 1}, {"us", 1'000}, {"ms", 1'000'000}, {"s", 1'000'000'000}}};
  const auto value = take_number(text);
  if (!value) return std::nullopt;
  for (const auto& [name, factor] : units) {
    const auto most = static_cast<std::uint64_t>(longest_timeout.count()) / factor;
    if (text == name && *value <= most) return std::chrono::nanoseconds(*value * factor);
  }
  return std::nullopt;
}

}  // namespace

test_timeout timeout_of_environment() {
  const char* const given = std::getenv("HEDDLE_TEST_TIMEOUT");
  std::string text = given != nullptr ? given : default_timeout;
  const auto length = parse_duration(text);
  if (!length) {
    refuse("HEDDLE_TEST_TIMEOUT", text,
           "a whole number with ns, us, ms or s, in 0s..86400s (0s: no deadline)");
  }
  return {*length, std::move(text)};
}

config settings_of_environment() {
  config settings = config::from_env();
  if (const char* const given = std::getenv("HEDDLE_TEST_LOOPS"); given != nullptr) {
    std::string_view text = given;
    const auto value = take_number(text);
    if (!value || !text.empty() || *value < 1 || *value > most_loops) {
      refuse("HEDDLE_TEST_LOOPS", given, "a whole number in 1..1024");
    }
    settings.loops = static_cast<unsigned>(*value);
  } else if (std::getenv("HEDDLE_LOOPS") == nullptr) {
    settings.loops = default_loops;
  }
  return settings;
}

}  // namespace heddle::testing::detail
