// SPDX-License-Identifier: MIT
// The two words in which the C++ runtime keeps the exceptions in flight of a thread; a fiber has
// its own. Boost.Context's jump does not save them (its fiber class does from 1.88 on; heddle uses
// the jump). Park inside a catch, let another fiber throw, and `throw;` rethrows the wrong
// exception, so the switch saves and restores both words on both sides. Invariants: (1) the pointer
// belongs to a thread: it is looked up once per loop and handed in, because the declaration in
// <cxxabi.h> is const and would be folded across a switch. Source: Itanium C++ ABI, exception
// handling, 2.2.2 (__cxa_get_globals).
#pragma once

namespace heddle::detail {

/// What lies behind __cxa_get_globals().
struct eh_globals {
  void* caught_exceptions = nullptr;
  unsigned int uncaught_exceptions = 0;

  bool any() const noexcept { return caught_exceptions != nullptr || uncaught_exceptions != 0; }
};

/// Returns the calling thread's words.
eh_globals* eh_globals_of_thread() noexcept;

}  // namespace heddle::detail
