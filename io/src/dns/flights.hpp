// SPDX-License-Identifier: MIT
// Lookups under way, each shared by all who want the same name. The steps J, W, F, A and L, and the
// proof that nobody hangs: README.md. Invariants: (1) a flight has one leader at most; (2) it is in
// the map only while it has participants; (3) nothing suspends under the mutex, and the order of
// locks is mutex, then the flight's queue.
#pragma once

#include "dns/answer_cache.hpp"

#include <heddle/io/resolver.hpp>
#include <heddle/runtime/deadline.hpp>
#include <heddle/runtime/wait_queue.hpp>

#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace heddle::io::detail {

class flights {
 public:
  /// Carries one lookup out, as look_up() does.
  using lookup = std::function<lookup_result(const std::string& name, deadline limit)>;

  flights(const resolver_options& options, lookup how);
  flights(const flights&) = delete;
  flights& operator=(const flights&) = delete;
  ~flights() = default;

  /// Returns the cache's, a shared, or an own lookup's result; dns_errc::timed_out if `limit` comes
  /// first. Shape: `name` in small letters. Errors: throws what the lookup throws. Suspends: yes,
  /// cancel-safe.
  shared_result find(const std::string& name, deadline limit);

  void clear() noexcept;
  std::size_t remembered() const noexcept;

  /// Returns how many names are being looked up.
  std::size_t under_way() const noexcept;

 private:
  struct flight {
    wait_queue waiting;
    bool led = false;              // under the queue's lock
    shared_result outcome;         // likewise; empty until there is one
    std::size_t participants = 0;  // under the mutex
  };
  class participation;
  class leadership;
  class turn;

  shared_result lead(const std::string& name, flight& mine, deadline limit);
  void remember(const std::string& name, const shared_result& result);
  void land(const std::string& name, flight& mine, const shared_result& result);

  const resolver_options& options_;
  const lookup look_up_;
  mutable std::mutex guard_;  // of what follows
  answer_cache cache_;
  std::unordered_map<std::string, std::shared_ptr<flight>> flights_;

  wait_queue line_;    // of leaders, when too many lookups are under way
  std::size_t turns_;  // under the line's lock
};

}  // namespace heddle::io::detail
