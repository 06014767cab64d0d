// SPDX-License-Identifier: MIT
// The answers that make a run differ from the one in which everything happens by itself, as text:
// "2/17:1,40:2" is two loops, answer 1 to question 17 and 2 to question 40.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace heddle::testing::detail {

struct schedule {
  struct answer {
    std::uint64_t question;  // counted from 0, those with one possible answer left out
    std::uint32_t value;     // not 0
    bool operator==(const answer&) const = default;
  };

  unsigned loops = 1;
  std::vector<answer> answers;  // in ascending order of question

  /// Errors: std::invalid_argument, quoting `text`.
  static schedule parse(std::string_view text);
  std::string text() const;
};

}  // namespace heddle::testing::detail
