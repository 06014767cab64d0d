// SPDX-License-Identifier: MIT
// Who answers the questions of one run: a seed, priorities, a list of answers, or all of them in
// turn. Invariants: (1) answers depend on the questions before and on nothing else; (2) answer 0 is
// what happens by itself: the loop that went last goes on, the first of equals comes first.
#pragma once

#include "schedule.hpp"

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace heddle::testing::detail {

class chooser {
 public:
  virtual ~chooser() = default;

  /// Returns a number below `bound`, which is 2 or more.
  virtual std::uint32_t choose(std::uint32_t bound) = 0;

  /// Returns an index into `loops`, which are two or more: who takes the next turn. In front stands
  /// the one that went last, if `went_on`.
  virtual std::uint32_t choose_loop(std::span<const unsigned> loops, bool went_on) = 0;
};

/// Each answer is as likely.
std::unique_ptr<chooser> random_chooser(std::uint64_t seed);

/// The loop of the highest priority takes every turn; at `changes` turns, somewhere in the first
/// `turns`, the highest becomes the lowest.
std::unique_ptr<chooser> priority_chooser(std::uint64_t seed, unsigned loops, unsigned changes,
                                          std::uint64_t turns);

/// As the schedule says, and 0 where it says nothing.
std::unique_ptr<chooser> scheduled_chooser(const schedule& answers);

/// All schedules of a program in which at most `most_preemptions` times a loop that could go on has
/// to wait for another: depth first, one after the other. Source: Musuvathi and Qadeer 2007,
/// doi:10.1145/1250734.1250785.
class every_schedule {
 public:
  explicit every_schedule(unsigned most_preemptions) : most_preemptions_(most_preemptions) {}

  /// Answers the next run.
  std::unique_ptr<chooser> begin();
  /// Goes on to the next schedule. Returns: false if there is none.
  bool advance();

 private:
  class walk;
  struct step {
    std::uint32_t answer;
    std::uint32_t bound;
  };
  unsigned most_preemptions_;
  std::vector<step> path_;
};

}  // namespace heddle::testing::detail
