// SPDX-License-Identifier: MIT
// Answers that still hold. Invariants: (1) at most as many as allowed: the one that was used least
// recently goes; (2) what has ended is never given out. Not safe for two threads at once: its owner
// has a lock. Not here: what is an answer, and for how long it holds (flights.cpp).
#pragma once

#include "dns/lookup.hpp"

#include <heddle/runtime/clock.hpp>

#include <cstddef>
#include <list>
#include <memory>
#include <string>
#include <unordered_map>
#include <utility>

namespace heddle::io::detail {

using shared_result = std::shared_ptr<const lookup_result>;

class answer_cache {
 public:
  explicit answer_cache(std::size_t most) noexcept : most_(most) {}

  /// Returns what holds at `now`; null if nothing does.
  shared_result find(const std::string& name, clock::time_point now) {
    const auto found = places_.find(name);
    if (found == places_.end()) return nullptr;
    const auto place = found->second;
    if (place->ends <= now) {
      places_.erase(found);
      entries_.erase(place);
      return nullptr;
    }
    entries_.splice(entries_.begin(), entries_, place);
    return place->result;
  }

  /// Remembers until `ends`. Errors: std::bad_alloc, nothing changed but what was known of `name`.
  void put(const std::string& name, shared_result result, clock::time_point ends) {
    forget(name);
    if (most_ == 0) return;
    if (entries_.size() == most_) {
      places_.erase(entries_.back().name);
      entries_.pop_back();
    }
    entries_.push_front({name, std::move(result), ends});
    try {
      places_.emplace(name, entries_.begin());
    } catch (...) {
      entries_.pop_front();
      throw;
    }
  }

  void clear() noexcept {
    places_.clear();
    entries_.clear();
  }
  std::size_t size() const noexcept { return entries_.size(); }

 private:
  struct entry {
    std::string name;
    shared_result result;
    clock::time_point ends;
  };
  void forget(const std::string& name) noexcept {
    const auto found = places_.find(name);
    if (found == places_.end()) return;
    entries_.erase(found->second);
    places_.erase(found);
  }

  const std::size_t most_;
  std::list<entry> entries_;  // the most recently used first
  std::unordered_map<std::string, std::list<entry>::iterator> places_;
};

}  // namespace heddle::io::detail
