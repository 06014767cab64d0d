// SPDX-License-Identifier: MIT
// The scenarios of all files together.
#include "testing/scenarios/scenario.hpp"

#include <iterator>

namespace heddle::test {

std::vector<scenario> all_scenarios() {
  std::vector<scenario> all;
  for (auto* const part : {&call_scenarios, &descriptor_scenarios, &lock_scenarios, &name_scenarios,
                           &rival_scenarios, &signal_scenarios, &value_scenarios, &select_scenarios,
                           &task_scenarios, &wait_scenarios, &stream_scenarios}) {
    std::vector<scenario> some = part();
    all.insert(all.end(), std::make_move_iterator(some.begin()),
               std::make_move_iterator(some.end()));
  }
  return all;
}

}  // namespace heddle::test
