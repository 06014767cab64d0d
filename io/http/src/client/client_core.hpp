// SPDX-License-Identifier: MIT
// What all calls of a client share, and how a request becomes calls: one for each redirect.
#pragma once

#include "client/call.hpp"
#include "client/dialing.hpp"
#include "client/pool.hpp"

#include <heddle/http/client.hpp>

#include <atomic>
#include <cstdint>
#include <memory>

namespace heddle::http::detail {

/// Returns `config`. Errors: std::invalid_argument that names the limit.
const client_config& checked(const client_config& config);

class client_core : public std::enable_shared_from_this<client_core> {
 public:
  explicit client_core(const client_config& settings)
      : config_(checked(settings)), shared(config_), dials(config_) {}

  const client_config& config() const noexcept { return config_; }

  /// Makes the request, and follows redirects.
  client_response open(const client_request& asked);

  client_stats stats() const;

 private:
  const client_config config_;

 public:
  pool shared;
  dialer dials;

  class counter {
   public:
    void add() noexcept { value_.fetch_add(1, std::memory_order_relaxed); }
    std::uint64_t value() const noexcept { return value_.load(std::memory_order_relaxed); }

   private:
    std::atomic<std::uint64_t> value_{0};  // nobody waits for it and nobody orders by it
  };
  counter requests;
  counter connections;
  counter retries;
  counter redirects;
};

}  // namespace heddle::http::detail
