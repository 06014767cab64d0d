// SPDX-License-Identifier: MIT
// Pictures of time, as SVG: what every loop did, and when every page was under way.
// Invariants: (1) across, everything is a share of the width and text keeps its size, so a picture
// fits any page; (2) colours are names, which the page's style sheet sets (report_style.hpp).
#pragma once

#include "pages.hpp"
#include "trace.hpp"

#include <string>
#include <string_view>

namespace lab {

/// Draws a lane for each loop, with an axis in milliseconds. `alt` is read out to those who cannot
/// see it.
std::string draw_loops(const timeline& what, std::string_view alt);

/// Draws a bar for each page of both ways to fetch them, on one axis.
std::string draw_fetches(const page_run& run);

/// Explains the colours of draw_loops, as HTML.
std::string loops_legend();

/// Draws lanes, title and legend as an SVG file of its own.
std::string loops_file(const timeline& what, std::string_view title);

}  // namespace lab
