// SPDX-License-Identifier: MIT
// Numbers and tables as text and as HTML.
#include "text.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>

namespace lab {

std::string decimal(double value, int digits) {
  std::array<char, 64> text{};
  std::snprintf(text.data(), text.size(), "%.*f", digits, value);
  return text.data();
}

std::string grouped(std::uint64_t value) {
  std::string digits = std::to_string(value);
  for (std::size_t at = digits.size(); at > 3;) {
    at -= 3;
    digits.insert(at, ",");
  }
  return digits;
}

std::string milliseconds(double value) {
  if (value >= 1000) return grouped(static_cast<std::uint64_t>(std::llround(value))) + " ms";
  return decimal(value, value >= 100 ? 0 : value >= 10 ? 1 : 2) + " ms";
}

std::string times(double value) { return decimal(value, value >= 10 ? 1 : 2) + "x"; }

std::string escaped(std::string_view text) {
  std::string safe;
  safe.reserve(text.size());
  for (const char c : text) {
    switch (c) {
      case '&':
        safe += "&amp;";
        break;
      case '<':
        safe += "&lt;";
        break;
      case '>':
        safe += "&gt;";
        break;
      case '"':
        safe += "&quot;";
        break;
      default:
        safe += c;
    }
  }
  return safe;
}

namespace {

std::string padded(const std::string& text, std::size_t width, bool to_the_right) {
  const std::string blanks(width > text.size() ? width - text.size() : 0, ' ');
  return to_the_right ? blanks + text : text + blanks;
}

/// Keeps "50 ms" from being broken over two lines.
std::string bound_to_units(std::string text) {
  constexpr std::string_view unit = " ms";
  for (std::size_t at = 0; (at = text.find(unit, at)) != std::string::npos;) {
    text.replace(at, unit.size(), "&nbsp;ms");
  }
  return text;
}

std::string html_row(const std::vector<std::string>& cells, std::string_view rest) {
  std::string line = "<tr>";
  for (std::size_t n = 0; n < cells.size(); ++n) {
    const std::string_view kind = n == 0 ? "th" : rest;
    line.append("<").append(kind).append(n == 0 ? " scope=\"row\">" : ">");
    line.append(bound_to_units(escaped(cells[n]))).append("</").append(kind).append(">");
  }
  return line + "</tr>\n";
}

}  // namespace

std::string as_text(const table& what) {
  std::vector<std::size_t> width(what.head.size(), 0);
  const auto widen = [&](const std::vector<std::string>& cells) {
    for (std::size_t n = 0; n < cells.size(); ++n) width[n] = std::max(width[n], cells[n].size());
  };
  widen(what.head);
  for (const auto& row : what.rows) widen(row);
  std::string text;
  const auto line = [&](const std::vector<std::string>& cells) {
    text += "  ";
    for (std::size_t n = 0; n < cells.size(); ++n) {
      text += (n == 0 ? "" : "   ") + padded(cells[n], width[n], n != 0);
    }
    text += '\n';
  };
  line(what.head);
  for (const auto& row : what.rows) line(row);
  return text;
}

std::string as_html(const table& what) {
  std::string html = "<div class=\"wide\"><table>\n<thead>" + html_row(what.head, "th");
  html += "</thead>\n<tbody>";
  for (const auto& row : what.rows) html += html_row(row, "td");
  return html + "</tbody></table></div>\n";
}

}  // namespace lab
