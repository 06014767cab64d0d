// SPDX-License-Identifier: MIT
// See config_parse.hpp.
#include "config_parse.hpp"

#include <array>
#include <charconv>
#include <limits>
#include <optional>

namespace heddle::detail {

namespace {

struct suffix {
  std::string_view text;
  std::uint64_t factor;
};

constexpr std::array size_suffixes{suffix{"", 1}, suffix{"K", 1u << 10}, suffix{"M", 1u << 20},
                                   suffix{"G", 1u << 30}};
constexpr std::array duration_suffixes{suffix{"ns", 1}, suffix{"us", 1'000},
                                       suffix{"ms", 1'000'000}, suffix{"s", 1'000'000'000}};
constexpr std::array no_suffixes{suffix{"", 1}};

// Digits, then one of the suffixes; nullopt for all else and above the range of int64_t.
std::optional<std::uint64_t> amount_in(std::string_view text, std::span<const suffix> suffixes) {
  constexpr std::uint64_t most = std::numeric_limits<std::int64_t>::max();
  std::uint64_t number = 0;
  const char* const end = text.data() + text.size();
  const auto [rest, error] = std::from_chars(text.data(), end, number);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(rest - text.data()));
  for (const suffix& candidate : suffixes) {
    if (candidate.text != text) continue;
    if (number > most / candidate.factor) return std::nullopt;
    return number * candidate.factor;
  }
  return std::nullopt;
}

// Overloads, one for each type of field. Returns: whether `text` had the right form and fits.
bool parse(const setting&, std::string_view text, unsigned& value) {
  const auto amount = amount_in(text, no_suffixes);
  if (!amount || *amount > std::numeric_limits<unsigned>::max()) return false;
  value = static_cast<unsigned>(*amount);
  return true;
}

bool parse(const setting& row, std::string_view text, std::size_t& value) {
  const auto amount = row.is_size() ? amount_in(text, size_suffixes) : amount_in(text, no_suffixes);
  if (amount) value = *amount;
  return amount.has_value();
}

bool parse(const setting&, std::string_view text, bool& value) {
  value = text == "1" || text == "on";
  return value || text == "0" || text == "off";
}

bool parse(const setting&, std::string_view text, std::chrono::nanoseconds& value) {
  const auto amount = amount_in(text, duration_suffixes);
  if (amount) value = std::chrono::nanoseconds(static_cast<std::int64_t>(*amount));
  return amount.has_value();
}

bool parse(const setting&, std::string_view text, std::string& value) {
  value = text;
  return !text.empty();
}

// Overloads that take the field's pointer only for its type.
std::string form(const setting&, unsigned config::*) { return "a whole number in "; }
std::string form(const setting& row, std::size_t config::*) {
  return row.is_size() ? "a whole number of bytes, or one with K, M or G, in "
                       : "a whole number in ";
}
std::string form(const setting&, std::chrono::nanoseconds config::*) {
  return "a whole number with ns, us, ms or s, in ";
}
std::string form(const setting&, bool config::*) { return "0, 1, on or off"; }
std::string form(const setting&, std::string config::*) { return "a text of 1.."; }

}  // namespace

bool parse_setting(const setting& row, std::string_view text, config& settings) {
  const bool right_form =
      std::visit([&](auto field) { return parse(row, text, settings.*field); }, row.field);
  return right_form && in_range(row, settings);
}

std::string requirement_of(const setting& row) {
  std::string words = std::visit([&](auto field) { return form(row, field); }, row.field);
  if (std::holds_alternative<bool config::*>(row.field)) return words;
  if (std::holds_alternative<std::string config::*>(row.field)) {
    return words + std::to_string(row.most) + " bytes";
  }
  return words + range_of(row);
}

}  // namespace heddle::detail
