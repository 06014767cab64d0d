// SPDX-License-Identifier: MIT
// What the page's sections are put together from.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lab {

/// Returns a number and a word: "1 loop", "2 loops".
std::string plural(std::uint64_t count, std::string_view what);

/// Returns a paragraph, of a class if one is named. `text` is markup already.
std::string paragraph(std::string_view text, std::string_view kind = "");

/// Returns a picture and the sentence that says what to see in it. Both are markup already.
std::string figure(std::string_view says, const std::string& picture);

/// The data- attributes that go with a section: name and value.
using attributes = std::vector<std::pair<std::string_view, std::string>>;

std::string section(std::string_view id, std::string_view title, const attributes& data,
                    const std::string& body);

}  // namespace lab
