// SPDX-License-Identifier: MIT
// A oneTBB arena, and as many of oneTBB's threads as it needs.
#pragma once

#include <cstddef>

namespace heddle::detail {

class tbb_arena {
 public:
  struct settings {
    unsigned threads;
    std::size_t stack_bytes;
  };
  /// Errors: std::bad_alloc.
  explicit tbb_arena(settings wanted);
  ~tbb_arena();
  tbb_arena(const tbb_arena&) = delete;
  tbb_arena& operator=(const tbb_arena&) = delete;

  /// Has `run(argument)` called by one of its threads, also after this object's end. Errors:
  /// std::bad_alloc: it will not be; std::runtime_error: oneTBB cannot start a thread, but some
  /// thread, some day, may call it.
  void enqueue(void (*run)(void*) noexcept, void* argument);

 private:
  struct parts;  // what needs oneTBB's headers
  parts* parts_;
};

}  // namespace heddle::detail
