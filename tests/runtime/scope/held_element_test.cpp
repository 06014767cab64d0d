// SPDX-License-Identifier: MIT
// What the calls of map, gather, race and any are given of a range: an element that stays, or one
// of their own.
#include <heddle/runtime.hpp>

#include "runtime/support/loops.hpp"
#include "runtime/support/made_range.hpp"
#include "runtime/support/reused_element.hpp"

#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

namespace heddle {
namespace {

using detail::elements_stay;
using test::made_range;
using test::reused_element;
using test::with_loops;

constexpr int several = 6;

std::string text_of(int number) { return std::string(40, static_cast<char>('a' + number)); }

/// Texts on the producer's stack, each for one step only.
generator<std::string&> passing_texts() {
  return [](auto& yield) {
    for (int n = 0; n < several; ++n) {
      std::string here = text_of(n);
      yield(here);
    }
  };
}

/// Calls for a number, in the same place one after the other; `before` is called in each.
template <class Before>
auto passing_calls(Before before) {
  const auto call = [before](int n) {
    return std::function<int()>([before, n] {
      before(n);
      return n;
    });
  };
  return reused_element(several, call);
}

TEST(held_element, stays_where_a_range_can_be_walked_twice_and_gives_references) {
  static_assert(elements_stay<std::vector<int>>);
  static_assert(elements_stay<const std::array<int, 2>&>);
  static_assert(!elements_stay<std::vector<bool>>);
  static_assert(!elements_stay<generator<int>>);
  static_assert(!elements_stay<generator<int&>>);
  static_assert(!elements_stay<decltype(passing_calls([](int) {}))>);
  std::vector<int> numbers{1, 2};
  EXPECT_EQ(&detail::held_element<std::vector<int>&>(numbers[1]).get(), &numbers[1]);
}

TEST(held_element, map_gives_each_call_the_element_of_its_own_step) {
  for (const unsigned loops : {1U, 2U}) {
    run(with_loops(loops), [] {
      auto numbers = reused_element(several, [](int n) { return n; });
      const std::vector<int> seen = map(numbers, several, [](int& n) {
        this_fiber::yield();
        return n;
      });
      EXPECT_EQ(seen, (std::vector<int>{0, 1, 2, 3, 4, 5}));
      const std::vector<std::string> texts = map(passing_texts(), 3, [](const std::string& text) {
        this_fiber::yield();
        return text;
      });
      for (int n = 0; n < several; ++n) EXPECT_EQ(texts[static_cast<std::size_t>(n)], text_of(n));
    });
  }
}

TEST(held_element, of_a_single_pass_range_is_a_copy_and_the_original_is_left_alone) {
  run(with_loops(1), [] {
    std::vector<std::string> kept{"one", "two"};
    generator<std::string&> each([&kept](auto& yield) {
      for (std::string& text : kept) yield(text);
    });
    map(each, 2, [](std::string& text) { text += " more"; });
    EXPECT_EQ(kept, (std::vector<std::string>{"one", "two"}));
    generator<const std::string&> unchanging([&kept](auto& yield) {
      for (const std::string& text : kept) yield(text);
    });
    map(unchanging, 2,
        [](auto& text) { static_assert(std::is_same_v<decltype(text), const std::string&>); });
  });
}

TEST(held_element, that_can_only_be_moved_is_moved) {
  run(with_loops(1), [] {
    generator<std::unique_ptr<int>> boxes([](auto& yield) {
      for (int n = 0; n < several; ++n) yield(std::make_unique<int>(n));
    });
    const auto taken = map(boxes, several, [](std::unique_ptr<int> box) {
      this_fiber::yield();
      return box;
    });
    for (int n = 0; n < several; ++n) EXPECT_EQ(*taken[static_cast<std::size_t>(n)], n);
    struct once {
      std::unique_ptr<int> given;
      std::unique_ptr<int> operator()() && { return std::move(given); }
    };
    auto calls = made_range(3, [](int n) { return once{std::make_unique<int>(n)}; });
    EXPECT_EQ(*gather(calls)[2], 2);
    EXPECT_EQ(*race(calls).second, 0);
  });
}

TEST(held_element, gather_calls_what_each_step_gave) {
  for (const unsigned loops : {1U, 2U}) {
    run(with_loops(loops), [] {
      EXPECT_EQ(gather(passing_calls([](int) { this_fiber::yield(); })),
                (std::vector<int>{0, 1, 2, 3, 4, 5}));
      const auto settled = gather_settled(passing_calls([](int n) {
        this_fiber::yield();
        if (n == 2) throw std::runtime_error("the second");
      }));
      ASSERT_EQ(settled.size(), std::size_t{several});
      for (int n = 0; n < several; ++n) {
        EXPECT_EQ(settled[static_cast<std::size_t>(n)].has_value(), n != 2);
      }
      EXPECT_EQ(settled[5].value(), 5);
    });
  }
}

TEST(held_element, race_and_any_call_what_each_step_gave) {
  run(with_loops(1), [] {
    const auto first = race(passing_calls([](int n) {
      if (n != 1) test::park_for_ever();
    }));
    EXPECT_EQ(first, (std::pair<std::size_t, int>(1, 1)));
    const auto succeeded = any(passing_calls([](int n) {
      if (n < 3) throw std::runtime_error("too early");
      if (n > 3) test::park_for_ever();
    }));
    EXPECT_EQ(succeeded, (std::pair<std::size_t, int>(3, 3)));
  });
}

}  // namespace
}  // namespace heddle
