// SPDX-License-Identifier: MIT
// Which handler a path and a method have.
// A pattern is a path whose segments are text, `{name}` (any one segment that is not empty), or, at
// its end, `{name...}` (all the rest, which may be empty and have slashes). Text goes before
// `{name}`, that before `{name...}`, whatever the order in which they were added. Invariant: two
// patterns that differ only in their names are one: who adds a method twice gets an error.
#pragma once

#include "server/exchange.hpp"

#include <cstddef>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace heddle::http::detail {

class router {
 public:
  router();
  ~router();
  router(const router&) = delete;
  router& operator=(const router&) = delete;

  /// Has `method` of `pattern` go to handler number `handler`. Errors: std::invalid_argument that
  /// quotes the pattern.
  void add(std::string_view method, std::string_view pattern, std::size_t handler);

  struct match {
    enum class kind { found, no_such_path, no_such_method, malformed };
    kind what = kind::no_such_path;
    std::size_t handler = 0;
    std::string allowed = {};  ///< the path's methods, if it has not this one: "GET, HEAD"
  };

  /// Looks for `of`'s path and `method`, and fills its params in. HEAD is answered as GET unless it
  /// has a handler of its own. The path "*" has all methods that any pattern has, and no handler
  /// (RFC 9110, 9.3.7). Errors: std::bad_alloc.
  match find(std::string_view method, exchange& of) const;

 private:
  struct node;
  struct search;
  void allow(std::string_view method);

  std::unique_ptr<node> root_;
  std::vector<std::string> methods_;  // of all patterns, each once
};

}  // namespace heddle::http::detail
