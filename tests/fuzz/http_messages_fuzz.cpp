// SPDX-License-Identifier: MIT
// What strangers send as HTTP: a head, and the body behind it. The first byte of an input says
// whose. Checked besides crashes: the result does not depend on how the bytes are cut; what is
// taken keeps to the limits; no part of it could end a line; it is read the same way when it is
// written down again from its parts; and a request that is read at once is what the scanner and the
// parser make of it.
#include "message/chunk_decoder.hpp"
#include "message/framing.hpp"
#include "message/head_scanner.hpp"
#include "message/parse_head.hpp"
#include "message/syntax.hpp"
#include "message/target.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <string>
#include <string_view>

namespace {

using namespace heddle::http::detail;

constexpr head_limits small_head{.start_line_bytes = 200, .field_bytes = 400, .fields = 10};
constexpr chunk_limits small_chunks{
    .line_bytes = 40, .extension_bytes = 60, .trailer_bytes = 100, .trailer_fields = 4};

enum class kind : std::uint8_t { request, response, to_head, chunks };

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "violated: %s\n", what);
  std::abort();
}

/// What is made of some bytes, as one text.
struct told {
  std::string what;
  std::size_t taken = 0;
  bool operator==(const told&) const = default;
};

std::string told_of(const refusal& refused) {
  return "refused " + std::to_string(refused.status) + " " + std::string(refused.why);
}

std::string told_of(const framing& how) {
  return " kind " + std::to_string(static_cast<int>(how.kind)) + " of " +
         std::to_string(how.bytes) + " then " + std::to_string(static_cast<int>(how.then)) +
         " expects " + std::to_string(static_cast<int>(how.expects));
}

/// Returns the head, written down again; what is read of that must be the same.
std::string rewritten(const std::string& line, const head& parts) {
  std::string text = line + "\r\n";
  for (const auto& each : parts.fields) {
    require(is_token(each.name), "a name is a token");
    require(is_field_value(each.value), "a value could not end its line");
    text.append(each.name).append(": ").append(each.value).append("\r\n");
  }
  require(parts.fields.size() <= small_head.fields, "there are not more fields than the limit");
  return text + "\r\n";
}

std::string version_of(const head& parts) {
  return parts.spoken == version::http_1_1 ? "HTTP/1.1" : "HTTP/1.0";
}

/// What a request's head says, and the head as it could have been sent, too.
refusal read_request(std::string_view text, std::string& says, std::string& again) {
  request_head request;
  framing how;
  target_parts parts;
  if (const refusal refused = parse_head(text, request)) return refused;
  if (const refusal refused = frame(request, how)) return refused;
  if (const refusal refused = split_target(request, parts)) return refused;
  const std::string line =
      std::string(request.method) + " " + std::string(request.target) + " " + version_of(request);
  require(is_token(request.method), "a method is a token");
  require(request.target.find_first_of(" \r\n\t\0") == std::string_view::npos,
          "a target could not end its line");
  require(is_host(parts.authority), "an authority is a host");
  require(parts.path == "*" || parts.path.starts_with('/'), "a path begins with a slash");
  require(how.kind != body_kind::until_close, "the body of a request has an end");
  again = rewritten(line, request);
  says = again + std::string(parts.path) + "?" + std::string(parts.query) + told_of(how);
  return {};
}

refusal read_response(std::string_view text, std::string_view method, std::string& says,
                      std::string& again) {
  response_head response;
  framing how;
  if (const refusal refused = parse_head(text, response)) return refused;
  if (const refusal refused = frame(response, method, how)) return refused;
  require(response.status >= 0 && response.status <= 999, "a status has three digits");
  require(method != "HEAD" || how.kind == body_kind::none, "the answer to HEAD has no body");
  const std::string status = std::to_string(1000 + response.status).substr(1);
  const std::string reason(response.reason);
  again = rewritten(version_of(response) + " " + status + " " + reason, response);
  says = again + told_of(how);
  return {};
}

refusal read_head(kind of, std::string_view text, std::string& says, std::string& again) {
  if (of == kind::request) return read_request(text, says, again);
  return read_response(text, of == kind::to_head ? "HEAD" : "GET", says, again);
}

/// Hands a head over in pieces.
told told_of_head(kind of, std::string_view bytes, std::size_t piece) {
  head_scanner scanner(small_head);
  for (std::size_t held = 0; held < bytes.size();) {
    held = std::min(bytes.size(), held + piece);
    const std::string exact(bytes.substr(0, held));  // so that ASAN guards its end
    refusal refused;
    const std::size_t taken = scanner.scan(exact, refused);
    if (refused) return {told_of(refused), 0};
    if (taken == 0) continue;
    require(taken <= held, "no more is taken than there is");
    std::string says;
    std::string again;
    refused = read_head(of, std::string_view(exact).substr(0, taken), says, again);
    if (refused) return {told_of(refused), 0};
    return {says, taken};
  }
  return {"unfinished", 0};
}

/// What is read of a head that was written down again is what was read at first.
void require_same_again(kind of, std::string_view head) {
  std::string says;
  std::string again;
  if (read_head(of, head, says, again)) return;
  std::string says_again;
  std::string third;
  require(!read_head(of, again, says_again, third), "what was taken is taken again");
  require(says_again == says && third == again, "and read as before");
}

bool is_same(const request_head& a, const request_head& b) {
  const auto same_field = [](const auto& x, const auto& y) {
    return x.name.data() == y.name.data() && x.name == y.name && x.value == y.value;
  };
  return a.method == b.method && a.target == b.target && a.spoken == b.spoken &&
         std::equal(a.fields.begin(), a.fields.end(), b.fields.begin(), b.fields.end(), same_field);
}

/// Both ways of a server to read a head end in the same place, with the same head.
void require_same_at_once(std::string_view bytes) {
  head_scanner scanner(small_head);
  refusal refused;
  request_head found;
  request_head at_once;
  std::size_t taken = scanner.scan(bytes, refused);
  if (taken != 0 && parse_head(bytes.substr(0, taken), found)) taken = 0;
  require(parse_whole_head(bytes, small_head, at_once) == taken, "both ways take the same");
  require(taken == 0 || is_same(at_once, found), "both ways read the same");
}

told told_of_chunks(std::string_view bytes, std::size_t piece) {
  chunk_decoder decoder(small_chunks);
  told all;
  std::string body;
  for (std::size_t at = 0; at < bytes.size() && !decoder.done();) {
    const std::string exact(bytes.substr(at, piece));
    at += exact.size();
    for (std::string_view rest = exact; !rest.empty() && !decoder.done();) {
      const auto step = decoder.decode(rest);
      require(step.taken <= rest.size(), "no more is taken than there is");
      body += step.data;
      all.taken += step.taken;
      rest.remove_prefix(step.taken);
      if (step.refused) return {body + told_of(step.refused), 0};
      require(step.taken != 0, "each call gets on");
    }
  }
  require(body.size() <= all.taken, "a body is not longer than its chunks");
  if (!decoder.done()) return {body + " unfinished", all.taken};
  all.what = body + " done";
  require(decoder.trailer().size() <= small_chunks.trailer_fields, "a trailer keeps to its limit");
  for (const auto& each : decoder.trailer()) {
    require(is_token(each.name) && is_field_value(each.value), "a trailer's field is one");
    require(!is_word(each.name, "content-length") && !is_word(each.name, "transfer-encoding") &&
                !is_word(each.name, "host"),
            "a trailer says nothing of the framing");
    all.what.append(each.name).append("=").append(each.value).append(";");
  }
  return all;
}

told read(kind of, std::string_view bytes, std::size_t piece) {
  return of == kind::chunks ? told_of_chunks(bytes, piece) : told_of_head(of, bytes, piece);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT
  if (size < 1) return 0;
  const kind of = static_cast<kind>(data[0] % 4);
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const told whole = read(of, bytes, std::max<std::size_t>(1, bytes.size()));
  for (const std::size_t piece : {1U, 2U, 7U, 64U}) {
    require(read(of, bytes, piece) == whole, "it means the same however it is cut");
  }
  if (of == kind::request) require_same_at_once(std::string(bytes));
  if (whole.taken != 0) {
    if (of != kind::chunks) require_same_again(of, bytes.substr(0, whole.taken));
    require(read(of, bytes.substr(0, whole.taken), whole.taken) == whole,
            "what is behind it changes nothing");
  }
  return 0;
}
