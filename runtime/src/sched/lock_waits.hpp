// SPDX-License-Identifier: MIT
// Which fibers of a runtime wait for locks, and the search for cycles among them.
// Invariants: (1) a wait is listed in its fiber's shard from before its park until after; so under
// that shard's lock its lock and its fiber are alive; (2) of a cycle, whoever lists its wait last
// sees all others listed; (3) a chain counts only if it is found twice, unchanged: then there was a
// moment at which all of it was so (a double collect). Source: the wait-for graphs of Holt 1972,
// doi:10.1145/356603.356607; with one lock a fiber waits for, a walk is enough. Waits of plain
// threads, and of other runtimes' fibers, are not seen: a chain ends there.
#pragma once

#include <heddle/runtime/detail/spinlock.hpp>
#include <heddle/runtime/lock_owner.hpp>

#include "base/cacheline.hpp"

#include <array>
#include <cstddef>
#include <string>

namespace heddle::detail {

class error_hooks;

class lock_waits {
 public:
  void add(lock_wait& wait) noexcept;
  void remove(lock_wait& wait) noexcept;

  /// Tells `hooks` of the cycle that `wait`, which is listed, has closed, if it has.
  void report_cycle(const lock_wait& wait, error_hooks& hooks) noexcept;

  /// Returns who holds the lock that fiber `who` waits for; none if that is not known.
  fiber_id holder_of(fiber_id who) noexcept;

 private:
  static constexpr std::size_t shard_count = 64;
  static constexpr std::size_t longest_cycle = 32;

  struct alignas(cacheline_bytes) shard {
    spinlock lock;
    lock_wait* first = nullptr;
    std::uint64_t last_serial = 0;
  };
  struct link {
    fiber_id who = fiber_id::none;
    fiber_id holder = fiber_id::none;
    std::uint64_t serial = 0;
    friend bool operator==(const link&, const link&) = default;
  };
  struct chain {
    std::array<link, longest_cycle> links;
    std::size_t length = 0;  // 0: it does not come back to where it began
    bool same_as(const chain& other) const noexcept;
  };

  static fiber_id id_of(const lock_wait& wait) noexcept;
  shard& shard_of(fiber_id who) noexcept;
  static lock_wait* find(shard& in, fiber_id who) noexcept;
  link read(fiber_id who) noexcept;
  bool comes_back(const lock_wait& wait) noexcept;
  chain walk(fiber_id from) noexcept;
  void report_if_cycle(const lock_wait& wait, error_hooks& hooks) noexcept;
  bool is_first_to_report(const chain& cycle) noexcept;
  std::string describe(const chain& cycle);
  std::string describe(const link& one);

  std::array<shard, shard_count> shards_;
};

}  // namespace heddle::detail
