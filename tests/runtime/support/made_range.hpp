// SPDX-License-Identifier: MIT
// A range whose elements are made when they are looked at: what a call does with prvalues. Own,
// because clang 14 cannot compile the views of libstdc++ 12.
#pragma once

#include <cstddef>
#include <functional>
#include <iterator>
#include <type_traits>

namespace heddle::test {

/// The elements make(0) to make(count - 1), each made anew at every look.
template <class Make>
class made_range {
 public:
  made_range(int count, Make make) : count_(count), make_(make) {}

  class iterator {
   public:
    using value_type = std::remove_cvref_t<std::invoke_result_t<const Make&, int>>;
    using difference_type = std::ptrdiff_t;

    iterator() = default;
    iterator(int at, const Make* make) : at_(at), make_(make) {}
    decltype(auto) operator*() const { return (*make_)(at_); }
    iterator& operator++() {
      ++at_;
      return *this;
    }
    iterator operator++(int) {
      iterator before = *this;
      ++at_;
      return before;
    }
    friend bool operator==(const iterator& a, const iterator& b) { return a.at_ == b.at_; }

   private:
    int at_ = 0;
    const Make* make_ = nullptr;
  };

  iterator begin() const { return {0, &make_}; }
  iterator end() const { return {count_, &make_}; }

 private:
  int count_;
  Make make_;
};

/// The numbers 0 to count - 1.
inline auto numbers_below(int count) {
  return made_range(count, [](int n) { return n; });
}

}  // namespace heddle::test
