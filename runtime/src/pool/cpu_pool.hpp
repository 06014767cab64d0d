// SPDX-License-Identifier: MIT
// A oneTBB arena whose threads serve a line of calls.
// Invariants: (1) for each call in line a token is in the arena, or about to be; (2) a token that
// is left over finds an empty line: it has a share in the pool, which lives until the last of them;
// (3) whoever has given up a share, under lock_, touches the pool only if it was the last.
// Not here: parallel algorithms (parallel.cpp). The threads themselves are oneTBB's, and stay with
// it.
#pragma once

#include <heddle/runtime/config.hpp>

#include "pool/call_line.hpp"
#include "pool/pool_thread.hpp"
#include "pool/tbb_arena.hpp"

#include <cstddef>
#include <mutex>
#include <optional>

namespace heddle::detail {

class pools;

// NOLINTNEXTLINE(cppcoreguidelines-virtual-class-destructor): it ends itself
class cpu_pool final : public call_line {
 public:
  cpu_pool(const config& settings, pools& owner);

  /// As call_line::run(). Errors: also std::bad_alloc: there is no arena.
  void run(pool_call& call, wait_subject about);

  /// Nobody calls any more. Waits for the tokens that will certainly be run; the pool ends with the
  /// last.
  void close() noexcept;

 private:
  ~cpu_pool() override;

  void send_somebody(std::unique_lock<spinlock> guard) override;
  static void token(void* pool) noexcept;
  bool serve_one() noexcept;
  bool awaits_tokens() const noexcept { return shares_ > 1 + orphans_; }

  const tbb_arena::settings wanted_;
  const pool_thread threads_are_;
  std::once_flag started_;
  std::optional<tbb_arena> arena_;

  // Under lock_.
  std::size_t shares_ = 1;    // the runtime's, and one for each token
  std::size_t orphans_ = 0;   // tokens of which nobody knows, or knew, whether they are ever run
  waiter* closer_ = nullptr;  // close()
};

}  // namespace heddle::detail
