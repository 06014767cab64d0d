// SPDX-License-Identifier: MIT
// A parallel algorithm as oneTBB's side of it sees one: a range that can be cut, a body, results
// that can be combined, all behind virtual functions, so that no user includes oneTBB. One call a
// part: within a part the user's code is compiled as one loop. Shipped, but not API.
#pragma once

#include <heddle/runtime/clock.hpp>

#include <cstddef>
#include <memory>

namespace heddle::detail {

/// A part of a range.
class range_part {
 public:
  range_part() = default;
  range_part& operator=(const range_part&) = delete;
  virtual ~range_part() = default;
  virtual bool empty() const = 0;
  virtual bool is_divisible() const = 0;
  /// Cuts off one half and returns it.
  virtual std::unique_ptr<range_part> split() = 0;
  virtual std::unique_ptr<range_part> copy() const = 0;

 protected:
  range_part(const range_part&) = default;
};

/// What comes of some parts.
class partial_result {
 public:
  partial_result() = default;
  partial_result(const partial_result&) = delete;
  partial_result& operator=(const partial_result&) = delete;
  virtual ~partial_result() = default;
};

/// Whether the work is cut short, by a failure or a cancellation.
class stop_sign {
 public:
  virtual ~stop_sign() = default;
  virtual bool is_set() const noexcept = 0;
};

/// How many elements to do before the next look at the sign: few enough for it to come after some
/// microseconds, or after one element; so many that it costs nothing if elements are small.
class pace {
 public:
  explicit pace(const stop_sign& sign) noexcept : sign_(sign) {}
  /// Returns 0 if the sign is set.
  std::size_t next() noexcept;

 private:
  const stop_sign& sign_;
  std::size_t count_ = 0;
  clock::time_point began_;
};

/// What is done with the parts. Called by several threads at once.
class parallel_job {
 public:
  parallel_job() = default;
  parallel_job(const parallel_job&) = delete;
  parallel_job& operator=(const parallel_job&) = delete;
  virtual ~parallel_job() = default;
  /// May leave elements out once the sign is set.
  virtual void run(range_part& part, partial_result* into, const stop_sign& sign) const = 0;
  /// Returns a result of no part.
  virtual std::unique_ptr<partial_result> begin() const { return nullptr; }
  /// `right` comes behind `left`.
  virtual void combine(partial_result&, partial_result&) const {}
};

/// Runs `job` on all parts of `all`; with `into`, combines what comes of them in it. Errors: what
/// left the job; `cancelled`: it was cut short.
void run_parallel(const range_part& all, const parallel_job& job, partial_result* into);

}  // namespace heddle::detail
