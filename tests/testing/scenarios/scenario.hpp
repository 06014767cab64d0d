// SPDX-License-Identifier: MIT
// Small programs, one or more for each public operation that waits, with an account of what they
// must not lose: swept by cancellation at every point (sweep_test.cpp), of all of it or of one task
// where the others can do without that (tasks_stand_alone), and run under many
// schedules (seeds_test.cpp, stress/seeds.cpp). A scenario is a struct with program(), and after(),
// which holds the account once the program has ended or was cancelled: it throws `lost` if
// something is missing.
#pragma once

#include <functional>
#include <memory>
#include <ostream>
#include <stdexcept>
#include <string>
#include <vector>

namespace heddle::test {

struct lost : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// Throws `lost` with both numbers if they differ.
inline void account(const std::string& what, long long expected, long long found) {
  if (expected == found) return;
  throw lost(what + ": " + std::to_string(expected) + " expected, " + std::to_string(found) +
             " found");
}

struct scenario {
  /// One run of it, with its own objects.
  struct instance {
    std::function<void()> program;
    std::function<void()> after;
  };
  std::string name;
  std::function<instance()> make;
  /// Its tasks do not wait for one another's work: if one of them is cancelled, the others end.
  bool tasks_stand_alone = false;
};

template <class Program>
scenario scenario_of(std::string name) {
  return {std::move(name), [] {
            const auto own = std::make_shared<Program>();
            return scenario::instance{[own] { own->program(); }, [own] { own->after(); }};
          }};
}

template <class Program>
scenario stand_alone(std::string name) {
  scenario one = scenario_of<Program>(std::move(name));
  one.tasks_stand_alone = true;
  return one;
}

/// What a parameterised test prints of it.
inline void PrintTo(const scenario& one,  // NOLINT(readability-identifier-naming): GoogleTest's
                    std::ostream* out) {
  *out << one.name;
}

std::vector<scenario> call_scenarios();
std::vector<scenario> descriptor_scenarios();
std::vector<scenario> lock_scenarios();
std::vector<scenario> name_scenarios();
std::vector<scenario> rival_scenarios();
std::vector<scenario> signal_scenarios();
std::vector<scenario> value_scenarios();
std::vector<scenario> select_scenarios();
std::vector<scenario> task_scenarios();
std::vector<scenario> wait_scenarios();
std::vector<scenario> stream_scenarios();

/// All of them.
std::vector<scenario> all_scenarios();

}  // namespace heddle::test
