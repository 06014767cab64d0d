// SPDX-License-Identifier: MIT
// Lanes, bars, an axis.
#include "timeline.hpp"

#include "report_style.hpp"
#include "text.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

namespace lab {
namespace {

constexpr int lane_bytes_reserved = 1 << 14;
constexpr int label_height = 18;
constexpr int bar_height = 26;
constexpr int lane_height = label_height + bar_height + 8;
constexpr int axis_height = 24;
constexpr double drawn_pixels = 1200;  // closer together than one of these is one

std::string percent(double part, double whole) { return decimal(100 * part / whole, 3) + "%"; }

std::string box(std::string_view kind, double x, double width, double whole, int y, int height) {
  std::string text = "<rect class=\"";
  text.append(kind).append("\" x=\"").append(percent(x, whole)).append("\" width=\"");
  text.append(percent(width, whole)).append("\" y=\"").append(std::to_string(y));
  return text.append("\" height=\"").append(std::to_string(height)).append("\"");
}

std::string caption(std::string_view text, int x, int y, std::string_view kind = "label") {
  return "<text class=\"" + std::string(kind) + "\" x=\"" + std::to_string(x) + "\" y=\"" +
         std::to_string(y) + "\">" + escaped(text) + "</text>\n";
}

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

std::string axis(double length, int height) {
  std::string text;
  const double step = tick_step(length);
  for (int n = 0; n * step <= length * 1.0001; ++n) {
    const double at = n * step;
    const std::string x = percent(at, length);
    const bool last = at > 0.95 * length;
    text += "<line class=\"grid\" x1=\"" + x + "\" x2=\"" + x + "\" y1=\"0\" y2=\"" +
            std::to_string(height + 5) + "\"/>";
    text += "<text class=\"tick\" x=\"" + x + "\" y=\"" + std::to_string(height + 19) +
            "\" text-anchor=\"" +
            (n == 0 ? "start"
             : last ? "end"
                    : "middle") +
            "\">" + tick_label(at, step) + (n == 0 ? " ms" : "") + "</text>\n";
  }
  return text;
}

std::string_view class_of(span::kind what) {
  switch (what) {
    case span::kind::own:
      return "own";
    case span::kind::stolen:
      return "stolen";
    case span::kind::asleep:
      return "asleep";
  }
  return "";
}

/// Joins spans that no screen could tell apart. Names get lost only where they could not be read.
std::vector<span> thinned(const std::vector<span>& all, double length) {
  const double pixel = length / drawn_pixels;
  std::vector<span> kept;
  for (const span& next : all) {
    const bool joins = !kept.empty() && kept.back().what == next.what &&
                       next.begin_ms - kept.back().end_ms < pixel / 2 &&
                       (next.length_ms() < pixel || kept.back().length_ms() < pixel);
    if (joins) {
      kept.back().end_ms = next.end_ms;
    } else {
      kept.push_back(next);
    }
  }
  return kept;
}

std::string draw_span(const span& one, const timeline& whole, int y) {
  const double least = whole.length_ms / drawn_pixels;
  const double gap = one.length_ms() > 6 * least ? least : 0;  // tells neighbours apart
  const double width = std::max(one.length_ms() - gap, least / 2);
  const std::string shape =
      box(class_of(one.what), one.begin_ms, width, whole.length_ms, y, bar_height);
  const auto name = whole.names.find(one.who);
  if (name == whole.names.end()) return shape + "/>\n";
  return shape + "><title>" + escaped(name->second) + ", " + milliseconds(one.length_ms()) +
         (one.what == span::kind::stolen ? ", stolen" : "") + "</title></rect>\n";
}

std::string describe(const timeline& what, std::size_t loop) {
  const auto part = [&](span::kind kind) {
    return decimal(100 * share(what, loop, kind), 0) + " %";
  };
  std::string text = "loop " + std::to_string(loop) + ": ran fibers " + part(span::kind::own);
  if (what.loops.size() > 1) text += ", stolen ones " + part(span::kind::stolen);
  return text + ", asleep " + part(span::kind::asleep);
}

int lanes_height(const timeline& what) { return static_cast<int>(what.loops.size()) * lane_height; }

std::string lanes(const timeline& what) {
  std::string text;
  text.reserve(lane_bytes_reserved);
  for (std::size_t loop = 0; loop < what.loops.size(); ++loop) {
    const int top = static_cast<int>(loop) * lane_height;
    const int bar = top + label_height;
    text += caption(describe(what, loop), 0, top + 13);
    text += box("awake", 0, what.length_ms, what.length_ms, bar, bar_height) + "/>\n";
    for (const span& one : thinned(what.loops[loop], what.length_ms)) {
      text += draw_span(one, what, bar);
    }
    // Sleep is a gap; a thread through it shows that the loop is still there.
    const std::string middle = std::to_string(bar + bar_height - 1);
    text += "<line class=\"thread\" x1=\"0\" x2=\"100%\" y1=\"" + middle + "\" y2=\"" + middle +
            "\"/>\n";
  }
  return text;
}

std::string opening(int height, std::string_view alt) {
  return "<svg class=\"chart\" width=\"100%\" height=\"" + std::to_string(height) +
         "\" role=\"img\" aria-label=\"" + escaped(alt) + "\">\n";
}

struct legend_entry {
  const char* kind;
  const char* text;
};

constexpr std::array<legend_entry, 4> legend{{
    {"own", "fiber of the loop's own"},
    {"stolen", "fiber stolen from another loop"},
    {"awake", "awake, looking for work"},
    {"asleep", "asleep"},
}};

}  // namespace

std::string draw_loops(const timeline& what, std::string_view alt) {
  if (what.loops.empty() || what.length_ms <= 0) return "<p>No records of this.</p>\n";
  const int height = lanes_height(what);
  return opening(height + axis_height, alt) + axis(what.length_ms, height) + lanes(what) +
         "</svg>\n";
}

std::string draw_fetches(const page_run& run) {
  constexpr int row = 7;
  constexpr int bar = 5;
  constexpr int group = label_height + row * static_cast<int>(page_count) + 10;
  const double length = std::max(run.one_by_one.total_ms, run.at_once.total_ms) * 1.001;
  std::string text = opening(2 * group + axis_height, "When each of the 20 pages was under way");
  text += axis(length, 2 * group);
  int top = 0;
  for (const fetching* way : {&run.one_by_one, &run.at_once}) {
    text += caption((way == &run.one_by_one ? "one after another: " : "at once: ") +
                        milliseconds(way->total_ms),
                    0, top + 13);
    int y = top + label_height;
    for (const fetch& page : way->pages) {
      const double width = std::max(page.end_ms - page.begin_ms, 0.0);
      text += box("page", page.begin_ms, width, length, y, bar) + "/>\n";
      y += row;
    }
    top += group;
  }
  return text + "</svg>\n";
}

std::string loops_legend() {
  std::string text = "<ul class=\"legend\">";
  for (const legend_entry& one : legend) {
    text.append("<li><svg width=\"22\" height=\"12\" aria-hidden=\"true\"><rect class=\"");
    text.append(one.kind).append("\" width=\"22\" height=\"12\"/>");
    text.append("<line class=\"thread\" x2=\"22\" y1=\"11.5\" y2=\"11.5\"/></svg> ");
    text.append(one.text).append("</li>");
  }
  return text + "</ul>\n";
}

std::string loops_file(const timeline& what, std::string_view title) {
  constexpr int width = 880;
  constexpr int margin = 20;
  constexpr int head = 64;
  const int inner = lanes_height(what) + axis_height;
  const int height = head + inner + margin;
  const std::string size =
      "width=\"" + std::to_string(width) + "\" height=\"" + std::to_string(height) + "\"";
  std::string text = "<svg xmlns=\"http://www.w3.org/2000/svg\" " + size + " viewBox=\"0 0 " +
                     std::to_string(width) + " " + std::to_string(height) +
                     "\" role=\"img\" aria-label=\"" + escaped(title) + "\">\n";
  text += "<style>\n" + palette() + chart_style() + "</style>\n<rect class=\"paper\" " + size +
          "/>\n" + caption(title, margin, 24, "title");
  int x = margin;
  for (const legend_entry& one : legend) {
    text += "<rect class=\"" + std::string(one.kind) + "\" x=\"" + std::to_string(x) +
            "\" y=\"37\" width=\"22\" height=\"11\"/>" + "<line class=\"thread\" x1=\"" +
            std::to_string(x) + "\" x2=\"" + std::to_string(x + 22) +
            "\" y1=\"47.5\" y2=\"47.5\"/>" + caption(one.text, x + 28, 47);
    x += 28 + 26 + static_cast<int>(std::string_view(one.text).size()) * 7;
  }
  text += "<svg x=\"" + std::to_string(margin) + "\" y=\"" + std::to_string(head) + "\" width=\"" +
          std::to_string(width - 2 * margin) + "\" height=\"" + std::to_string(inner) + "\">\n";
  text += axis(what.length_ms, lanes_height(what)) + lanes(what);
  return text + "</svg>\n</svg>\n";
}

}  // namespace lab
