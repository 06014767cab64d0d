// SPDX-License-Identifier: MIT
// A tree of segments. The search tries text, then a parameter, then the rest, and goes back where
// that led nowhere. A node has one place in the tree, so it is visited once at most.
#include "server/router.hpp"

#include "message/syntax.hpp"

#include <algorithm>
#include <optional>
#include <stdexcept>

namespace heddle::http::detail {

namespace {

constexpr std::size_t most_segments = 64;

struct segment {
  enum class kind { text, parameter, rest };
  kind what = kind::text;
  std::string text;  // or the parameter's name
};

[[noreturn]] void refuse(std::string_view pattern, const std::string& why) {
  throw std::invalid_argument("heddle::http: pattern '" + std::string(pattern) + "': " + why);
}

segment read_segment(std::string_view text, std::string_view pattern) {
  const bool opens = text.starts_with('{');
  const bool braces = text.find_first_of("{}") != std::string_view::npos;
  if (!braces) return {segment::kind::text, std::string(text)};
  if (!opens || !text.ends_with('}')) refuse(pattern, "a parameter is a whole segment: /{name}/");
  text = text.substr(1, text.size() - 2);
  const bool rest = text.ends_with("...");
  if (rest) text.remove_suffix(3);
  if (!is_token(text) || text.find_first_of("{}") != std::string_view::npos) {
    refuse(pattern, "a parameter has no name");
  }
  return {rest ? segment::kind::rest : segment::kind::parameter, std::string(text)};
}

std::vector<segment> read_pattern(std::string_view pattern) {
  if (!pattern.starts_with('/')) refuse(pattern, "it does not begin with '/'");
  std::vector<segment> segments;
  for (std::string_view rest = pattern.substr(1);;) {
    const std::size_t end = rest.find('/');
    segments.push_back(read_segment(rest.substr(0, end), pattern));
    const bool last = end == std::string_view::npos;
    if (segments.back().what == segment::kind::rest && !last) {
      refuse(pattern, "{name...} is not at its end");
    }
    if (last) break;
    rest.remove_prefix(end + 1);
  }
  if (segments.size() > most_segments) refuse(pattern, "it has more than 64 segments");
  for (auto each = segments.begin(); each != segments.end(); ++each) {
    const bool again = std::any_of(segments.begin(), each, [&](const segment& before) {
      return before.what != segment::kind::text && each->what != segment::kind::text &&
             before.text == each->text;
    });
    if (again) refuse(pattern, "it has {" + each->text + "} twice");
  }
  return segments;
}

bool has_more_slashes(std::string_view path, std::size_t most) {
  if (path.size() <= most) return false;
  return static_cast<std::size_t>(std::count(path.begin(), path.end(), '/')) > most;
}

}  // namespace

struct router::node {
  struct method_entry {
    std::string method;
    std::size_t handler;
    std::vector<std::string> names;  // of the parameters on the way, in order
  };

  std::vector<std::pair<std::string, std::unique_ptr<node>>> texts;
  std::unique_ptr<node> parameter;
  std::unique_ptr<node> rest;
  std::vector<method_entry> methods;

  node& text(const std::string& name) {
    for (auto& each : texts) {
      if (each.first == name) return *each.second;
    }
    return *texts.emplace_back(name, std::make_unique<node>()).second;
  }

  const method_entry* find(std::string_view method) const noexcept {
    for (const method_entry& each : methods) {
      if (each.method == method) return &each;
    }
    return nullptr;
  }
};

router::router() : root_(std::make_unique<node>()) {}
router::~router() = default;

void router::add(std::string_view method, std::string_view pattern, std::size_t handler) {
  if (!is_token(method)) refuse(pattern, "'" + std::string(method) + "' is no method");
  const std::vector<segment> segments = read_pattern(pattern);
  node* at = root_.get();
  std::vector<std::string> names;
  for (const segment& each : segments) {
    if (each.what == segment::kind::text) {
      at = &at->text(each.text);
      continue;
    }
    names.push_back(each.text);
    std::unique_ptr<node>& next = each.what == segment::kind::parameter ? at->parameter : at->rest;
    if (next == nullptr) next = std::make_unique<node>();
    at = next.get();
  }
  if (at->find(method) != nullptr) {
    refuse(pattern, std::string(method) + " has a handler for it already");
  }
  at->methods.push_back({std::string(method), handler, std::move(names)});
  allow(method);
  if (method == "GET") allow("HEAD");
}

void router::allow(std::string_view method) {
  if (std::find(methods_.begin(), methods_.end(), method) != methods_.end()) return;
  methods_.emplace_back(method);
}

/// One search: the segments of a path, decoded, and what was met on the way.
struct router::search {
  exchange& of;
  std::vector<std::string_view> values = {};

  /// Returns the node of `raw`, the path's rest behind a slash; null if there is none.
  const node* walk(const node& from, std::string_view raw, bool& malformed) {
    const std::size_t end = std::min(raw.find('/'), raw.size());
    const bool last = end == raw.size();
    std::string_view here;
    if (!of.decode_path(raw.substr(0, end), here)) {
      malformed = true;
      return nullptr;
    }
    const auto on = [&](const node& next) -> const node* {
      if (!last) return walk(next, raw.substr(end + 1), malformed);
      return next.methods.empty() ? nullptr : &next;
    };
    for (const auto& [text, next] : from.texts) {
      if (text != here) continue;
      if (const node* const found = on(*next)) return found;
    }
    if (from.parameter != nullptr && !here.empty()) {
      values.push_back(here);
      if (const node* const found = on(*from.parameter)) return found;
      values.pop_back();
    }
    if (from.rest == nullptr || malformed) return nullptr;
    std::string_view rest;
    malformed = !of.decode_path(raw, rest);
    if (malformed) return nullptr;
    values.push_back(rest);
    return from.rest.get();
  }
};

router::match router::find(std::string_view method, exchange& of) const {
  using kind = match::kind;
  if (of.raw_path == "*") {
    match whole{.what = kind::no_such_method};
    for (const std::string& each : methods_) {
      if (!whole.allowed.empty()) whole.allowed += ", ";
      whole.allowed += each;
    }
    return whole;
  }
  if (of.raw_path.empty() || of.raw_path.front() != '/') return {};
  if (has_more_slashes(of.raw_path, 4 * most_segments)) return {};
  search looks{of};
  bool malformed = false;
  const node* const found = looks.walk(*root_, of.raw_path.substr(1), malformed);
  if (malformed) return {.what = kind::malformed};
  if (found == nullptr) return {};
  const node::method_entry* entry = found->find(method);
  if (entry == nullptr && method == "HEAD") entry = found->find("GET");
  if (entry != nullptr) {
    for (std::size_t i = 0; i < entry->names.size(); ++i) {
      of.params.push_back({entry->names[i], looks.values[i]});
    }
    return {.what = kind::found, .handler = entry->handler};
  }
  match refused{.what = kind::no_such_method};
  for (const auto& each : found->methods) {
    if (!refused.allowed.empty()) refused.allowed += ", ";
    refused.allowed += each.method;
    if (each.method == "GET" && found->find("HEAD") == nullptr) refused.allowed += ", HEAD";
  }
  return refused;
}

}  // namespace heddle::http::detail
