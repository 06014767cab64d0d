// SPDX-License-Identifier: MIT
// Inflates the gzip format in pieces of any size.
// Invariants: (1) what comes out, and what is refused, does not depend on how the bytes were cut;
// (2) a body is one or more whole members, whose sums are right, and nothing else; (3) it computes
// no longer than for what it is given and what there is room for. Not here: limits on what comes
// out, which its reader has. Source: RFC 1952.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

namespace heddle::http::detail {

class gunzip {
 public:
  struct step {
    std::size_t taken = 0;
    std::size_t made = 0;
    bool malformed = false;
  };

  gunzip();
  ~gunzip();

  /// Inflates what it can of `from` into `into`. Shape: `into` is not empty, and `from` begins
  /// where the last call has stopped taking. Returns: made 0 and not malformed: all of `from` was
  /// taken. Errors: std::bad_alloc; after a malformed step nothing may be added.
  step inflate(std::string_view from, std::span<std::byte> into);

  /// Returns whether the body may end here: nothing has come, or the last member was whole.
  bool whole() const noexcept { return whole_; }

 private:
  struct stream;
  std::unique_ptr<stream> stream_;
  bool whole_ = true;
  std::size_t empty_members_ = 0;
};

}  // namespace heddle::http::detail
