// SPDX-License-Identifier: MIT
// Lanes and bars.
#include "timeline.hpp"

#include "report_style.hpp"
#include "svg.hpp"
#include "text.hpp"

#include <algorithm>
#include <array>
#include <vector>

namespace lab {
namespace {

constexpr int bar_height = 26;
constexpr int lane_height = label_height + bar_height + 8;
constexpr double drawn_pixels = 1200;  // closer together than one of these is one

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
  const auto name = whole.names.find(one.who);
  std::string title;
  if (name != whole.names.end()) {
    title = element("title", {},
                    escaped(name->second) + ", " + milliseconds(one.length_ms()) +
                        (one.what == span::kind::stolen ? ", stolen" : ""));
    title.pop_back();  // the line break: titles are shown as they are
  }
  return bar(class_of(one.what), {one.begin_ms, width, whole.length_ms, y, bar_height}, title);
}

std::string describe(const timeline& what, std::size_t loop) {
  const auto part = [&](span::kind kind) {
    return decimal(100 * share(what, loop, kind), 0) + " %";
  };
  std::string text =
      "loop " + std::to_string(loop) + ": ran its own fibers " + part(span::kind::own);
  if (what.loops.size() > 1) text += ", stolen ones " + part(span::kind::stolen);
  return text + ", asleep " + part(span::kind::asleep);
}

int lanes_height(const timeline& what) { return static_cast<int>(what.loops.size()) * lane_height; }

std::string lanes(const timeline& what) {
  std::string text;
  for (std::size_t loop = 0; loop < what.loops.size(); ++loop) {
    const int top = static_cast<int>(loop) * lane_height;
    const int y = top + label_height;
    text += caption(describe(what, loop), 0, top + 13);
    text += bar("awake", {0, what.length_ms, what.length_ms, y, bar_height});
    for (const span& one : thinned(what.loops[loop], what.length_ms)) {
      text += draw_span(one, what, y);
    }
    text += thread("0", "100%", number(y + bar_height - 1));
  }
  return text;
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
  return chart(height + axis_height, alt, axis(what.length_ms, height) + lanes(what));
}

std::string draw_fetches(const page_run& run) {
  constexpr int row = 7;
  constexpr int thickness = 5;
  constexpr int group = label_height + row * static_cast<int>(page_count) + 10;
  const double length = std::max(run.one_by_one.total_ms, run.at_once.total_ms) * 1.001;
  std::string text = axis(length, 2 * group);
  int top = 0;
  for (const fetching* way : {&run.one_by_one, &run.at_once}) {
    const std::string says = way == &run.one_by_one ? "one after another: " : "at once: ";
    text += caption(says + milliseconds(way->total_ms), 0, top + 13);
    int y = top + label_height;
    for (const fetch& page : way->pages) {
      const double width = std::max(page.end_ms - page.begin_ms, 0.0);
      text += bar("page", {page.begin_ms, width, length, y, thickness});
      y += row;
    }
    top += group;
  }
  return chart(2 * group + axis_height, "When each of the 20 pages was under way", text);
}

std::string loops_legend() {
  std::string entries;
  for (const legend_entry& one : legend) {
    const std::string sample =
        element("svg", {{"width", "22"}, {"height", "12"}, {"aria-hidden", "true"}},
                element("rect", {{"class", one.kind}, {"width", "22"}, {"height", "12"}}) +
                    thread("0", "22", "11.5"));
    entries += element("li", {}, sample + one.text);
  }
  return element("ul", {{"class", "legend"}}, entries);
}

std::string loops_file(const timeline& what, std::string_view title) {
  constexpr int width = 880;
  constexpr int margin = 20;
  constexpr int head = 64;
  const int inner = lanes_height(what) + axis_height;
  const int height = head + inner + margin;
  std::string text = element("style", {}, "\n" + palette() + chart_style());
  text +=
      element("rect", {{"class", "paper"}, {"width", number(width)}, {"height", number(height)}});
  text += caption(title, margin, 24, "title");
  int x = margin;
  for (const legend_entry& one : legend) {
    text += element(
        "rect",
        {{"class", one.kind}, {"x", number(x)}, {"y", "37"}, {"width", "22"}, {"height", "11"}});
    text += thread(number(x), number(x + 22), "47.5") + caption(one.text, x + 28, 47);
    x += 54 + 7 * static_cast<int>(std::string_view(one.text).size());
  }
  text += element("svg",
                  {{"x", number(margin)},
                   {"y", number(head)},
                   {"width", number(width - 2 * margin)},
                   {"height", number(inner)}},
                  axis(what.length_ms, lanes_height(what)) + lanes(what));
  return element("svg",
                 {{"xmlns", "http://www.w3.org/2000/svg"},
                  {"width", number(width)},
                  {"height", number(height)},
                  {"viewBox", "0 0 " + number(width) + " " + number(height)},
                  {"role", "img"},
                  {"aria-label", std::string(title)}},
                 text);
}

}  // namespace lab
