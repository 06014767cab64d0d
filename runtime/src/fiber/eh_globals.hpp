// SPDX-License-Identifier: MIT
// The two words in which the C++ runtime keeps the exceptions in flight of a thread; a fiber has its own.
// Boost.Context before 1.88 does not save them. Park inside a catch, let another fiber throw, and `throw;`
// rethrows the wrong exception, so the switch saves and restores both words on both sides.
// Invariants: (1) the pointer belongs to a thread: it is looked up once per loop and handed in, because
// the declaration in <cxxabi.h> is const and would be folded across a switch.
// Source: Itanium C++ ABI, exception handling, 2.2.2 (__cxa_get_globals).
#pragma once

#include <boost/version.hpp>

namespace heddle::detail {

/// What lies behind __cxa_get_globals().
struct eh_globals {
  void* caught_exceptions = nullptr;
  unsigned int uncaught_exceptions = 0;
};

/// Boost.Context swaps them itself from 1.88 on; doing it twice would undo it.
inline constexpr bool boost_swaps_eh_globals = BOOST_VERSION >= 108800;

/// Returns the calling thread's words.
eh_globals* eh_globals_of_thread() noexcept;

}  // namespace heddle::detail
