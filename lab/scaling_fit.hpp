// SPDX-License-Identifier: MIT
// What two well-known laws say of a speed-up S(n) that was measured with n workers:
//   Amdahl                    S(n) = 1 / (s + (1 - s) / n)
//   universal scalability     S(n) = n / (1 + sigma (n - 1) + kappa n (n - 1))
// s and sigma are the share of the work that only one worker at a time can do; kappa is what every
// pair of workers costs, and makes more of them slower from some number on.
// Both are fitted by least squares in a form that is linear in what is sought, so that the answer
// is a formula: 1/S - 1/n = s (1 - 1/n), and n/S - 1 = sigma (n - 1) + kappa n (n - 1). Invariant:
// no coefficient is negative, and s and sigma are at most 1: the fit is the best of those. Sources:
// Amdahl 1967, doi:10.1145/1465482.1465560; Gunther, "A general theory of computational scalability
// based on rational functions", 2008, arXiv:0808.1431.
#pragma once

#include <optional>
#include <vector>

namespace lab {

/// A speed-up, against one worker of the same way.
struct scaling_point {
  double workers = 1;
  double speed_up = 1;
};

struct usl_fit {
  double sigma = 0;
  double kappa = 0;

  double speed_up(double workers) const;
  /// Returns the number of workers with the largest speed-up; nothing if there is none.
  std::optional<double> best_workers() const;
};

/// Returns Amdahl's serial fraction; nothing without a point of more than one worker.
std::optional<double> fit_amdahl(const std::vector<scaling_point>& points);

/// Returns sigma and kappa; nothing without points of two different numbers of workers above one.
std::optional<usl_fit> fit_usl(const std::vector<scaling_point>& points);

}  // namespace lab
