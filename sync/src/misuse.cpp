// SPDX-License-Identifier: MIT
// See misuse.hpp.
#include "misuse.hpp"

#include <heddle/sync/detail/line.hpp>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <system_error>

namespace heddle::sync {

void stop_for_misuse(const char* what) noexcept {
  std::fprintf(stderr, "%s\n", what);
  std::abort();
}

void detail::check_nobody_waits(bool nobody, const char* what) noexcept {
  if (nobody) [[likely]]
    return;
  const std::string text = std::string("heddle::sync::") + what;
  stop_for_misuse((text + ": destroyed while somebody waits for it").c_str());
}

void throw_not_held(const char* operation) {
  throw std::system_error(std::make_error_code(std::errc::operation_not_permitted),
                          std::string(operation) + ": the caller does not hold it");
}

void throw_held_already(const char* operation) {
  throw std::system_error(std::make_error_code(std::errc::resource_deadlock_would_occur),
                          std::string(operation) + ": the caller holds it already");
}

}  // namespace heddle::sync
