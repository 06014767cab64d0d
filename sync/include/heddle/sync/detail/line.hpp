// SPDX-License-Identifier: MIT
// Those who wait, in order of arrival: an intrusive list, for wait_list and party_list. Invariants:
// (1) all of it is under the lock of whoever has the line; (2) `linked` says whether an entry is in
// its line. No API.
#pragma once

namespace heddle::sync::detail {

/// What an entry of a line<T> derives from.
template <class T>
struct line_entry {
  T* next = nullptr;
  T* previous = nullptr;
  bool linked = false;
};

template <class T>
class line {
 public:
  line() noexcept = default;
  line(const line&) = delete;
  line& operator=(const line&) = delete;

  bool empty() const noexcept { return first_ == nullptr; }
  /// The oldest; null if there is none.
  T* first() const noexcept { return first_; }

  void append(T& one) noexcept {
    one.linked = true;
    one.next = nullptr;
    one.previous = last_;
    (last_ != nullptr ? last_->next : first_) = &one;
    last_ = &one;
  }

  /// Takes `one` out if it is in.
  void remove(T& one) noexcept {
    if (!one.linked) return;
    (one.previous != nullptr ? one.previous->next : first_) = one.next;
    (one.next != nullptr ? one.next->previous : last_) = one.previous;
    one.linked = false;
  }

 private:
  T* first_ = nullptr;
  T* last_ = nullptr;
};

/// Ends the process unless `nobody` waits: `what`, of heddle::sync, is being destroyed.
void check_nobody_waits(bool nobody, const char* what) noexcept;

}  // namespace heddle::sync::detail
