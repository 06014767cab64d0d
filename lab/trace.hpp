// SPDX-License-Identifier: MIT
// A piece of a runtime's event rings, as spans of time on each loop.
// Invariants: (1) the spans of a loop are in order and do not overlap; (2) all lie within
// [0, length_ms].
#pragma once

#include <heddle/runtime/error.hpp>
#include <heddle/runtime/runtime.hpp>
#include <heddle/runtime/stats.hpp>

#include <map>
#include <string>
#include <vector>

namespace lab {

using rings = std::vector<std::vector<heddle::trace_record>>;

/// Makes a mark in the calling fiber's event rings: runs a short task. Returns: its id.
/// Suspends: yes.
heddle::fiber_id mark();

/// A fiber that ran, or a loop that slept.
struct span {
  enum class kind { own, stolen, asleep };
  double begin_ms = 0;
  double end_ms = 0;
  kind what = kind::own;
  heddle::fiber_id who = heddle::fiber_id::none;

  double length_ms() const { return end_ms - begin_ms; }
};

struct timeline {
  double length_ms = 0;
  std::vector<std::vector<span>> loops;
  std::map<heddle::fiber_id, std::string> names;  ///< of the fibers worth a label
};

/// Returns what happened between two marks. Empty if a mark is no longer, or not yet, in the rings.
timeline between(const rings& all, heddle::fiber_id first_mark, heddle::fiber_id last_mark);

/// Returns how long a loop ran fibers, or slept, in all: a share of the timeline, 0 to 1.
double share(const timeline& of, std::size_t loop, span::kind what);

}  // namespace lab
