// SPDX-License-Identifier: MIT
// Ends the draining of those who were given it, at once: what a second SIGTERM is for.
// Invariants: (1) stopping is for ever; (2) whoever drains hears of it, whether it comes before or
// while they do. Not here: when to do so (graceful.hpp).
#pragma once

#include <mutex>

namespace heddle::io {

/// Neither copied nor moved; outlives the serve() that has it.
class drain_stop {
 public:
  drain_stop() noexcept = default;
  drain_stop(const drain_stop&) = delete;
  drain_stop& operator=(const drain_stop&) = delete;
  ~drain_stop() = default;

  /// Has all who drain, now or later, cancel what is left. From any fiber or thread; a second call
  /// does nothing. Suspends: no.
  void stop_now() noexcept;

  /// Returns whether stop_now() was called. Suspends: no.
  bool stopped() const noexcept;

  /// Who hears of it; for servers. Called at most once, under a lock; must not suspend.
  class listener {
   public:
    virtual ~listener() = default;
    virtual void drain_stopped() noexcept = 0;

   private:
    friend class drain_stop;
    listener* next_ = nullptr;
    listener* previous_ = nullptr;
  };

  /// Has `who` called, at once if it was stopped before. Suspends: no.
  void add(listener& who) noexcept;
  /// Once this returns, `who` is called no more. Suspends: no.
  void remove(listener& who) noexcept;

 private:
  mutable std::mutex guard_;
  bool stopped_ = false;
  listener* first_ = nullptr;
};

}  // namespace heddle::io
