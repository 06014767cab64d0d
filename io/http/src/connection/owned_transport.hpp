// SPDX-License-Identifier: MIT
// A transport with the stream that it runs over, of io or tls.
#pragma once

#include "connection/stream_transport.hpp"

#include <heddle/tls/stream.hpp>

#include <concepts>
#include <utility>

namespace heddle::http::detail {

/// Made before the transport that refers to it.
template <class Stream>
struct stream_holder {
  Stream stream;
};

template <class Stream>
class owned_transport final : stream_holder<Stream>, public stream_transport<Stream> {
 public:
  explicit owned_transport(Stream over)
      : stream_holder<Stream>{std::move(over)},
        stream_transport<Stream>(
            this->stream, std::same_as<Stream, tls::stream> ? encryption::tls : encryption::none) {}
};

}  // namespace heddle::http::detail
