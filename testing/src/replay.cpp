// SPDX-License-Identifier: MIT
// The environment and the command line of this process.
#include "replay.hpp"

#include <charconv>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <string_view>

namespace heddle::testing::detail {

std::string quoted(const std::string& word) {
  constexpr std::string_view plain =
      "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-=/.,:+@%";
  if (!word.empty() && word.find_first_not_of(plain) == std::string::npos) return word;
  std::string result = "'";
  for (const char each : word) each == '\'' ? result += "'\\''" : result += each;
  return result + "'";
}

std::optional<std::string> seed_of_environment() {
  const char* const given = std::getenv("HEDDLE_SEED");
  if (given == nullptr || *given == '\0') return std::nullopt;
  return given;
}

std::uint64_t parse_seed(const std::string& text) {
  std::uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stop, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc{} || stop != end) {
    throw std::invalid_argument("heddle::testing: HEDDLE_SEED='" + text +
                                "' is neither a number nor a schedule like 2/17:1");
  }
  return value;
}

std::string command_that_replays(const std::string& schedule, const std::string& arguments) {
  std::string command = "HEDDLE_SEED=" + schedule;
  std::ifstream own("/proc/self/cmdline", std::ios::binary);
  std::string word;
  for (bool first = true; std::getline(own, word, '\0'); first = false) {
    if (first || arguments.empty()) command += " " + quoted(word);
  }
  return arguments.empty() ? command : command + " " + arguments;
}

}  // namespace heddle::testing::detail
