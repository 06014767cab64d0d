// SPDX-License-Identifier: MIT
// The door to the C++ runtime's exception globals.
#include "fiber/eh_globals.hpp"

namespace __cxxabiv1 {
extern "C" void* __cxa_get_globals() noexcept;
}

namespace heddle::detail {

__attribute__((noinline)) eh_globals* eh_globals_of_thread() noexcept {
  return static_cast<eh_globals*>(__cxxabiv1::__cxa_get_globals());
}

}  // namespace heddle::detail
