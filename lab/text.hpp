// SPDX-License-Identifier: MIT
// Numbers as people read them, and tables of text that print on a terminal and in a web page.
// Invariant: a table has as many cells in each row as in its head.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace lab {

/// Returns `value` with so many digits behind the point: "12.3".
std::string decimal(double value, int digits);

/// Returns `value` in groups of three digits: "12,345".
std::string grouped(std::uint64_t value);

/// Returns milliseconds, with more digits the fewer they are: "1,012 ms", "51.3 ms".
std::string milliseconds(double value);

/// Returns how many times faster: "19.8x", "1.00x".
std::string times(double value);

/// Returns `text` with what HTML and SVG reserve replaced.
std::string escaped(std::string_view text);

struct table {
  std::vector<std::string> head;  ///< the first column names the rows
  std::vector<std::vector<std::string>> rows;
};

/// Returns the table in columns that line up, for a terminal.
std::string as_text(const table& what);

/// Returns the table as an HTML element that scrolls sideways where the page is too narrow.
std::string as_html(const table& what);

}  // namespace lab
