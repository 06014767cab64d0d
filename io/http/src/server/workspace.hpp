// SPDX-License-Identifier: MIT
// What a connection needs while it has a request: buffers, the request's parts, the date.
//
// A connection that waits has none. Each thread keeps a few, the last one given back on top: of a
// thousand connections that take turns, those at work share memory that is in the caches already.
// Invariants: (1) what is kept is empty, and not large; (2) nothing of a request is left in it.
#pragma once

#include "connection/input_buffer.hpp"
#include "server/answer_head.hpp"
#include "server/exchange.hpp"

#include <memory>
#include <string>

namespace heddle::http::detail {

struct workspace {
  input_buffer input;
  std::string output;
  exchange request;
  date_text date;

  /// Returns one that this thread keeps, or a new one. Errors: std::bad_alloc. Suspends: no.
  static std::unique_ptr<workspace> take();

  /// Takes one back. Shape: nothing is held in `input` or `output`, the request is cleared.
  /// Suspends: no.
  static void give(std::unique_ptr<workspace> back) noexcept;
};

}  // namespace heddle::http::detail
