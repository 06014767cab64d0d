// SPDX-License-Identifier: MIT
// A stream in memory whose pieces are as the test says: for what must not depend on them.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <vector>

namespace heddle::test {

/// Gives `text` in pieces that end at the places in `cuts`, and then the end, or an error.
class pieces {
 public:
  explicit pieces(std::string text, std::vector<std::size_t> cuts = {})
      : text_(std::move(text)), cuts_(std::move(cuts)) {}

  /// Every byte is a piece.
  static pieces single(std::string text) {
    std::vector<std::size_t> all;
    for (std::size_t n = 1; n < text.size(); ++n) all.push_back(n);
    return pieces(std::move(text), std::move(all));
  }

  void fail_at_the_end(std::error_code with) { at_the_end_ = with; }

  std::size_t read_some(std::span<std::byte> into, std::error_code& error) {
    error.clear();
    if (at_ == text_.size()) error = at_the_end_;
    const auto next = std::upper_bound(cuts_.begin(), cuts_.end(), at_);
    const std::size_t until = next == cuts_.end() ? text_.size() : *next;
    const std::size_t bytes = std::min(into.size(), until - at_);
    std::memcpy(into.data(), text_.data() + at_, bytes);
    at_ += bytes;
    ++reads_;
    return bytes;
  }

  int reads() const { return reads_; }

 private:
  std::string text_;
  std::vector<std::size_t> cuts_;  // rising
  std::error_code at_the_end_;
  std::size_t at_ = 0;
  int reads_ = 0;
};

/// Takes `most` bytes at a time, and fails once it has `room` of them.
class sink {
 public:
  explicit sink(std::size_t most = ~std::size_t{0}, std::size_t room = ~std::size_t{0})
      : most_(most), room_(room) {}

  std::size_t write_some(std::span<const std::byte> from, std::error_code& error) {
    error.clear();
    ++writes_;
    const std::size_t bytes = std::min({from.size(), most_, room_ - text_.size()});
    if (bytes == 0) error = std::make_error_code(std::errc::no_space_on_device);
    text_.append(reinterpret_cast<const char*>(from.data()), bytes);
    return bytes;
  }

  const std::string& text() const { return text_; }
  int writes() const { return writes_; }

 private:
  std::size_t most_;
  std::size_t room_;
  std::string text_;
  int writes_ = 0;
};

}  // namespace heddle::test
