// SPDX-License-Identifier: MIT
// How the report looks: style sheets, as text. Nothing is fetched from anywhere.
// Colours: Okabe and Ito's set for colour-blind readers, darkened or lightened until they stand out
// from the paper by 3 to 1 at least; own and stolen work also differ in lightness.
#pragma once

#include <string>

namespace lab {

/// Returns the colours by name, for light and for dark screens.
std::string palette();

/// Returns the style of the pictures.
std::string chart_style();

/// Returns the style of the page around them.
std::string page_style();

}  // namespace lab
