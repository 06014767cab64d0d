// SPDX-License-Identifier: MIT
// A vector whose front moves up as bytes leave; it moves back when half of it is behind.
#include "proxy/backlog.hpp"

#include <algorithm>

namespace heddle::testing::detail {

std::size_t backlog::room() const noexcept {
  return arrivals_.size() < most_arrivals ? capacity_ - size() : 0;
}

void backlog::add(std::span<const std::byte> more, clock::time_point when) {
  bytes_.insert(bytes_.end(), more.begin(), more.end());
  arrivals_.push_back({when, more.size()});
}

void backlog::remove(std::size_t count) {
  first_ += count;
  if (first_ >= bytes_.size() / 2) {
    bytes_.erase(bytes_.begin(), bytes_.begin() + static_cast<std::ptrdiff_t>(first_));
    first_ = 0;
  }
  while (count > 0) {
    const std::size_t part = std::min(count, arrivals_.front().bytes);
    arrivals_.front().bytes -= part;
    count -= part;
    if (arrivals_.front().bytes == 0) arrivals_.pop_front();
  }
}

}  // namespace heddle::testing::detail
