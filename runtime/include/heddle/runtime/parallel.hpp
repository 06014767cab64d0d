// SPDX-License-Identifier: MIT
// Loops and reductions over a range, in parallel on the CPU pool, while the calling fiber waits: by
// oneTBB's algorithms, which cut the range in as many parts as keep their threads busy. Ranges are
// numbers, iterators, ranges of the standard library, and blocked ranges, heddle's or oneTBB's, in
// one, two or three dimensions. Not here: parallel recursion (fork_join.hpp), a single job
// (cpu_pool.hpp).
#pragma once

#include <heddle/runtime/detail/parallel_job.hpp>

#include <concepts>
#include <cstddef>
#include <iterator>
#include <memory>
#include <ranges>
#include <type_traits>
#include <utility>
#include <vector>

namespace heddle {

/// Tells the constructor of a range to take one half of another.
struct split {};

/// Numbers or iterators from begin() to before end(), to be cut in halves as long as there are more
/// than `grainsize`. As oneTBB's, whose bodies take it as they take their own.
template <class Value>
class blocked_range {
 public:
  using const_iterator = Value;
  using size_type = std::size_t;

  /// Shape: grainsize >= 1. Empty unless first < last.
  blocked_range(Value first, Value last, size_type grainsize = 1)
      : begin_(first), end_(last), grainsize_(grainsize < 1 ? 1 : grainsize) {}
  /// Takes the upper half of `from`.
  blocked_range(blocked_range& from, split)
      : begin_(from.middle()), end_(from.end_), grainsize_(from.grainsize_) {
    from.end_ = begin_;
  }

  /// Calls `each(value)` from begin() on, as long as `more()` returns for how many times. For the
  /// algorithms here.
  template <class More, class Each>
  void visit(More more, Each each) const {
    for (Value at = begin_; at < end_;) {
      const size_type most = more();
      if (most == 0) return;
      const Value stop = distance(at, end_) <= most ? end_ : advanced(at, most);
      for (; at != stop; ++at) each(at);
    }
  }

  Value begin() const { return begin_; }
  Value end() const { return end_; }
  size_type grainsize() const noexcept { return grainsize_; }
  bool empty() const { return !(begin_ < end_); }
  /// Shape: not empty().
  size_type size() const { return distance(begin_, end_); }
  bool is_divisible() const { return !empty() && size() > grainsize_; }

  /// For a body that takes another library's blocked range.
  template <class Other>
  requires(!std::same_as<Other, blocked_range>) &&
      std::same_as<typename Other::const_iterator,
                   Value>&& std::constructible_from<Other, Value, Value, size_type>
      operator Other() const {
    return Other(begin_, end_, grainsize_);
  }

 private:
  static size_type distance(const Value& from, const Value& to) {
    if constexpr (std::integral<Value>) {
      return static_cast<size_type>(to) - static_cast<size_type>(from);
    } else {
      return static_cast<size_type>(to - from);
    }
  }
  static Value advanced(const Value& from, size_type by) {
    if constexpr (std::integral<Value>) {
      return static_cast<Value>(static_cast<size_type>(from) + by);
    } else {
      return from + static_cast<std::iter_difference_t<Value>>(by);
    }
  }
  Value middle() const { return advanced(begin_, size() / 2); }

  Value begin_;
  Value end_;
  size_type grainsize_;
};

namespace detail {

/// Becomes the tag that the range's own library has for a cut.
struct any_split {
  template <class Tag>
  requires std::is_empty_v<Tag>
  operator Tag() const noexcept { return Tag(); }
};

}  // namespace detail

/// A range that can be cut in halves, as oneTBB has them: empty(), is_divisible(), and a
/// constructor from (Range&, split).
template <class Range>
concept divisible_range = std::copy_constructible<Range> && requires(const Range& range) {
  { range.empty() } -> std::convertible_to<bool>;
  { range.is_divisible() } -> std::convertible_to<bool>;
};

namespace detail {

template <divisible_range Range>
class part_of final : public range_part {
 public:
  explicit part_of(const Range& range) : range_(range) {}
  part_of(part_of& from, any_split how) : range_(from.range_, how) {}
  const Range& range() const noexcept { return range_; }

  bool empty() const override { return range_.empty(); }
  bool is_divisible() const override { return range_.is_divisible(); }
  std::unique_ptr<range_part> split() override {
    return std::make_unique<part_of>(*this, any_split{});
  }
  std::unique_ptr<range_part> copy() const override { return std::make_unique<part_of>(range_); }

 private:
  Range range_;
};

/// Calls `f` for parts; one that is the library's own looks at the sign itself.
template <class F, class Range, class... Rest>
decltype(auto) call_for_part(const F& f, const Range& part, const stop_sign& sign, Rest&&... rest) {
  if constexpr (std::is_invocable_v<const F&, const Range&, const stop_sign&, Rest...>) {
    return f(part, sign, std::forward<Rest>(rest)...);
  } else {
    return f(part, std::forward<Rest>(rest)...);
  }
}

/// Calls `body(range)` for all parts of a range.
template <class Range, class Body>
class for_job final : public parallel_job {
 public:
  explicit for_job(const Body& body) noexcept : body_(body) {}
  void run(range_part& part, partial_result*, const stop_sign& sign) const override {
    call_for_part(body_, static_cast<part_of<Range>&>(part).range(), sign);
  }

 private:
  const Body& body_;
};

template <class Value>
struct partial_value final : partial_result {
  explicit partial_value(Value begins_as) : value(std::move(begins_as)) {}
  Value value;
};

/// Folds all parts of a range into a value, `value = body(range, value)`.
template <class Range, class Value, class Body, class Combine>
class reduce_job final : public parallel_job {
 public:
  reduce_job(const Value& identity, const Body& body, const Combine& combine) noexcept
      : identity_(identity), body_(body), combine_(combine) {}

  void run(range_part& part, partial_result* into, const stop_sign& sign) const override {
    Value& sum = static_cast<partial_value<Value>*>(into)->value;
    sum = call_for_part(body_, static_cast<part_of<Range>&>(part).range(), sign, std::move(sum));
  }
  std::unique_ptr<partial_result> begin() const override {
    return std::make_unique<partial_value<Value>>(identity_);
  }
  void combine(partial_result& left, partial_result& right) const override {
    Value& sum = static_cast<partial_value<Value>&>(left).value;
    sum = combine_(std::move(sum), std::move(static_cast<partial_value<Value>&>(right).value));
  }

 private:
  const Value& identity_;
  const Body& body_;
  const Combine& combine_;
};

template <class Range, class Body>
void run_for(const Range& range, const Body& body) {
  run_parallel(part_of<Range>(range), for_job<Range, Body>(body), nullptr);
}

template <class Range, class Value, class Body, class Combine>
Value run_reduce(const Range& range, const Value& identity, const Body& body,
                 const Combine& combine) {
  partial_value<Value> result(identity);
  const reduce_job<Range, Value, Body, Combine> job(identity, body, combine);
  run_parallel(part_of<Range>(range), job, &result);
  return std::move(result.value);
}

/// Calls `each(value)` for the values of a part, until the sign is set.
template <class Value, class Each>
void visit_until(const blocked_range<Value>& part, const stop_sign& sign, Each each) {
  part.visit([look = pace(sign)]() mutable { return look.next(); }, each);
}

/// Calls `use` with a blocked range of iterators of `range`, and how to get from one to its
/// element. What cannot be cut by itself is listed first.
template <class Range, class Use>
decltype(auto) with_iterators(Range& range, Use&& use) {
  if constexpr (std::ranges::random_access_range<Range>) {
    const auto first = std::ranges::begin(range);
    return use(blocked_range(first, std::ranges::next(first, std::ranges::end(range))),
               [](const auto& at) -> decltype(auto) { return *at; });
  } else {
    std::vector<std::ranges::iterator_t<Range>> all;
    for (auto at = std::ranges::begin(range); at != std::ranges::end(range); ++at) {
      all.push_back(at);
    }
    return use(blocked_range(all.cbegin(), all.cend()),
               [](const auto& at) -> decltype(auto) { return **at; });
  }
}

template <class Body, class Range>
concept body_for_part = divisible_range<std::remove_cvref_t<Range>> && std::invocable < const Body&,
        const std::remove_cvref_t<Range>
& > ;
template <class Body, class Range>
concept body_for_element =
    !divisible_range<std::remove_cvref_t<Range>> && std::ranges::forward_range<Range> &&
    std::invocable<const Body&, std::ranges::range_reference_t<Range>>;
template <class Body, class Range, class Value>
concept folds_parts = divisible_range<std::remove_cvref_t<Range>> && std::is_invocable_r_v < Value,
        const Body&, const std::remove_cvref_t<Range>
&, Value > ;
template <class Body, class Range, class Value>
concept folds_elements =
    !divisible_range<std::remove_cvref_t<Range>> && std::ranges::forward_range<Range> &&
    std::is_invocable_r_v<Value, const Body&, Value, std::ranges::range_reference_t<Range>>;
template <class Combine, class Value>
concept combines = std::is_invocable_r_v<Value, const Combine&, Value, Value>;

}  // namespace detail

/// Calls `body(i)` for each number from `first` to before `last`, of their common type, or
/// `body(*i)` for each of such iterators, in any order, on the threads of the CPU pool; `body` by
/// several threads at once, as a constant: no mutable lambdas. From a thread of a pool: on the CPU
/// pool's; from another plain thread: in oneTBB's default arena. Bodies run on plain threads, which
/// a wait blocks; what needs a fiber (spawn, yield) throws std::logic_error there. Errors: the
/// first that a body throws, after those that had begun are done; most others are not begun then.
/// `cancelled`: of the caller, who has waited for the bodies that had begun, or of the parallel
/// work that the caller is a part of. Suspends: yes; a cancelled call may have done some of the
/// work. Cost: some 10 µs, and a microsecond a part.
template <class First, class Last, class Body>
requires std::integral<First> && std::integral<Last> &&
    std::invocable<const Body&, std::common_type_t<First, Last>>
void parallel_for(First first, Last last, const Body& body) {
  using number = std::common_type_t<First, Last>;
  using range = blocked_range<number>;
  detail::run_for(range(static_cast<number>(first), static_cast<number>(last)),
                  [&body](const range& part, const detail::stop_sign& sign) {
                    detail::visit_until(part, sign, [&body](const number& i) { body(i); });
                  });
}
template <std::random_access_iterator Iterator, class Body>
requires std::invocable<const Body&, std::iter_reference_t<Iterator>>
void parallel_for(Iterator first, Iterator last, const Body& body) {
  using range = blocked_range<Iterator>;
  detail::run_for(range(first, last), [&body](const range& part, const detail::stop_sign& sign) {
    detail::visit_until(part, sign, [&body](const Iterator& i) { body(*i); });
  });
}

/// Calls `body(element)` for each element of a range of the standard library that can be passed
/// twice, or `body(part)` for parts of one that can be cut (blocked_range); otherwise as above.
template <class Range, class Body>
requires detail::body_for_part<Body, Range>
void parallel_for(Range&& range, const Body& body) { detail::run_for(std::as_const(range), body); }
template <class Range, class Body>
requires detail::body_for_element<Body, Range>
void parallel_for(Range&& range, const Body& body) {
  detail::with_iterators(range, [&body](const auto& all, auto element) {
    detail::run_for(all, [&body, element](const auto& part, const detail::stop_sign& sign) {
      detail::visit_until(part, sign, [&body, element](const auto& i) { body(element(i)); });
    });
  });
}

/// Folds a range into one value: `value = body(value, element)` for the elements of a range of the
/// standard library, or `value = body(part, value)` for parts of one that can be cut; each fold
/// begins with a copy of `identity`, and `combine(left, right)` makes one of the values of two
/// neighbours. The order of the elements is kept, their grouping is not: `combine` must be
/// associative. Value is the type of `identity`: with 0 doubles are summed up as int. For numbers
/// take std::views::iota (not with clang 14), or blocked_range(first, last) and a body that folds a
/// part. Returns: the value of all; `identity` of an empty range. Errors, Suspends, Cost: as
/// parallel_for.
template <class Range, class Value, class Body, class Combine>
requires detail::folds_parts<Body, Range, Value> && detail::combines<Combine, Value> Value
parallel_reduce(Range&& range, Value identity, const Body& body, const Combine& combine) {
  return detail::run_reduce(std::as_const(range), identity, body, combine);
}
template <class Range, class Value, class Body, class Combine>
requires detail::folds_elements<Body, Range, Value> && detail::combines<Combine, Value> Value
parallel_reduce(Range&& range, Value identity, const Body& body, const Combine& combine) {
  return detail::with_iterators(range, [&](const auto& all, auto element) {
    const auto fold = [&body, element](const auto& part, const detail::stop_sign& sign, Value sum) {
      detail::visit_until(part, sign, [&body, &sum, element](const auto& i) {
        sum = body(std::move(sum), element(i));
      });
      return sum;
    };
    return detail::run_reduce(all, identity, fold, combine);
  });
}

}  // namespace heddle
