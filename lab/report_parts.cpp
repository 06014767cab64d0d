// SPDX-License-Identifier: MIT
// HTML, piece by piece.
#include "report_parts.hpp"

#include "text.hpp"

namespace lab {

std::string plural(std::uint64_t count, std::string_view what) {
  return grouped(count) + " " + std::string(what) + (count == 1 ? "" : "s");
}

std::string paragraph(std::string_view text, std::string_view kind) {
  const std::string attribute = kind.empty() ? "" : " class=\"" + std::string(kind) + "\"";
  return "<p" + attribute + ">" + std::string(text) + "</p>\n";
}

std::string figure(std::string_view says, const std::string& picture) {
  return "<figure><figcaption>" + std::string(says) + "</figcaption>\n" + picture + "</figure>\n";
}

std::string section(std::string_view id, std::string_view title, const attributes& data,
                    const std::string& body) {
  std::string text = "\n<section id=\"" + std::string(id) + "\"";
  for (const auto& [name, value] : data) {
    text.append(" data-").append(name).append("=\"").append(escaped(value)).append("\"");
  }
  return text + ">\n<h2>" + escaped(title) + "</h2>\n" + body + "</section>\n";
}

}  // namespace lab
