// SPDX-License-Identifier: MIT
// From runs to points to fits.
#include "contrast_scaling.hpp"

namespace lab {

std::vector<scaling_curve> curves_of(const contrast_result& all, const job_contrast& of) {
  std::vector<scaling_curve> curves;
  for (const scaling_way& each : scaling_ways) {
    scaling_curve made{each, {}, {}, {}, {}};
    std::vector<scaling_point> to_cpus;
    const contrast_run* const one = of.find({each.how, 1});
    for (const unsigned workers : all.workers) {
      const contrast_run* const run = of.find({each.how, workers});
      if (one == nullptr || run == nullptr) continue;
      made.points.push_back({static_cast<double>(workers), one->wall_ms / run->wall_ms});
      if (workers <= all.cpus) to_cpus.push_back(made.points.back());
    }
    made.serial_to_cpus = fit_amdahl(to_cpus);
    made.serial = fit_amdahl(made.points);
    made.usl = fit_usl(made.points);
    curves.push_back(made);
  }
  return curves;
}

}  // namespace lab
