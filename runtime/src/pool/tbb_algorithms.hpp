// SPDX-License-Identifier: MIT
// oneTBB's parallel algorithms over a range that it knows by virtual functions only.
#pragma once

#include <heddle/runtime/detail/parallel_job.hpp>

namespace heddle::detail {

/// What an algorithm works on. oneTBB hands parts and results from thread to thread, in order.
class divided_work {
 public:
  virtual ~divided_work() = default;
  virtual bool is_empty(const range_part& part) const = 0;
  virtual bool is_divisible(const range_part& part) const = 0;
  /// The caller owns what it gets, and gives it to drop(). Null: that failed, and the work has been
  /// cut short.
  virtual range_part* copy(const range_part& part) const noexcept = 0;
  virtual range_part* split(range_part& part) const noexcept = 0;
  virtual void drop(range_part* part) const noexcept = 0;

  virtual void run(range_part& part, partial_result* into, const stop_sign& sign) const = 0;
  /// The caller owns what it gets, and gives it to drop().
  virtual partial_result* begin() const = 0;
  virtual void combine(partial_result& left, partial_result& right) const = 0;
  virtual void drop(partial_result* result) const noexcept = 0;
};

/// What can be cut short together: a oneTBB task_group_context.
class tbb_group {
 public:
  /// Whether it is cut short with the work around it.
  enum class bound_to { nothing, surroundings };
  explicit tbb_group(bound_to what);
  ~tbb_group();
  tbb_group(const tbb_group&) = delete;
  tbb_group& operator=(const tbb_group&) = delete;

  void cut_short() noexcept;
  bool is_cut_short() const noexcept;

  /// Runs `work` on all parts of `all`, in the arena of the calling thread, which meanwhile runs
  /// nothing else; with `into` as a reduction. Errors: what left the work.
  void run(const divided_work& work, const range_part& all, partial_result* into);

 private:
  void* context_;
};

}  // namespace heddle::detail
