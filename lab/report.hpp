// SPDX-License-Identifier: MIT
// The demo's report: one HTML file with its style and pictures inside, and no script.
#pragma once

#include "contrast.hpp"
#include "cpu_job.hpp"
#include "load.hpp"
#include "pages.hpp"
#include "settings.hpp"

#include <string>

namespace lab {

struct results {
  pages_result pages;
  load_result service;
  cpu_result cpu;
  contrast_result contrast;

  /// Returns whether every request was answered rightly and all ways to compute agree.
  bool good() const;
};

/// Returns the table that sums it up: what waiting and what computing gain from fibers, from loops.
table summary_of(const results& all);

/// Returns the whole page. Sections carry their key numbers as data- attributes, for programs.
std::string report_of(const results& all, const settings& with);

}  // namespace lab
