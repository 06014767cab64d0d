// SPDX-License-Identifier: MIT
// An element of a range, for a child that uses it while its parent walks on. Invariant: what a
// child is given stays until the child has ended: the element itself where the range keeps it, else
// a copy of the child's own. Used by gather.hpp, race.hpp and map.hpp.
#pragma once

#include <heddle/runtime/task_group.hpp>

#include <memory>
#include <ranges>
#include <type_traits>
#include <utility>

namespace heddle::detail {

/// Whether the elements of a range stay where they are for as long as the range does. What a
/// single-pass range refers to may be gone, or another element, at its next step.
template <class Range>
inline constexpr bool elements_stay = std::ranges::forward_range<Range>&&
    std::is_lvalue_reference_v<std::ranges::range_reference_t<Range>>;

/// One element: borrowed if it stays, else owned.
template <class Range, bool = elements_stay<Range>>
class held_element {
 public:
  using reference = std::ranges::range_reference_t<Range>;

  explicit held_element(reference element) noexcept : element_(std::addressof(element)) {}
  reference get() const noexcept { return *element_; }

 private:
  std::add_pointer_t<reference> element_;
};

template <class Range>
class held_element<Range, false> {
  using element = std::ranges::range_reference_t<Range>;
  using value = std::remove_cvref_t<element>;
  static_assert(std::is_constructible_v<value, element>,
                "the elements of a single-pass range are gone at its next step, so each call gets "
                "a copy of its own, and these cannot be copied: have the range make values, as "
                "generator<T> does");

 public:
  using reference = element&&;  // an lvalue stays one

  explicit held_element(reference given) : own_(static_cast<reference>(given)) {}
  reference get() noexcept { return static_cast<reference>(own_); }

 private:
  value own_;
};

/// Spawns a child that returns `act(element)`, and holds the element of the Range till then.
template <class Range, class Act, class Element>
auto spawn_with(task_group& group, Element&& element, Act act, spawn_site where) {
  using held = held_element<Range>;
  using result = std::invoke_result_t<Act&, typename held::reference>;
  return group.spawn(
      [act = std::move(act), one = held(std::forward<Element>(element))]() mutable -> result {
        return act(one.get());
      },
      where);
}

}  // namespace heddle::detail
