// SPDX-License-Identifier: MIT
// Elements, and an axis.
#include "svg.hpp"

#include "text.hpp"

#include <cmath>

namespace lab {
namespace {

/// Returns a step of 1, 2 or 5 times a power of ten that gives six to eight ticks at most.
double tick_step(double length) {
  const double rough = length / 7;
  const double power = std::pow(10, std::floor(std::log10(rough)));
  for (const double factor : {1.0, 2.0, 5.0}) {
    if (factor * power >= rough) return factor * power;
  }
  return 10 * power;
}

/// Returns the number as short as the step allows: 0.5, 20.
std::string tick_label(double value, double step) {
  const int digits = step >= 1 ? 0 : static_cast<int>(std::ceil(-std::log10(step) - 1e-9));
  return decimal(value, digits);
}

}  // namespace

std::string percent(double part, double whole) { return decimal(100 * part / whole, 3) + "%"; }

std::string element(std::string_view tag, std::initializer_list<attribute> attributes,
                    std::string_view inside) {
  std::string text = "<";
  text.append(tag);
  for (const attribute& one : attributes) {
    text.append(" ").append(one.name).append("=\"").append(escaped(one.value)).append("\"");
  }
  if (inside.empty()) return text.append("/>\n");
  return text.append(">").append(inside).append("</").append(tag).append(">\n");
}

std::string number(int value) { return std::to_string(value); }

std::string bar(std::string_view kind, const place& at, std::string_view inside) {
  return element("rect",
                 {{"class", std::string(kind)},
                  {"x", percent(at.x, at.whole)},
                  {"width", percent(at.width, at.whole)},
                  {"y", number(at.y)},
                  {"height", number(at.height)}},
                 inside);
}

std::string caption(std::string_view text, int x, int y, std::string_view kind) {
  return element("text", {{"class", std::string(kind)}, {"x", number(x)}, {"y", number(y)}},
                 escaped(text));
}

std::string thread(const std::string& from, const std::string& to, const std::string& y) {
  return element("line", {{"class", "thread"}, {"x1", from}, {"x2", to}, {"y1", y}, {"y2", y}});
}

std::string axis(double length, int height, std::string_view unit) {
  std::string text;
  const double step = tick_step(length);
  for (int n = 0; n * step <= length * 1.0001; ++n) {
    const double at = n * step;
    const std::string x = percent(at, length);
    const char* const anchor = n == 0 ? "start" : at > 0.95 * length ? "end" : "middle";
    text += element(
        "line", {{"class", "grid"}, {"x1", x}, {"x2", x}, {"y1", "0"}, {"y2", number(height + 5)}});
    text += element(
        "text", {{"class", "tick"}, {"x", x}, {"y", number(height + 19)}, {"text-anchor", anchor}},
        tick_label(at, step) + (n == 0 ? " " + std::string(unit) : ""));
  }
  return text;
}

std::string chart(int height, std::string_view alt, std::string_view inside) {
  return element("svg",
                 {{"class", "chart"},
                  {"width", "100%"},
                  {"height", number(height)},
                  {"role", "img"},
                  {"aria-label", std::string(alt)}},
                 inside);
}

}  // namespace lab
