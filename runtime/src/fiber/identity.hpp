// SPDX-License-Identifier: MIT
// Whose body runs on a fiber, in a form that anybody may read at any time: for dumps and signal
// handlers. Invariant: a reader that finds the same id before and after has read one task's words;
// names longer than name_bytes are cut here, not in the task.
#pragma once

#include <heddle/runtime/error.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace heddle::detail {

class fiber_identity {
 public:
  static constexpr std::size_t name_bytes = 32;

  struct copy {
    fiber_id id = fiber_id::none;
    spawn_site site;
    std::array<char, name_bytes + 1> name{};
  };

  void set(fiber_id id, spawn_site site, std::string_view name) noexcept {
    id_.store(0, std::memory_order_relaxed);
    std::atomic_thread_fence(std::memory_order_release);  // order: no id before the words change
    file_.store(site.file, std::memory_order_relaxed);
    line_.store(site.line, std::memory_order_relaxed);
    if (!name.empty() || named_) [[unlikely]]
      set_name(name);
    // order: release — partner: read().
    id_.store(static_cast<std::uint64_t>(id), std::memory_order_release);
  }

  /// Returns the task's words; id none if it was changing, or if there is none.
  copy read() const noexcept {
    copy result;
    // order: acquire — partner: set().
    const std::uint64_t before = id_.load(std::memory_order_acquire);
    result.site = {file_.load(std::memory_order_relaxed), line_.load(std::memory_order_relaxed)};
    for (std::size_t n = 0; n < name_.size(); ++n) {
      const std::uint64_t word = name_[n].load(std::memory_order_relaxed);
      std::memcpy(result.name.data() + n * sizeof word, &word, sizeof word);
    }
    std::atomic_thread_fence(std::memory_order_acquire);  // order: the words before the second id
    const bool same = id_.load(std::memory_order_relaxed) == before;
    result.id = same ? fiber_id{before} : fiber_id::none;
    return result;
  }

 private:
  __attribute__((noinline)) void set_name(std::string_view name) noexcept {
    named_ = !name.empty();
    std::array<char, name_bytes> text{};
    std::copy_n(name.begin(), std::min(name.size(), text.size()), text.begin());
    for (std::size_t n = 0; n < name_.size(); ++n) {
      std::uint64_t word = 0;
      std::memcpy(&word, text.data() + n * sizeof word, sizeof word);
      name_[n].store(word, std::memory_order_relaxed);
    }
  }

  std::atomic<std::uint64_t> id_{0};
  std::atomic<const char*> file_{""};
  std::atomic<std::uint32_t> line_{0};
  bool named_ = false;
  std::array<std::atomic<std::uint64_t>, name_bytes / sizeof(std::uint64_t)> name_{};
};

}  // namespace heddle::detail
