// SPDX-License-Identifier: MIT
// A thread whose stack has a given size, which std::thread cannot be told.
#pragma once

#include <pthread.h>

#include <cstddef>

namespace heddle::detail {

using thread_main = void* (*)(void*);

/// Starts a thread, to be joined by its handle. `stack_bytes` 0: the system's default. Returns: 0,
/// or the error number.
int start_sized_thread(pthread_t& handle, std::size_t stack_bytes, thread_main main,
                       void* argument) noexcept;

}  // namespace heddle::detail
