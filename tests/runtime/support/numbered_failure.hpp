// SPDX-License-Identifier: MIT
// An error that carries the number of who has thrown it.
#pragma once

#include <exception>
#include <stdexcept>
#include <string>

namespace heddle::test {

struct failure_of : std::runtime_error {
  explicit failure_of(int who) : std::runtime_error(std::to_string(who)), number(who) {}
  int number;
};

/// Returns the number that `error`, a failure_of, carries.
inline int number_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const failure_of& failure) {
    return failure.number;
  }
}

}  // namespace heddle::test
