// SPDX-License-Identifier: MIT
// Pictures of part 4, as SVG: bars for the ways, points for the numbers of workers, and the echo
// over time. Invariants: as timeline.hpp's.
#pragma once

#include "contrast.hpp"

#include <string>
#include <string_view>

namespace lab {

/// Draws, for each of the usual ways, how long the job took, and below it how late the echo was for
/// the slowest of a hundred questions.
std::string draw_ways(const job_contrast& of, unsigned cpus);

/// Explains the colours of draw_ways, as HTML.
std::string ways_legend();

/// Draws speed-ups over numbers of workers: points as measured, lines as the USL fit has them.
std::string draw_scaling(const contrast_result& all, const job_contrast& of);

std::string scaling_legend();

/// Draws a bar for each time that somebody waited for an echo, as long as `run`'s timeline, or, if
/// it has none, as the job.
std::string draw_waits(const contrast_run& run);

/// Explains the colours of draw_waits and draw_turns.
std::string waits_legend();

/// Draws a lane for each thread that had the lock for a while, as draw_loops does for loops.
std::string draw_turns(const contrast_run& run, std::string_view alt);

}  // namespace lab
