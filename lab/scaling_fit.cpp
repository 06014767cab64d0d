// SPDX-License-Identifier: MIT
// Normal equations in one and two unknowns.
#include "scaling_fit.hpp"

#include <algorithm>
#include <cmath>

namespace lab {
namespace {

/// The sums that least squares of y = sigma u + kappa v are made of.
struct sums {
  double uu = 0;
  double uv = 0;
  double vv = 0;
  double uy = 0;
  double vy = 0;

  explicit sums(const std::vector<scaling_point>& points) {
    for (const scaling_point& point : points) {
      const double u = point.workers - 1;
      const double v = point.workers * (point.workers - 1);
      const double y = point.workers / point.speed_up - 1;
      uu += u * u;
      uv += u * v;
      vv += v * v;
      uy += u * y;
      vy += v * y;
    }
  }

  double determinant() const { return uu * vv - uv * uv; }

  /// Returns the sum of squares that is left, but for a constant.
  double error(const usl_fit& of) const {
    return of.sigma * of.sigma * uu + 2 * of.sigma * of.kappa * uv + of.kappa * of.kappa * vv -
           2 * of.sigma * uy - 2 * of.kappa * vy;
  }
};

}  // namespace

double usl_fit::speed_up(double workers) const {
  return workers / (1 + sigma * (workers - 1) + kappa * workers * (workers - 1));
}

std::optional<double> usl_fit::best_workers() const {
  if (kappa <= 0) return std::nullopt;
  return std::max(1.0, std::sqrt((1 - sigma) / kappa));
}

std::optional<double> fit_amdahl(const std::vector<scaling_point>& points) {
  double xx = 0;
  double xy = 0;
  for (const scaling_point& point : points) {
    const double x = 1 - 1 / point.workers;
    const double y = 1 / point.speed_up - 1 / point.workers;
    xx += x * x;
    xy += x * y;
  }
  if (xx <= 0) return std::nullopt;
  return std::clamp(xy / xx, 0.0, 1.0);
}

std::optional<usl_fit> fit_usl(const std::vector<scaling_point>& points) {
  const sums all(points);
  if (all.determinant() <= 1e-9 * all.uu * all.vv) return std::nullopt;
  const usl_fit free{(all.uy * all.vv - all.vy * all.uv) / all.determinant(),
                     (all.vy * all.uu - all.uy * all.uv) / all.determinant()};
  if (free.sigma >= 0 && free.sigma <= 1 && free.kappa >= 0) return free;
  // The error is convex: the best of those allowed lies on an edge, and there is a formula for
  // each.
  const double full = std::max(0.0, (all.vy - all.uv) / all.vv);
  const std::vector<usl_fit> edges{
      {0, std::max(0.0, all.vy / all.vv)}, {1, full}, {std::clamp(all.uy / all.uu, 0.0, 1.0), 0}};
  return *std::min_element(edges.begin(), edges.end(), [&all](const usl_fit& a, const usl_fit& b) {
    return all.error(a) < all.error(b);
  });
}

}  // namespace lab
