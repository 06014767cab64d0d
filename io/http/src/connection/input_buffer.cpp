// SPDX-License-Identifier: MIT
// A block, replaced by a larger one when what is held does not fit.
#include "connection/input_buffer.hpp"

#include <algorithm>
#include <cstring>

namespace heddle::http::detail {

namespace {
constexpr std::size_t least_room = 1024;
}

std::span<std::byte> input_buffer::behind() noexcept {
  return {reinterpret_cast<std::byte*>(block_.get()) + end_, capacity_ - end_};
}

/// Puts what is held into a fresh block.
void input_buffer::move_to(std::size_t bytes) {
  block fresh(new char[bytes]);
  if (end_ != begin_) std::memcpy(fresh.get(), block_.get() + begin_, end_ - begin_);
  if (pinned_to_ != 0) pinned_ = std::move(block_);
  block_ = std::move(fresh);
  capacity_ = bytes;
  end_ -= begin_;
  begin_ = pinned_to_ = 0;
}

std::span<std::byte> input_buffer::room() {
  if (begin_ == end_) begin_ = end_ = pinned_to_;
  if (capacity_ - end_ >= least_room) return behind();
  if (begin_ > pinned_to_) {
    std::memmove(block_.get() + pinned_to_, block_.get() + begin_, end_ - begin_);
    end_ -= begin_ - pinned_to_;
    begin_ = pinned_to_;
  }
  if (capacity_ - end_ < least_room) move_to(std::max(2 * (end_ - begin_), piece_bytes));
  return behind();
}

std::span<std::byte> input_buffer::piece_room() {
  const std::span<std::byte> all = room();
  return all.first(std::min(all.size(), piece_bytes));
}

void input_buffer::pin() noexcept { pinned_to_ = end_; }

void input_buffer::unpin() noexcept {
  pinned_to_ = 0;
  pinned_.reset();
}

void input_buffer::clear() noexcept {
  unpin();
  begin_ = end_ = 0;
}

void input_buffer::release() noexcept { *this = input_buffer(); }

}  // namespace heddle::http::detail
