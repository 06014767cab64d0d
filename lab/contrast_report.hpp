// SPDX-License-Identifier: MIT
// Part 4's tables, and its section of the page.
#pragma once

#include "contrast.hpp"
#include "text.hpp"

#include <string>

namespace lab {

/// Lists times, speed-up against plain calls, and efficiency: that by the number of CPUs.
table times_of(const contrast_result& all, const job_contrast& of);

/// Lists how late the echo was, before the job and beside it.
table echo_of(const contrast_result& all, const job_contrast& of);

/// Lists speed-ups against one worker of the same way, and the laws fitted to them.
table scaling_of(const contrast_result& all, const job_contrast& of);

/// Returns the section with this number.
std::string contrast_section(const contrast_result& all, unsigned part);

}  // namespace lab
