// SPDX-License-Identifier: MIT
// What the two processes of the echo stress agree on, and how the second one is run.
#pragma once

#include <heddle/io/endpoint.hpp>

#include "stress/stress.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace heddle::stress {

/// Returns how many connections are open at once: half the rounds, so that places are used again.
inline std::size_t connections_at_once(const options& asked) {
  constexpr std::uint64_t most = 10'000;
  if (asked.minutes.count() > 0) return most;
  return static_cast<std::size_t>(std::clamp<std::uint64_t>(asked.rounds / 2, 1, most));
}

/// Raises the soft limit on descriptors to the hard one.
void raise_descriptor_limit();

/// The client: opens all connections, then lives one life after the other in each place. Ends the
/// process if a byte is wrong or missing. Returns how many lives ended well.
std::uint64_t run_echo_clients(const io::endpoint& server, const options& asked);

}  // namespace heddle::stress
