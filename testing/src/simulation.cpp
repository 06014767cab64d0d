// SPDX-License-Identifier: MIT
// Checks the options, and hands over to the decisions.
#include <heddle/testing/simulation.hpp>

#include "decisions.hpp"
#include "settings.hpp"

#include <stdexcept>
#include <utility>

namespace heddle::testing {

namespace {

constexpr const char* options_name = "simulation_options";

simulation_options checked(simulation_options options) {
  if (!options.schedule.empty()) options.loops = detail::schedule::parse(options.schedule).loops;
  detail::require(options.expected_turns >= 1, options_name, "expected_turns: at least 1");
  detail::require(options.most_turns >= 1, options_name, "most_turns: at least 1");
  options.settings =
      detail::simulated_settings(std::move(options.settings), options.loops, options_name);
  return options;
}

std::unique_ptr<detail::chooser> chooser_of(const simulation_options& options) {
  if (!options.schedule.empty()) {
    return detail::scheduled_chooser(detail::schedule::parse(options.schedule));
  }
  switch (options.mode) {
    case schedule_mode::random:
      return detail::random_chooser(options.seed);
    case schedule_mode::pct:
      return detail::priority_chooser(options.seed, options.loops, options.priority_changes,
                                      options.expected_turns);
  }
  throw std::invalid_argument("heddle::testing::simulation_options::mode: none of its values");
}

}  // namespace

simulation::simulation(std::uint64_t seed) : simulation(simulation_options{.seed = seed}) {}

simulation::simulation(simulation_options options)
    : options_(checked(std::move(options))),
      decisions_(std::make_unique<detail::decisions>(
          detail::decisions::limits{options_.most_turns, options_.most_records})),
      net_(decisions_->net()) {}

simulation::~simulation() = default;

config simulation::begin() {
  decisions_->begin(chooser_of(options_));
  return options_.settings;
}

heddle::detail::policy& simulation::decisions() noexcept { return *decisions_; }
std::string simulation::trace() const { return decisions_->trace(); }
std::uint64_t simulation::digest() const noexcept { return decisions_->digest(); }
std::uint64_t simulation::turns() const noexcept { return decisions_->turns(); }
std::chrono::nanoseconds simulation::elapsed() const noexcept { return decisions_->elapsed(); }
const std::string& simulation::left_behind() const noexcept { return decisions_->left_behind(); }

}  // namespace heddle::testing
