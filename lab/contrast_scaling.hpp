// SPDX-License-Identifier: MIT
// Part 4's curves: what each way that has a number of workers gains from more of them, and the laws
// fitted to it. Invariant: a speed-up here is against one worker of the same way, as the laws have
// it, not against plain calls.
#pragma once

#include "contrast.hpp"
#include "scaling_fit.hpp"

#include <array>
#include <optional>
#include <string_view>
#include <vector>

namespace lab {

/// The ways with a number of workers.
struct scaling_way {
  way how;
  std::string_view name;
  std::string_view colour;  ///< a class of the style sheet
};

constexpr std::array<scaling_way, 3> scaling_ways{{
    {way::loops, "fibers on n loops", "own"},
    {way::cpu_pool, "one loop, CPU pool of n", "page"},
    {way::global_lock, "n threads, one lock", "stolen"},
}};

struct scaling_curve {
  scaling_way of;
  std::vector<scaling_point> points;
  std::optional<double> serial_to_cpus;  ///< Amdahl's fraction, of 1 to as many workers as CPUs
  std::optional<double> serial;          ///< the same, of all points
  std::optional<usl_fit> usl;            ///< of all points
};

std::vector<scaling_curve> curves_of(const contrast_result& all, const job_contrast& of);

}  // namespace lab
