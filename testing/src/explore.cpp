// SPDX-License-Identifier: MIT
// Trying schedules, and shrinking the one that fails.
#include <heddle/testing/explore.hpp>

#include "explorer.hpp"
#include "replay.hpp"

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
  result.command = detail::command_that_replays(result.schedule, options.arguments);
  return result;
}

std::optional<explorer::finding> replay(explorer& of, const std::string& given) {
  if (given.find('/') != std::string::npos) return of.run_schedule(schedule::parse(given));
  return of.run_seed(detail::parse_seed(given));
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
