// SPDX-License-Identifier: MIT
// One run after the other.
#include "explorer.hpp"

#include <heddle/runtime/cancelled.hpp>
#include <heddle/runtime/detail/simulated_run.hpp>

#include "settings.hpp"

#include <algorithm>
#include <exception>
#include <stdexcept>
#include <typeinfo>
#include <utility>

namespace heddle::testing::detail {

namespace {
constexpr const char* options_name = "explore_options";
}  // namespace

explorer::explorer(const std::function<void()>& program, const explore_options& options,
                   spawn_site where)
    : program_(program),
      options_(options),
      where_(where),
      decisions_({options.most_turns, 100'000}),
      shrinks_left_(options.shrink_runs) {
  simulated_settings(options.settings, options.loops, options_name);
  require(options.most_turns >= 1, options_name, "most_turns: at least 1");
  require(options.mode <= exploration::exhaustive, options_name, "mode: none of its values");
  if (!program) throw std::invalid_argument("heddle::testing::explore: the program is empty");
}

/// Runs the program once. Returns: false, with kind and text in `found`, if that failed.
bool explorer::went_well(finding& found, const config& settings) {
  try {
    heddle::detail::run_simulated(settings, decisions_, program_, where_);
  } catch (const std::exception& error) {
    found.kind = typeid(error).name();
    found.what = error.what();
    return false;
  } catch (...) {
    found.kind = found.what = "something that is no std::exception was thrown";
    return false;
  }
  if (unhandled_.empty()) return true;
  found.kind = "unhandled error";
  found.what = unhandled_;
  return false;
}

std::optional<explorer::finding> explorer::run(std::unique_ptr<chooser> who, unsigned loops) {
  config settings = simulated_settings(options_.settings, loops, options_name);
  if (!settings.on_unhandled) {
    settings.on_unhandled = [this](const unhandled_error& error) { unhandled_ = error.describe(); };
  }
  unhandled_.clear();
  decisions_.begin(std::move(who));
  finding found;
  const bool well = went_well(found, settings);
  const bool failed = options_.failed && options_.failed();
  if (well && !failed) return std::nullopt;
  found.by_predicate = well;
  if (well) found.kind = found.what = "explore_options::failed said that it did";
  found.answers = {loops, decisions_.answers()};
  found.trace = decisions_.trace();
  return found;
}

std::uint64_t explorer::usual_turns(unsigned loops) {
  if (std::exchange(measured_loops_, loops) != loops) {
    run(random_chooser(0), loops);
    measured_turns_ = std::max<std::uint64_t>(decisions_.turns(), 1);
  }
  return measured_turns_;
}

std::unique_ptr<chooser> explorer::chooser_of(std::uint64_t seed, unsigned loops) {
  if (options_.mode != exploration::pct) return random_chooser(seed);
  return priority_chooser(seed, loops, options_.priority_changes, usual_turns(loops));
}

std::optional<explorer::finding> explorer::run_seed(std::uint64_t seed) {
  require(options_.mode != exploration::exhaustive, options_name,
          "mode: an exhaustive exploration has no seeds");
  auto found = run(chooser_of(seed, options_.loops), options_.loops);
  if (found) found->seed = seed;
  return found;
}

std::optional<explorer::finding> explorer::run_schedule(const schedule& answers) {
  return run(scheduled_chooser(answers), answers.loops);
}

std::optional<explorer::finding> explorer::run_every(std::uint64_t most,
                                                     explore_progress& progress) {
  every_schedule all(options_.most_preemptions);
  while (progress.runs < most) {
    ++progress.runs;
    if (auto found = run(all.begin(), options_.loops)) return found;
    progress.complete = !all.advance();
    if (progress.complete) break;
  }
  return std::nullopt;
}

/// Takes what `who` makes for `found` if it is a failure of the same kind, and smaller.
bool explorer::improves(finding& found, std::unique_ptr<chooser> who, unsigned loops) {
  if (shrinks_left_ == 0) return false;
  --shrinks_left_;
  auto again = run(std::move(who), loops);
  if (!again || again->kind != found.kind) return false;
  const auto size = [](const finding& of) {
    return std::pair(of.answers.loops, of.answers.answers.size());
  };
  if (size(*again) >= size(found)) return false;
  again->seed = found.seed;
  found = std::move(*again);
  return true;
}

void explorer::use_fewer_loops(finding& found) {
  constexpr std::uint64_t tries = 30;
  for (unsigned loops = 1; loops < found.answers.loops; ++loops) {
    for (std::uint64_t seed = 1; seed <= tries; ++seed) {
      if (improves(found, random_chooser(seed), loops)) return;
    }
  }
}

void explorer::use_fewer_answers(finding& found) {
  for (std::size_t chunk = std::max<std::size_t>(found.answers.answers.size(), 1); chunk > 0;
       chunk /= 2) {
    for (std::size_t at = 0; at < found.answers.answers.size();) {
      schedule less = found.answers;
      const auto begin = less.answers.begin() + static_cast<std::ptrdiff_t>(at);
      const auto left = static_cast<std::size_t>(less.answers.end() - begin);
      less.answers.erase(begin, begin + static_cast<std::ptrdiff_t>(std::min(chunk, left)));
      if (!improves(found, scheduled_chooser(less), less.loops)) at += chunk;
    }
  }
}

void explorer::shrink(finding& found) {
  use_fewer_loops(found);
  use_fewer_answers(found);
  const auto again = run_schedule(found.answers);
  if (again && again->kind == found.kind) return;
  found.what +=
      "\n(it does not fail again under this schedule: something besides the seed decides, such as "
      "what one run leaves to the next, a real clock, an address)";
}

std::size_t explorer::unmatched(const schedule& given) const {
  const auto& made = decisions_.answers();
  return static_cast<std::size_t>(
      std::count_if(given.answers.begin(), given.answers.end(), [&made](const auto& each) {
        return std::find(made.begin(), made.end(), each) == made.end();
      }));
}

}  // namespace heddle::testing::detail
