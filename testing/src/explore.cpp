// SPDX-License-Identifier: MIT
// Trying schedules, and shrinking the one that fails.
#include <heddle/testing/explore.hpp>

#include "explorer.hpp"
#include "replay.hpp"
#include "settings.hpp"

#include <cstdio>

namespace heddle::testing {

namespace {

using detail::explorer;
using detail::schedule;

failure tell(const explorer::finding& found, const explore_options& options) {
  failure result;
  result.seed = found.seed;
  result.schedule = found.answers.text();
  result.what = found.what;
  result.trace = found.trace;
  result.by_predicate = found.by_predicate;
  result.command = detail::command_that_replays(result.schedule, options.arguments);
  return result;
}

std::optional<explorer::finding> replay(explorer& of, const std::string& given) {
  const bool is_seed = given.find('/') == std::string::npos;
  const schedule answers = is_seed ? schedule{} : schedule::parse(given);
  auto found = is_seed ? of.run_seed(detail::parse_seed(given)) : of.run_schedule(answers);
  if (!found) {
    std::fprintf(stderr, "heddle::testing::explore: HEDDLE_SEED=%s: one run, no failure\n",
                 given.c_str());
  }
  if (const std::size_t missed = of.unmatched(answers); missed != 0) {
    std::fprintf(
        stderr,
        "heddle::testing::explore: HEDDLE_SEED=%s: %zu of its %zu choices did not come up: "
        "it is not this program's, or that has changed\n",
        given.c_str(), missed, answers.answers.size());
  }
  return found;
}

std::optional<explorer::finding> try_all(explorer& of, const explore_options& options,
                                         explore_progress& progress) {
  if (options.mode == exploration::exhaustive) return of.run_every(options.seeds, progress);
  while (progress.runs < options.seeds) {
    if (auto found = of.run_seed(options.first_seed + progress.runs++)) return found;
  }
  return std::nullopt;
}

}  // namespace

std::optional<failure> explore(const std::function<void()>& program, const explore_options& options,
                               spawn_site where) {
  detail::require_plain_thread("explore");
  explorer runs(program, options, where);
  explore_progress progress;
  std::optional<explorer::finding> found;
  if (const auto given = detail::seed_of_environment()) {
    progress.runs = 1;
    found = replay(runs, *given);
  } else {
    found = try_all(runs, options, progress);
    if (found) runs.shrink(*found);
  }
  if (options.progress != nullptr) *options.progress = progress;
  if (!found) return std::nullopt;
  return tell(*found, options);
}

}  // namespace heddle::testing
