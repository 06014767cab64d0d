// SPDX-License-Identifier: MIT
// The bytes that came over a connection and were not taken yet, in one piece.
// Invariants: (1) while it is pinned, nothing that was held then moves or is overwritten, so the
// views of a head stay valid while the body behind it is read; (2) it has no memory after
// release(), and no more than twice of what was held at once, and a piece. Not here: limits on what
// may be held, which the readers of heads and bodies have.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>
#include <utility>

namespace heddle::http::detail {

class input_buffer {
 public:
  static constexpr std::size_t piece_bytes = 4096;

  /// Returns what was not taken; valid until room() is called.
  std::string_view held() const noexcept { return {block_.get() + begin_, end_ - begin_}; }

  /// Takes bytes away from the front of what is held.
  void take(std::size_t bytes) noexcept { begin_ += bytes; }

  /// Returns where the next bytes go: not empty. Errors: std::bad_alloc. The first makes room for
  /// more of one thing, the second for pieces that are taken as they come.
  std::span<std::byte> room();
  std::span<std::byte> piece_room();

  /// Says that so many bytes were put there.
  void came(std::size_t bytes) noexcept { end_ += bytes; }

  /// Keeps what is held now where it is, until unpin(), although it is taken.
  void pin() noexcept;
  void unpin() noexcept;

  /// Returns how many bytes it has memory for.
  std::size_t capacity() const noexcept { return capacity_; }

  /// Takes and unpins all that is held; keeps memory.
  void clear() noexcept;

  /// Gives its memory for that of `other`. Shape: both hold nothing.
  void swap_memory(input_buffer& other) noexcept {
    block_.swap(other.block_);
    std::swap(capacity_, other.capacity_);
  }

  /// Gives the memory back. Shape: nothing is held or pinned.
  void release() noexcept;

 private:
  using block = std::unique_ptr<char[]>;

  std::span<std::byte> behind() noexcept;
  void move_to(std::size_t bytes);

  block block_;
  std::size_t capacity_ = 0;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
  std::size_t pinned_to_ = 0;  // bytes at the front of block_ that stay
  block pinned_;               // what was block_ when it was pinned, if that is another now
};

}  // namespace heddle::http::detail
