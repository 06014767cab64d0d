// SPDX-License-Identifier: MIT
// A connection that outlives a request: what it runs over, and what came and was not taken.
#pragma once

#include "connection/inbound.hpp"
#include "connection/stream_transport.hpp"
#include "connection/transport.hpp"

#include <heddle/io/tcp.hpp>
#include <heddle/runtime/clock.hpp>

#include <memory>
#include <utility>

namespace heddle::http::detail {

/// Made before the transport that refers to it.
struct stream_holder {
  io::tcp_stream stream;
};

/// A transport with the stream that it runs over.
class owned_plain_transport final : stream_holder, public stream_transport<io::tcp_stream> {
 public:
  explicit owned_plain_transport(io::tcp_stream over)
      : stream_holder{std::move(over)}, stream_transport(stream, encryption::none) {}
};

struct pooled_connection {
  explicit pooled_connection(std::unique_ptr<transport> made) : over(std::move(made)), in(*over) {}

  std::unique_ptr<transport> over;
  inbound in;
  clock::time_point idle_since = {};
};

}  // namespace heddle::http::detail
