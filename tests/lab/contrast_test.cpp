// SPDX-License-Identifier: MIT
// Every setup is measured with the right answer and an echo that answers, and all of it gets into
// tables and pictures. Nothing here depends on how long something takes.
#include "contrast.hpp"

#include "contrast_pictures.hpp"
#include "contrast_report.hpp"
#include "contrast_scaling.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace lab {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::uint64_t primes = 1229;

prime_job small_job() { return {.below = 10'000, .pieces = 8}; }

/// A job of 100 ms for two CPUs and up to four workers, which nobody has to do.
contrast_result made_up() {
  contrast_result all;
  all.cpus = 2;
  all.workers = worker_counts(2);
  all.rounds = 1;
  for (job_contrast* job : {&all.computing, &all.mixed}) {
    job->job = small_job();
    job->serial_ms = 100;
    job->serial_cpu_ms = 100;
    job->primes = primes;
    const auto add = [job](setup with, double wall_ms) {
      contrast_run run;
      run.with = with;
      run.wall_ms = wall_ms;
      run.cpu_ms = 100;
      run.right = true;
      run.idle_ms = {0.1, 0.2};
      run.busy_ms = {1, 50};
      job->runs.push_back(run);
    };
    add({way::one_loop, 1}, 100);
    add({way::thread_each, 8}, 55);
    add({way::loops_one_free, 2}, 100);
    for (const unsigned n : all.workers) {
      add({way::global_lock, n}, 110);
      add({way::loops, n}, n == 1 ? 100 : 50);
      add({way::cpu_pool, n}, n == 1 ? 100 : 50);
    }
  }
  all.mixed.job.wait = std::chrono::milliseconds(2);
  return all;
}

std::size_t count_of(std::string_view what, const std::string& in) {
  std::size_t found = 0;
  for (std::size_t at = in.find(what); at != std::string::npos; at = in.find(what, at + 1)) ++found;
  return found;
}

TEST(contrast, each_setup_counts_the_primes_and_says_how_late_the_echo_was) {
  for (const setup with : usual_setups(2, small_job())) {
    const contrast_run run = measure_once(with, small_job(), primes);
    EXPECT_TRUE(run.right) << name_of(with);
    EXPECT_FALSE(run.idle_ms.empty()) << name_of(with);
    EXPECT_TRUE(std::is_sorted(run.busy_ms.begin(), run.busy_ms.end()));
    const bool on_loops = with.how != way::global_lock && with.how != way::thread_each;
    EXPECT_EQ(run.spans.loops.empty(), !on_loops) << name_of(with);
    EXPECT_EQ(run.turns.empty(), with.how != way::global_lock) << name_of(with);
  }
}

TEST(contrast, a_wrong_count_is_noticed) {
  EXPECT_FALSE(measure_once({way::one_loop, 1}, small_job(), primes + 1).right);
  contrast_result all = made_up();
  EXPECT_TRUE(all.right());
  all.mixed.runs.back().right = false;
  EXPECT_FALSE(all.right());
}

TEST(contrast, workers_go_to_twice_the_cpus_in_few_steps) {
  EXPECT_THAT(worker_counts(1), ElementsAre(1, 2));
  EXPECT_THAT(worker_counts(2), ElementsAre(1, 2, 3, 4));
  EXPECT_THAT(worker_counts(6), ElementsAre(1, 2, 4, 6, 8, 12));
  EXPECT_LE(worker_counts(128).size(), 10U);
}

TEST(contrast, on_one_cpu_no_loop_is_left_free) {
  EXPECT_EQ(usual_setups(1, small_job()).size(), 5U);
  EXPECT_EQ(usual_setups(2, small_job()).size(), 6U);
}

TEST(contrast, percentiles_are_values_that_were_measured) {
  EXPECT_EQ(percentile({}, 0.5), 0);
  EXPECT_EQ(percentile({7}, 0.99), 7);
  EXPECT_EQ(percentile({1, 2, 3}, 0.5), 2);
  EXPECT_EQ(percentile({1, 2, 3}, 1), 3);
}

TEST(contrast, the_tables_have_a_row_for_each_way) {
  const contrast_result all = made_up();
  const table times = times_of(all, all.computing);
  ASSERT_EQ(times.rows.size(), 7U);
  EXPECT_THAT(times.rows[4],
              ElementsAre("fibers on 2 loops", "50.0 ms", "100 ms", "2.00x", "100 %"));
  const table echo = echo_of(all, all.mixed);
  ASSERT_EQ(echo.rows.size(), 6U);
  for (const auto& row : echo.rows) EXPECT_EQ(row.size(), echo.head.size());
}

TEST(contrast, the_fits_stand_beside_the_speed_ups) {
  const contrast_result all = made_up();
  const table scaling = scaling_of(all, all.computing);
  ASSERT_EQ(scaling.rows.size(), scaling_ways.size());
  for (const auto& row : scaling.rows) EXPECT_EQ(row.size(), scaling.head.size());
  const std::vector<scaling_curve> curves = curves_of(all, all.computing);
  EXPECT_EQ(curves.at(0).serial_to_cpus, 0);  // of the loops: twice as fast on two
  EXPECT_EQ(curves.at(2).serial_to_cpus, 1);  // of the lock: no faster
}

TEST(contrast, a_thread_that_had_the_lock_for_a_while_has_a_lane) {
  contrast_run run;
  run.wall_ms = 100;
  run.turns = {{7, 0, 40}, {8, 40, 70}, {9, 70, 70.5}, {7, 70.5, 120}};
  const std::string picture = draw_turns(run, "who had the lock");
  EXPECT_EQ(count_of("class=\"own\"", picture), 3U);
  EXPECT_THAT(picture, HasSubstr("thread 1: had the lock 30 %"));
  EXPECT_EQ(picture.find("thread 2"), std::string::npos);
}

TEST(contrast, pictures_and_section_show_every_run) {
  const contrast_result all = made_up();
  EXPECT_EQ(count_of("<rect", draw_ways(all.computing, all.cpus)), 12U);
  EXPECT_EQ(count_of("<circle", draw_scaling(all, all.computing)), 12U);
  const std::string section = contrast_section(all, 4);
  EXPECT_THAT(section, HasSubstr("<h2>4. One job, five ways</h2>"));
  EXPECT_THAT(section, HasSubstr("data-right=\"yes\""));
  EXPECT_EQ(count_of("<table>", section), 6U);
}

}  // namespace
}  // namespace lab
