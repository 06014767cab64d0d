// SPDX-License-Identifier: MIT
// Fits of curves whose coefficients are known, and of such that no allowed coefficient explains.
#include "scaling_fit.hpp"

#include <gtest/gtest.h>

#include <cmath>

namespace lab {
namespace {

constexpr double exact = 1e-9;

double amdahl(double serial, double workers) { return 1 / (serial + (1 - serial) / workers); }

template <class Law>
std::vector<scaling_point> curve(unsigned most_workers, Law law) {
  std::vector<scaling_point> points;
  for (unsigned n = 1; n <= most_workers; ++n) points.push_back({double(n), law(double(n))});
  return points;
}

double usl_error(const std::vector<scaling_point>& points, const usl_fit& fit) {
  double sum = 0;
  for (const auto& [n, speed_up] : points) {
    const double left = n / speed_up - 1 - fit.sigma * (n - 1) - fit.kappa * n * (n - 1);
    sum += left * left;
  }
  return sum;
}

TEST(scaling_fit, amdahls_fraction_of_a_curve_is_found_again) {
  for (const double serial : {0.0, 0.05, 0.5, 1.0}) {
    const auto points = curve(4, [&](double n) { return amdahl(serial, n); });
    EXPECT_NEAR(fit_amdahl(points).value(), serial, exact);
  }
  EXPECT_NEAR(fit_amdahl({{1, 1}, {2, amdahl(0.2, 2)}}).value(), 0.2, exact);
}

TEST(scaling_fit, sigma_and_kappa_of_a_curve_are_found_again) {
  for (const usl_fit known : {usl_fit{0, 0}, {0.1, 0}, {0, 0.02}, {0.05, 0.01}, {1, 0}}) {
    const auto points = curve(4, [&](double n) { return known.speed_up(n); });
    const usl_fit found = fit_usl(points).value();
    EXPECT_NEAR(found.sigma, known.sigma, exact);
    EXPECT_NEAR(found.kappa, known.kappa, exact);
  }
}

TEST(scaling_fit, without_kappa_the_universal_law_is_amdahls) {
  for (const double n : {1.0, 2.0, 16.0}) {
    EXPECT_NEAR((usl_fit{0.3, 0}.speed_up(n)), amdahl(0.3, n), exact);
  }
}

TEST(scaling_fit, more_workers_than_the_best_number_are_slower) {
  const usl_fit fit{0.1, 0.01};
  const double best = fit.best_workers().value();
  EXPECT_NEAR(best, std::sqrt(90.0), exact);
  EXPECT_GT(fit.speed_up(best), fit.speed_up(best + 0.5));
  EXPECT_GT(fit.speed_up(best), fit.speed_up(best - 0.5));
  EXPECT_FALSE((usl_fit{0.1, 0}.best_workers()));
}

TEST(scaling_fit, two_cpus_and_four_workers_have_their_knee_in_the_fit) {
  const auto points = curve(4, [](double n) { return std::min(n, 2.0); });
  EXPECT_NEAR(fit_amdahl({points.begin(), points.begin() + 2}).value(), 0, exact);
  EXPECT_GT(fit_amdahl(points).value(), 0.1);
  const usl_fit usl = fit_usl(points).value();
  EXPECT_GT(usl.kappa, 0);
  EXPECT_GT(usl.speed_up(2), 1.5);
}

TEST(scaling_fit, noise_that_is_better_than_linear_gives_no_negative_coefficient) {
  const std::vector<scaling_point> points{{1, 1}, {2, 2.4}, {3, 3.3}, {4, 4.5}};
  EXPECT_EQ(fit_amdahl(points).value(), 0);
  const usl_fit usl = fit_usl(points).value();
  EXPECT_EQ(usl.sigma, 0);
  EXPECT_EQ(usl.kappa, 0);
}

TEST(scaling_fit, at_an_edge_no_allowed_neighbour_is_better) {
  for (const std::vector<scaling_point>& points :
       {std::vector<scaling_point>{{1, 1}, {2, 0.6}, {3, 1.3}, {4, 0.9}},
        {{1, 1}, {2, 1.9}, {3, 1.8}, {4, 1.0}},
        {{1, 1}, {2, 1.1}, {3, 1.9}, {4, 2.9}}}) {
    const usl_fit found = fit_usl(points).value();
    for (int percent = 0; percent <= 100; ++percent) {
      for (int thousandth = 0; thousandth <= 500; thousandth += 5) {
        const usl_fit other{percent / 100.0, thousandth / 1000.0};
        ASSERT_GE(usl_error(points, other), usl_error(points, found) - exact);
      }
    }
  }
}

TEST(scaling_fit, too_few_points_give_nothing) {
  EXPECT_FALSE(fit_amdahl({}));
  EXPECT_FALSE(fit_amdahl({{1, 1}}));
  EXPECT_FALSE(fit_usl({{1, 1}, {2, 1.9}}));
  EXPECT_FALSE(fit_usl({{2, 1.8}, {2, 1.9}}));
}

}  // namespace
}  // namespace lab
