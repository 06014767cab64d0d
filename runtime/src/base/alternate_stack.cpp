// SPDX-License-Identifier: MIT
// sigaltstack for the calling thread.
#include "base/alternate_stack.hpp"

#include <signal.h>
#include <sys/mman.h>

#include <cstddef>

namespace heddle::detail {

namespace {

constexpr std::size_t alternate_bytes = 64 * 1024;

}  // namespace

alternate_stack::alternate_stack(bool wanted) {
  if (!wanted) return;
  void* const memory =
      ::mmap(nullptr, alternate_bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) return;  // an overflow then ends the process without a message
  memory_ = memory;
  stack_t alternate{};
  alternate.ss_sp = memory;
  alternate.ss_size = alternate_bytes;
  ::sigaltstack(&alternate, nullptr);
}

alternate_stack::~alternate_stack() {
  if (memory_ == nullptr) return;
  stack_t off{};
  off.ss_flags = SS_DISABLE;
  ::sigaltstack(&off, nullptr);
  ::munmap(memory_, alternate_bytes);
}

}  // namespace heddle::detail
