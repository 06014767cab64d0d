// SPDX-License-Identifier: MIT
// What a peer sends to an echo of messages, and what it must get: the situations that the sections
// 1 to 7 and 10 of the Autobahn test suite are about, in frames of our own. The same table is held
// against the assembler and against whole WebSockets.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace heddle::test {

/// A frame: its first byte, without FIN being implied, and its payload.
struct frame_of {
  unsigned first;
  std::string payload;

  bool operator==(const frame_of&) const = default;
};

struct dialogue_with_echo {
  std::string name;
  std::vector<frame_of> sent;
  /// Data echoed, pongs, and a close frame at last. Without a close frame the echo goes on.
  std::vector<frame_of> answered;
};

std::vector<dialogue_with_echo> all_dialogues();

enum class from : bool { server, client };

/// The bytes that a peer in that role sends.
std::string bytes_of(const std::vector<frame_of>& frames, from sender);

}  // namespace heddle::test
