// SPDX-License-Identifier: MIT
// A oneTBB arena whose threads serve a line of calls.
// Invariants: (1) under lock_: tokens_ >= the number of calls in line; (2) when the destructor
// returns, no token is left that would look at the line. Not here: parallel algorithms
// (parallel.cpp). The threads themselves are oneTBB's, and stay with it.
#pragma once

#include <heddle/runtime/config.hpp>

#include "pool/call_line.hpp"
#include "pool/pool_thread.hpp"
#include "pool/tbb_arena.hpp"

#include <cstddef>
#include <mutex>
#include <optional>

namespace heddle::detail {

class cpu_pool final : public call_line {
 public:
  cpu_pool(const config& settings, pools& owner);
  /// Waits for its last token; nobody calls any more.
  ~cpu_pool();

 private:
  void send_somebody() override;
  static void token(void* pool) noexcept;
  void serve_one() noexcept;

  const config& settings_;
  const pool_thread threads_are_;
  std::once_flag started_;
  std::optional<tbb_arena> arena_;

  // Under lock_.
  std::size_t tokens_ = 0;
  waiter* closer_ = nullptr;  // the destructor
};

}  // namespace heddle::detail
