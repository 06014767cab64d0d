// SPDX-License-Identifier: MIT
// What the pictures are put together from: SVG elements, bars, an axis.
// Invariant: across, everything is a share of the width; down, and for text, it is pixels.
#pragma once

#include <initializer_list>
#include <string>
#include <string_view>

namespace lab {

constexpr int label_height = 18;
constexpr int axis_height = 24;

struct attribute {
  std::string_view name;
  std::string value;
};

/// Returns an element and a line break. `inside` is markup already.
std::string element(std::string_view tag, std::initializer_list<attribute> attributes,
                    std::string_view inside = {});

std::string number(int value);

/// Returns a part of a whole as SVG has it: "12.500%".
std::string percent(double part, double whole);

/// Where a bar is: across in shares of the whole, down in pixels.
struct place {
  double x;
  double width;
  double whole;
  int y;
  int height;
};

std::string bar(std::string_view kind, const place& at, std::string_view inside = {});

std::string caption(std::string_view text, int x, int y, std::string_view kind = "label");

/// Returns the line below a lane: where the loop sleeps it is all there is.
std::string thread(const std::string& from, const std::string& to, const std::string& y);

/// Returns ticks with numbers and lines from 0 to `length`, below a picture of that height.
std::string axis(double length, int height, std::string_view unit = "ms");

/// Returns a picture as wide as the page. `alt` is read out to those who cannot see it.
std::string chart(int height, std::string_view alt, std::string_view inside);

}  // namespace lab
