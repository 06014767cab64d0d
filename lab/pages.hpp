// SPDX-License-Identifier: MIT
// Part 1: pages that take a while, fetched one after another and all at once.
#pragma once

#include "settings.hpp"
#include "text.hpp"
#include "trace.hpp"

#include <cstdint>
#include <vector>

namespace lab {

constexpr unsigned page_count = 20;

/// When a page was asked for and when it was there, since the first one was asked for.
struct fetch {
  double begin_ms = 0;
  double end_ms = 0;
};

/// One way to fetch all pages.
struct fetching {
  double total_ms = 0;
  std::vector<fetch> pages;
  timeline loops;
};

/// Both ways in one runtime, the best of several rounds.
struct page_run {
  unsigned loops = 1;
  fetching one_by_one;
  fetching at_once;

  double speed_up() const { return one_by_one.total_ms / at_once.total_ms; }
};

struct pages_result {
  page_run one_loop;
  page_run all_loops;
  std::uint64_t fetched = 0;
  std::uint64_t failed = 0;
};

pages_result run_pages(const settings& with);

table table_of(const pages_result& result);

}  // namespace lab
