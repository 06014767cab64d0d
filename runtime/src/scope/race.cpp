// SPDX-License-Identifier: MIT
// How a race that nobody has won, and calls without a meaning, are reported.
#include <heddle/runtime/map.hpp>
#include <heddle/runtime/race.hpp>

#include <algorithm>
#include <stdexcept>

namespace heddle::detail {

void throw_all_failed(std::vector<late_failure> failures, std::size_t calls) {
  if (failures.empty()) {
    throw task_cancelled("heddle: of the calls of a race all were cancelled");
  }
  const std::size_t were_cancelled = calls - failures.size();
  std::ranges::sort(failures, {}, &late_failure::order);
  std::vector<std::exception_ptr> all;
  all.reserve(failures.size());
  for (late_failure& each : failures) all.push_back(std::move(each.error));
  throw all_failed(std::move(all), were_cancelled);
}

void throw_no_limit() {
  throw std::invalid_argument("heddle::map: limit = 0: no call could ever start");
}

void throw_no_racers() {
  throw std::invalid_argument("heddle: race or any of an empty range: there is nobody to win");
}

}  // namespace heddle::detail
