// SPDX-License-Identifier: MIT
// Who waits for the next of a number of publications: what broadcast and watch have in common.
// Invariants: (1) published_ only grows, under the lock; (2) a reader is in the list only if it has
// seen all that was published, and more may come. Not here: what is published.
#pragma once

#include <heddle/runtime/deadline.hpp>
#include <heddle/runtime/park.hpp>
#include <heddle/runtime/spinlock.hpp>
#include <heddle/sync/detail/wait_list.hpp>

#include <cstdint>
#include <mutex>

namespace heddle::sync::detail {

class news {
 public:
  news() = default;
  news(const news&) = delete;
  news& operator=(const news&) = delete;

  /// Lets nobody publish any more and wakes all readers.
  void close() noexcept;
  bool closed() const noexcept;

 protected:
  ~news();

  using lock = std::unique_lock<spinlock>;

  /// Counts one publication, gives up the lock, and wakes all readers.
  void publish(lock& guard) noexcept;
  /// Waits, without the lock, for a publication after the first `seen`. Returns: whether there is
  /// one; false: closed or late. Errors: throws `cancelled`, without the lock.
  bool wait_for_more(lock& guard, std::uint64_t seen, deadline limit, wait_subject about);

  mutable spinlock lock_;
  std::uint64_t published_ = 0;
  bool closed_ = false;

 private:
  wait_list readers_;
};

[[noreturn]] void throw_no_receiver(const char* what);

}  // namespace heddle::sync::detail
