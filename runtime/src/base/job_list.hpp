// SPDX-License-Identifier: MIT
// A FIFO of jobs that one thread uses at a time, linked through the jobs themselves.
#pragma once

#include <heddle/runtime/detail/task_core.hpp>

#include <cstddef>

namespace heddle::detail {

class job_list {
 public:
  bool empty() const noexcept { return first_ == nullptr; }
  std::size_t size() const noexcept { return size_; }

  void push(job& item) noexcept {
    item.next = nullptr;
    if (last_ != nullptr) {
      last_->next = &item;
    } else {
      first_ = &item;
    }
    last_ = &item;
    ++size_;
  }

  job* pop() noexcept {
    job* const item = first_;
    if (item == nullptr) return nullptr;
    first_ = item->next;
    if (first_ == nullptr) last_ = nullptr;
    --size_;
    return item;
  }

 private:
  job* first_ = nullptr;
  job* last_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace heddle::detail
