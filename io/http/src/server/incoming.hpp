// SPDX-License-Identifier: MIT
// The body of the request under way, and the promise to read it that some clients wait for.
#pragma once

#include "connection/body_reader.hpp"
#include "server/outgoing.hpp"

#include <heddle/http/streaming.hpp>

#include <cstddef>
#include <span>
#include <system_error>

namespace heddle::http::detail {

class incoming {
 public:
  incoming(inbound& from, outgoing& answer, const framing& framed, const chunk_limits& limits,
           const pace& speed) noexcept
      : answer_(answer), body_(from, framed, limits, speed), expects_(framed.expects) {}

  /// The reader that a handler gets.
  request_reader reader(const exchange& of) noexcept { return {of, *this}; }

  std::size_t read_some(std::span<std::byte> into, std::error_code& error);
  void read_all(std::string& into, std::uint64_t most, std::error_code& error);

  /// Reads on to the end, if that is not far, and forgets it. Returns: whether it got there.
  bool discard(std::size_t most);

  body_reader& body() noexcept { return body_; }
  const body_reader& body() const noexcept { return body_; }

 private:
  bool prepare(std::error_code& error);

  outgoing& answer_;
  body_reader body_;
  expectation expects_;
};

}  // namespace heddle::http::detail
