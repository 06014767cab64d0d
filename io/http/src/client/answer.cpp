// SPDX-License-Identifier: MIT
// One question, one head.
#include "client/answer.hpp"

#include "connection/outbound.hpp"
#include "message/parse_head.hpp"

#include <heddle/http/error.hpp>

namespace heddle::http::detail {

namespace {

[[noreturn]] void refuse(const refusal& refused) {
  throw dial_failure{client_phase::header, http_errc::malformed_response,
                     std::string(words_of(refused))};
}

/// Returns the size of the head that the buffer begins with.
std::size_t await_head(inbound& in, const client_config& config, deadline limit) {
  head_scanner scanner(limits_of(config));
  refusal refused;
  for (;;) {
    if (const std::size_t bytes = scanner.scan(in.buffer().held(), refused)) return bytes;
    if (refused) refuse(refused);
    std::error_code error;
    if (in.fill(limit, error)) continue;
    throw dial_failure{client_phase::header, error ? error : http_errc::no_response};
  }
}

}  // namespace

head_limits limits_of(const client_config& config) noexcept {
  return {.start_line_bytes = config.status_line_bytes,
          .field_bytes = config.header_bytes,
          .fields = config.header_fields};
}

std::string_view words_of(const refusal& refused) noexcept {
  return refused.status == 414 ? "the status line is too long" : refused.why;
}

response_head ask_for_head(transport& over, inbound& in, const std::string& request,
                           const client_config& config, std::string& text) {
  outbound out(over, config.write_timeout);
  if (!out.send(request)) {
    const bool late = out.error() == http_errc::too_slow;
    throw dial_failure{client_phase::send,
                       late ? std::make_error_code(std::errc::timed_out) : out.error()};
  }
  const deadline limit = deadline::after(config.header_timeout);
  for (std::size_t interim = 0; interim <= config.interim_responses; ++interim) {
    const std::size_t bytes = await_head(in, config, limit);
    text = in.buffer().held().substr(0, bytes);
    in.buffer().take(bytes);
    response_head head;
    if (const refusal refused = parse_head(text, head)) refuse(refused);
    if (head.status / 100 != 1 || head.status == 101) return head;
  }
  throw dial_failure{client_phase::header, http_errc::malformed_response, "too many responses 1xx"};
}

}  // namespace heddle::http::detail
