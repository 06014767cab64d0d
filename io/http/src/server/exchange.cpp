// SPDX-License-Identifier: MIT
// What a request says, decoded once, before its handler begins.
#include "server/exchange.hpp"

#include "message/syntax.hpp"
#include "message/target.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace heddle::http {

namespace detail {

void exchange::clear() noexcept {
  head.fields.clear();
  query.clear();
  params.clear();
  decoded.clear();
  body = {};
  body_storage.clear();
}

bool exchange::is_large() const noexcept {
  constexpr std::size_t entries = 128;
  constexpr std::size_t bytes = 16 * 1024;
  return head.fields.capacity() > entries || query.capacity() > entries ||
         params.capacity() > entries || body_storage.capacity() > bytes;
}

bool exchange::keep_decoded(std::string_view text, plus_sign plus, std::string_view& into) {
  std::string storage;
  if (!decode(text, plus, storage, into)) return false;
  if (into.data() != text.data()) into = decoded.emplace_back(std::move(storage));
  return true;
}

bool exchange::read_query(std::string_view text) {
  while (!text.empty()) {
    const std::string_view pair = text.substr(0, text.find('&'));
    text.remove_prefix(std::min(pair.size() + 1, text.size()));
    if (pair.empty()) continue;
    const std::size_t sign = std::min(pair.find('='), pair.size());
    field_view found;
    if (!keep_decoded(pair.substr(0, sign), plus_sign::space, found.name)) return false;
    const std::string_view value = pair.substr(std::min(sign + 1, pair.size()));
    if (!keep_decoded(value, plus_sign::space, found.value)) return false;
    query.push_back(found);
  }
  return true;
}

/// Has the Host field say what the target's URL says, which counts (RFC 9112, section 3.2.2): else
/// whoever decides by the one and whoever decides by the other see different requests.
void exchange::set_host(std::string_view authority) {
  for (field_view& each : head.fields) {
    if (!is_word(each.name, "host")) continue;
    each.value = authority;
    return;
  }
  head.fields.push_back({"Host", authority});  // HTTP/1.0 may leave it out
}

refusal exchange::read_target() {
  target_parts parts;
  if (const refusal refused = split_target(head, parts)) return refused;
  if (!parts.authority.empty()) set_host(parts.authority);
  raw_path = parts.path;
  const bool read = keep_decoded(parts.path, plus_sign::itself, path);
  if (!read || path.find('\0') != std::string_view::npos) {
    return {400, "the path of the target is malformed"};
  }
  if (!read_query(parts.query)) return {400, "the query of the target is malformed"};
  return {};
}

}  // namespace detail

namespace {

std::optional<std::string_view> find_in(const std::vector<field_view>& all,
                                        std::string_view name) noexcept {
  for (const field_view& each : all) {
    if (each.name == name) return each.value;
  }
  return std::nullopt;
}

}  // namespace

std::string_view request::method() const noexcept { return exchange_->head.method; }
std::string_view request::target() const noexcept { return exchange_->head.target; }
std::string_view request::path() const noexcept { return exchange_->path; }

std::optional<std::string_view> request::query(std::string_view name) const noexcept {
  return find_in(exchange_->query, name);
}

const std::vector<field_view>& request::query() const noexcept { return exchange_->query; }

std::optional<std::string_view> request::header(std::string_view name) const noexcept {
  return exchange_->head.find(name);
}

const std::vector<field_view>& request::header() const noexcept { return exchange_->head.fields; }

std::string_view request::param(std::string_view name) const {
  const auto found = find_in(exchange_->params, name);
  if (found) return *found;
  throw std::out_of_range("heddle::http::request::param: the pattern has no {" + std::string(name) +
                          "}");
}

std::string_view request::body() const noexcept { return exchange_->body; }
const io::endpoint& request::peer() const noexcept { return *exchange_->peer; }
bool request::is_encrypted() const noexcept { return exchange_->encrypted; }

}  // namespace heddle::http
