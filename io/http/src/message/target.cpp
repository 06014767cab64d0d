// SPDX-License-Identifier: MIT
// Splitting at the first of what separates; decoding only where there is something to decode.
#include "message/target.hpp"

#include "message/syntax.hpp"

#include <algorithm>

namespace heddle::http::detail {

namespace {

void split_path(std::string_view rest, target_parts& into) noexcept {
  const std::size_t mark = std::min(rest.find('?'), rest.size());
  into.path = rest.substr(0, mark);
  into.query = rest.substr(std::min(mark + 1, rest.size()));
}

/// Takes "http://" or "https://" off.
bool take_scheme(std::string_view& target) noexcept {
  const std::size_t end = target.find("://");
  if (end == std::string_view::npos) return false;
  const std::string_view scheme = target.substr(0, end);
  if (!is_word(scheme, "http") && !is_word(scheme, "https")) return false;
  target.remove_prefix(end + 3);
  return true;
}

}  // namespace

refusal split_target(const request_head& request, target_parts& into) noexcept {
  into = {};
  std::string_view target = request.target;
  if (request.method == "CONNECT") return {501, "CONNECT is not served here"};
  if (target.find('#') != std::string_view::npos) return {400, "the target has a fragment"};
  if (target.starts_with('/')) {
    split_path(target, into);
    return {};
  }
  if (target == "*" && request.method == "OPTIONS") {
    into.path = target;
    return {};
  }
  if (!take_scheme(target)) return {400, "the target is neither a path nor a URL"};
  const std::size_t end = std::min(target.find_first_of("/?"), target.size());
  into.authority = target.substr(0, end);
  if (into.authority.empty()) return {400, "the target's URL has no host"};
  if (!is_host(into.authority)) return {400, "the target's URL has a malformed host"};
  split_path(target.substr(end), into);
  if (into.path.empty()) into.path = "/";
  return {};
}

bool decode(std::string_view text, plus_sign plus, std::string& storage,
            std::string_view& decoded) {
  decoded = text;
  const bool spaces = plus == plus_sign::space;
  const bool escaped = text.find('%') != std::string_view::npos;
  if (!escaped && (!spaces || text.find('+') == std::string_view::npos)) return true;
  storage.clear();
  storage.reserve(text.size());
  for (std::size_t at = 0; at < text.size(); ++at) {
    if (text[at] == '+' && spaces) {
      storage += ' ';
    } else if (text[at] != '%') {
      storage += text[at];
    } else {
      if (text.size() - at < 3) return false;
      const int high = hex_value(text[at + 1]);
      const int low = hex_value(text[at + 2]);
      if (high < 0 || low < 0) return false;
      storage += static_cast<char>(high * 16 + low);
      at += 2;
    }
  }
  decoded = storage;
  return true;
}

}  // namespace heddle::http::detail
