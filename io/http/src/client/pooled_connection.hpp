// SPDX-License-Identifier: MIT
// A connection that outlives a request: what it runs over, and what came and was not taken.
#pragma once

#include "connection/inbound.hpp"
#include "connection/transport.hpp"

#include <heddle/runtime/clock.hpp>

#include <memory>
#include <utility>

namespace heddle::http::detail {

struct pooled_connection {
  explicit pooled_connection(std::unique_ptr<transport> made) : over(std::move(made)), in(*over) {}

  std::unique_ptr<transport> over;
  inbound in;
  clock::time_point idle_since = {};
};

}  // namespace heddle::http::detail
