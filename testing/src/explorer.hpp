// SPDX-License-Identifier: MIT
// The runs of an exploration: each under a chooser, with what came out of it.
#pragma once

#include <heddle/testing/explore.hpp>

#include "chooser.hpp"
#include "decisions.hpp"
#include "schedule.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace heddle::testing::detail {

class explorer {
 public:
  /// A failed run.
  struct finding {
    std::uint64_t seed = 0;
    schedule answers;
    std::string kind;  // the exception's type: what shrinking must not change
    std::string what;
    std::string trace;
    bool by_predicate = false;  // nothing was thrown
  };

  /// Both must outlive the explorer. Errors: std::invalid_argument naming the option.
  explorer(const std::function<void()>& program, const explore_options& options, spawn_site where);

  std::optional<finding> run_seed(std::uint64_t seed);
  std::optional<finding> run_schedule(const schedule& answers);
  /// Runs up to `most` schedules, depth first.
  std::optional<finding> run_every(std::uint64_t most, explore_progress& progress);

  /// Replaces `found` by a failure of the same kind with fewer loops and fewer answers, as far as
  /// some can be found. Source: delta debugging, Zeller and Hildebrandt 2002,
  /// doi:10.1109/32.988498.
  void shrink(finding& found);

  /// Returns how many of the answers of `given` the last run has not made.
  std::size_t unmatched(const schedule& given) const;

 private:
  std::optional<finding> run(std::unique_ptr<chooser> who, unsigned loops);
  bool went_well(finding& found, const config& settings);
  std::unique_ptr<chooser> chooser_of(std::uint64_t seed, unsigned loops);
  std::uint64_t usual_turns(unsigned loops);
  bool improves(finding& found, std::unique_ptr<chooser> who, unsigned loops);
  void use_fewer_loops(finding& found);
  void use_fewer_answers(finding& found);

  const std::function<void()>& program_;
  const explore_options& options_;
  spawn_site where_;
  decisions decisions_;
  std::string unhandled_;  // what on_unhandled was told in this run
  unsigned shrinks_left_;
  unsigned measured_loops_ = 0;  // for how many usual_turns() is known
  std::uint64_t measured_turns_ = 0;
};

}  // namespace heddle::testing::detail
