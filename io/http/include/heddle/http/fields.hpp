// SPDX-License-Identifier: MIT
// The header fields of a message that is being made: in the order in which they will be sent.
// Invariants: (1) names are tokens and values hold no control character but tab, and no space at an
// end: what user code puts in cannot end a line, so nobody splits a response through it; (2) names
// are compared without regard to case, and sent as they were given. Not here: the fields of a
// message that came, which are views of what came (request.hpp). Source: RFC 9110, section 5.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace heddle::http {

class fields;
namespace detail {
struct own_fields;
own_fields own_fields_of(const fields& header) noexcept;
}  // namespace detail

/// A name and a value of a header, borrowed.
struct field_view {
  std::string_view name;
  std::string_view value;
};

/// Returns whether two names of fields are the same. Suspends: no.
bool same_name(std::string_view a, std::string_view b) noexcept;

/// A list of header fields. Copyable.
class fields {
 public:
  /// Puts `value` in the place of all fields called `name`, or at the end. Errors:
  /// std::invalid_argument that names the field, and nothing has changed. Suspends: no.
  void set(std::string_view name, std::string_view value);

  /// Puts one more field at the end, for names that may come more than once (Set-Cookie). Errors:
  /// as set().
  void add(std::string_view name, std::string_view value);

  /// Takes all fields called `name` away. Suspends: no.
  void remove(std::string_view name) noexcept;

  /// Returns the value of the first field called `name`, valid until the next change.
  std::optional<std::string_view> get(std::string_view name) const noexcept;

  /// Returns how many fields there are. Cost: a scan.
  std::size_t size() const noexcept;
  bool empty() const noexcept { return text().empty(); }

  /// Calls `visit(field_view)` for each field, in order.
  template <class Visit>
  void for_each(Visit&& visit) const {
    for (std::size_t at = 0; at < text().size();) {
      const line found = line_at(at);
      visit(found.field);
      at += found.bytes;
    }
  }

  /// Returns them as they are sent: "name: value\r\n" each.
  std::string_view text() const noexcept { return lines_.empty() ? known_ : lines_; }

 private:
  friend class response;
  friend detail::own_fields detail::own_fields_of(const fields&) noexcept;

  /// Has the library's own "name: value\r\n", of static duration, as its only line.
  void start_with(std::string_view known) noexcept { known_ = known; }

  struct line {
    field_view field;
    std::size_t bytes;  // of the line with its end
  };
  line line_at(std::size_t at) const noexcept;
  void remove_from(std::size_t at, std::string_view name) noexcept;

  /// Copies what was borrowed, before a change.
  void make_own() {
    if (lines_.empty()) lines_ = std::exchange(known_, {});
  }

  std::string_view known_;  // all there is, if nobody has changed it
  std::string lines_;
};

}  // namespace heddle::http
