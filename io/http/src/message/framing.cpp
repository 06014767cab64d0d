// SPDX-License-Identifier: MIT
// One pass over the fields notes the few that matter; then the rules, strictest reading first.
#include "message/framing.hpp"

#include "message/syntax.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>
#include <string>

namespace heddle::http::detail {

namespace {

constexpr std::size_t most_digits = 18;  // of a length

/// The fields that say where a message ends, and how many there are of each.
struct framing_fields {
  std::string_view length;
  std::string_view coding;
  std::string_view host;
  std::size_t lengths = 0;
  std::size_t codings = 0;
  std::size_t hosts = 0;
  bool closes = false;
  bool keeps = false;
  std::optional<std::string_view> expects;
};

void note_connection(std::string_view value, framing_fields& into) noexcept {
  if (has_element(value, "close")) into.closes = true;
  if (has_element(value, "keep-alive")) into.keeps = true;
}

void note(const field_view& field, framing_fields& into) noexcept {
  switch (field.name.size()) {
    case 4:
      if (!is_word(field.name, "host")) return;
      ++into.hosts;
      into.host = field.value;
      return;
    case 6:
      if (is_word(field.name, "expect")) into.expects = field.value;
      return;
    case 10:
      if (is_word(field.name, "connection")) note_connection(field.value, into);
      return;
    case 14:
      if (!is_word(field.name, "content-length")) return;
      ++into.lengths;
      into.length = field.value;
      return;
    case 17:
      if (!is_word(field.name, "transfer-encoding")) return;
      ++into.codings;
      into.coding = field.value;
      return;
    default:
      return;
  }
}

framing_fields find_in(const head& message) noexcept {
  framing_fields found;
  for (const field_view& each : message.fields) note(each, found);
  return found;
}

/// A length that fits 64 bits with a sign, too: others may count in those.
std::optional<std::uint64_t> length_in(std::string_view text) noexcept {
  return text.size() <= most_digits ? decimal(text) : std::nullopt;
}

/// Says whether a coding is one that could be, but is not known here, or none at all.
refusal refuse_coding(std::string_view coding) noexcept {
  std::string_view element;
  while (next_element(coding, element)) {
    if (!is_token(element)) return {400, "Transfer-Encoding is malformed"};
  }
  return {501, "of the transfer codings only chunked is known here"};
}

refusal frame_body(const framing_fields& found, version spoken, framing& into) noexcept {
  if (found.codings != 0 && found.lengths != 0) {
    return {400, "there are both Transfer-Encoding and Content-Length"};
  }
  if (found.codings > 1) return {400, "there is more than one Transfer-Encoding"};
  if (found.lengths > 1) return {400, "there is more than one Content-Length"};
  if (found.codings == 1) {
    if (spoken == version::http_1_0) return {400, "HTTP/1.0 has no Transfer-Encoding"};
    if (!is_word(found.coding, "chunked")) return refuse_coding(found.coding);
    into.kind = body_kind::chunked;
  } else if (found.lengths == 1) {
    const auto bytes = length_in(found.length);
    if (!bytes) return {400, "Content-Length is malformed"};
    into.bytes = *bytes;
    into.kind = *bytes == 0 ? body_kind::none : body_kind::sized;
  }
  return {};
}

after_message decide(const framing_fields& found, version spoken) noexcept {
  if (found.closes) return after_message::close;
  if (spoken == version::http_1_1 || found.keeps) return after_message::keep;
  return after_message::close;
}

}  // namespace

void check_not_framing(std::string_view name) {
  if (!is_word(name, "content-length") && !is_word(name, "transfer-encoding")) return;
  throw std::invalid_argument("heddle::http::response: " + std::string(name) +
                              " is not set by hand: it follows from the body");
}

refusal frame(const request_head& request, framing& into) noexcept {
  const framing_fields found = find_in(request);
  into = {};
  if (const refusal refused = frame_body(found, request.spoken, into)) return refused;
  if (found.hosts > 1) return {400, "there is more than one Host"};
  if (found.hosts == 0 && request.spoken == version::http_1_1) return {400, "there is no Host"};
  if (!is_host(found.host)) return {400, "Host is malformed"};
  into.then = decide(found, request.spoken);
  if (found.expects && request.spoken == version::http_1_1) {
    if (!is_word(*found.expects, "100-continue")) {
      return {417, "of the expectations only 100-continue is known here"};
    }
    if (into.kind != body_kind::none) into.expects = expectation::to_continue;
  }
  return {};
}

refusal frame(const response_head& response, std::string_view method, framing& into) noexcept {
  const framing_fields found = find_in(response);
  into = {};
  into.then = decide(found, response.spoken);
  const bool bodiless = response.status / 100 == 1 || response.status == 204 ||
                        response.status == 304 || method == "HEAD";
  const bool tunnel = method == "CONNECT" && response.status / 100 == 2;
  if (bodiless || tunnel) return {};
  if (const refusal refused = frame_body(found, response.spoken, into)) return refused;
  if (found.codings == 0 && found.lengths == 0) {
    into.kind = body_kind::until_close;
    into.then = after_message::close;
  }
  return {};
}

}  // namespace heddle::http::detail
