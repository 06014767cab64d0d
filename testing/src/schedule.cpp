// SPDX-License-Identifier: MIT
// Reading and writing schedules.
#include "schedule.hpp"

#include "settings.hpp"

#include <charconv>
#include <stdexcept>

namespace heddle::testing::detail {

namespace {

/// Takes numbers and separators off the front of a schedule's text.
class reader {
 public:
  explicit reader(std::string_view text) : whole_(text), rest_(text) {}

  template <class Number>
  Number number() {
    Number value{};
    const auto [end, error] = std::from_chars(rest_.data(), rest_.data() + rest_.size(), value);
    if (error != std::errc{}) refuse();
    rest_.remove_prefix(static_cast<std::size_t>(end - rest_.data()));
    return value;
  }
  void expect(char separator) {
    if (rest_.empty() || rest_.front() != separator) refuse();
    rest_.remove_prefix(1);
  }
  bool at_end() const { return rest_.empty(); }
  [[noreturn]] void refuse() const {
    throw std::invalid_argument("heddle::testing: '" + std::string(whole_) +
                                "' is no schedule; one looks like 2/17:1,40:2");
  }

 private:
  std::string_view whole_;
  std::string_view rest_;
};

}  // namespace

schedule schedule::parse(std::string_view text) {
  reader from(text);
  schedule result;
  result.loops = from.number<unsigned>();
  if (result.loops == 0 || result.loops > most_loops) from.refuse();
  from.expect('/');
  while (!from.at_end()) {
    if (!result.answers.empty()) from.expect(',');
    answer next{};
    next.question = from.number<std::uint64_t>();
    from.expect(':');
    next.value = from.number<std::uint32_t>();
    const bool ascends = result.answers.empty() || result.answers.back().question < next.question;
    if (!ascends || next.value == 0) from.refuse();
    result.answers.push_back(next);
  }
  return result;
}

std::string schedule::text() const {
  std::string result = std::to_string(loops) + "/";
  for (const answer& each : answers) {
    if (result.back() != '/') result += ',';
    result += std::to_string(each.question) + ":" + std::to_string(each.value);
  }
  return result;
}

}  // namespace heddle::testing::detail
