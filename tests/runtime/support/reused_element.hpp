// SPDX-License-Identifier: MIT
// A single-pass range with one element, which each step overwrites, as std::views::istream has it:
// what becomes of a call that was given its address. Own, because clang 14 cannot compile the views
// of libstdc++ 12.
#pragma once

#include <cstddef>
#include <iterator>
#include <type_traits>
#include <utility>

namespace heddle::test {

/// Gives make(0) to make(count - 1), all of them in the same place.
template <class Make>
class reused_element {
 public:
  using value_type = std::invoke_result_t<Make&, int>;

  reused_element(int count, Make make)
      : count_(count), make_(std::move(make)), element_(make_(0)) {}

  class iterator {
   public:
    using iterator_concept = std::input_iterator_tag;
    using value_type = reused_element::value_type;
    using difference_type = std::ptrdiff_t;

    iterator() = default;
    explicit iterator(reused_element* in) : in_(in) {}
    value_type& operator*() const { return in_->element_; }
    iterator& operator++() {
      if (++in_->at_ < in_->count_) in_->element_ = in_->make_(in_->at_);
      return *this;
    }
    void operator++(int) { ++*this; }
    friend bool operator==(const iterator& at, std::default_sentinel_t) { return at.is_at_end(); }

   private:
    bool is_at_end() const { return in_->at_ == in_->count_; }
    reused_element* in_ = nullptr;
  };

  iterator begin() { return iterator(this); }
  std::default_sentinel_t end() const { return {}; }

 private:
  int count_;
  Make make_;
  value_type element_;
  int at_ = 0;
};

}  // namespace heddle::test
