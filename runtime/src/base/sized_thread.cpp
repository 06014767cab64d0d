// SPDX-License-Identifier: MIT
// pthread_create with a stack size.
#include "base/sized_thread.hpp"

namespace heddle::detail {

int start_sized_thread(pthread_t& handle, std::size_t stack_bytes, thread_main main,
                       void* argument) noexcept {
  pthread_attr_t how;
  if (const int error = ::pthread_attr_init(&how); error != 0) return error;
  int error = stack_bytes == 0 ? 0 : ::pthread_attr_setstacksize(&how, stack_bytes);
  if (error == 0) error = ::pthread_create(&handle, &how, main, argument);
  ::pthread_attr_destroy(&how);
  return error;
}

}  // namespace heddle::detail
