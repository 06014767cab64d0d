// SPDX-License-Identifier: MIT
// Of several addresses the first that answers: one attempt after the other is begun, when the one
// before has failed or has kept it waiting, and those under way go on. Invariants: (1) when
// connect_first() is left, no attempt is under way, and no stream but the winner's is open; (2) no
// attempt is begun after the deadline; (3) what each attempt met is kept. Not here: names
// (connect_to_host.cpp). Source: RFC 8305, "Happy Eyeballs".
#pragma once

#include <heddle/io/tcp.hpp>
#include <heddle/runtime/deadline.hpp>

#include <chrono>
#include <functional>
#include <string>
#include <system_error>
#include <vector>

namespace heddle::io::detail {

/// Returns the addresses in the order of the attempts: families in turn, IPv6 first, each family
/// in its own order.
std::vector<endpoint> in_turns(const std::vector<endpoint>& addresses);

/// Carries one attempt out, until `limit` at most. Returns a closed stream and an error, or a
/// stream.
using connect_step =
    std::function<tcp_stream(const endpoint& peer, deadline limit, std::error_code& error)>;

struct attempt_plan {
  deadline limit = {};
  std::chrono::nanoseconds next_after{};
};

struct attempts_outcome {
  tcp_stream winner = {};
  /// In the order of the addresses; the first few if not all were tried. No error: given up.
  std::vector<std::error_code> errors = {};

  /// Returns the error that says most: somebody there said no; else nobody came; else no way there.
  std::error_code telling() const;
};

/// Shape: at least one address. Errors: throws what `step` throws, `cancelled`, and what spawn
/// throws. Suspends: yes, cancel-safe.
attempts_outcome connect_first(const std::vector<endpoint>& addresses, const connect_step& step,
                               const attempt_plan& plan);

/// Returns "[::1]:80: Connection refused; 127.0.0.1:80: ...", of a few of them.
std::string describe(const std::vector<endpoint>& addresses,
                     const std::vector<std::error_code>& errors);

}  // namespace heddle::io::detail
