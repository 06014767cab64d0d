// SPDX-License-Identifier: MIT
// One request under way on a connection, with what was made of it. Its memory is used again.
#pragma once

#include "message/framing.hpp"
#include "message/head.hpp"
#include "message/refusal.hpp"
#include "message/target.hpp"

#include <heddle/http/request.hpp>
#include <heddle/io/endpoint.hpp>

#include <cstddef>
#include <list>
#include <string>
#include <string_view>
#include <vector>

namespace heddle::http::detail {

struct exchange {
  request_head head;
  framing framed;
  std::string_view raw_path;
  std::string_view path;
  std::vector<field_view> query;
  std::vector<field_view> params;
  std::string_view body;
  std::string body_storage;
  std::list<std::string> decoded;  // what the views above are of, if not of the buffer
  const io::endpoint* peer = nullptr;
  bool encrypted = false;

  /// Forgets the request; keeps its memory.
  void clear() noexcept;

  /// Returns whether that is more than most requests need.
  bool is_large() const noexcept;

  /// Reads the target's path and query out of the head, and its host, if it has one, which takes
  /// the place of the Host field's. Shape: the head has one Host field at most. Returns: why it is
  /// refused, if so. Errors: std::bad_alloc.
  refusal read_target();

  /// Decodes `text`, and keeps the result if that was needed. Returns: false if it is malformed.
  bool keep_decoded(std::string_view text, plus_sign plus, std::string_view& into);

  /// As keep_decoded(), for a part of raw_path.
  bool decode_path(std::string_view part, std::string_view& into) {
    const bool has_escapes = path.data() != raw_path.data();
    if (has_escapes) return keep_decoded(part, plus_sign::itself, into);
    into = part;
    return true;
  }

 private:
  bool read_query(std::string_view text);
  void set_host(std::string_view authority);
};

/// How the server makes requests.
struct request_access final : request {
  explicit request_access(const exchange& of) noexcept : request(of) {}
};

}  // namespace heddle::http::detail
