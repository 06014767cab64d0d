// SPDX-License-Identifier: MIT
// generator: what it yields, how it is walked, what leaves it. Its end before the end:
// generator_cancel_test.cpp.
#include <heddle/runtime.hpp>

#include "runtime/support/loops.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <iterator>
#include <memory>
#include <ranges>
#include <stdexcept>
#include <string>
#include <type_traits>
#include <vector>

namespace heddle {
namespace {

using namespace std::chrono_literals;
using test::with_loops;

static_assert(std::ranges::input_range<generator<int>>);
static_assert(std::ranges::input_range<generator<std::string&>>);
static_assert(std::ranges::input_range<generator<std::unique_ptr<int>>>);
static_assert(!std::is_copy_constructible_v<generator<int>>);
static_assert(std::is_nothrow_move_constructible_v<generator<int>>);
static_assert(std::is_same_v<std::ranges::range_reference_t<generator<int>>, int&&>);
static_assert(std::is_same_v<std::ranges::range_reference_t<generator<const int&>>, const int&>);

generator<int> numbers_to(int count) {
  return [count](auto& yield) {
    for (int n = 0; n < count; ++n) yield(n);
  };
}

TEST(generator, gives_its_elements_in_order_and_then_ends) {
  run(with_loops(1), [] {
    std::vector<int> seen;
    for (const int n : numbers_to(5)) seen.push_back(n);
    EXPECT_EQ(seen, (std::vector<int>{0, 1, 2, 3, 4}));
    for (int n : numbers_to(0)) FAIL() << n;
  });
}

TEST(generator, begins_when_it_is_first_asked) {
  run(with_loops(1), [] {
    bool begun = false;
    generator<int> one([&](auto& yield) {
      begun = true;
      yield(1);
    });
    this_fiber::yield();
    EXPECT_FALSE(begun);
    EXPECT_EQ(*one.begin(), 1);
    EXPECT_TRUE(begun);
  });
}

TEST(generator, takes_turns_with_its_consumer) {
  run(with_loops(2), [] {
    std::string steps;
    generator<int> two([&](auto& yield) {
      steps += "a";
      yield(1);
      steps += "b";
      yield(2);
      steps += "c";
    });
    for (const int n : two) steps += std::to_string(n);
    EXPECT_EQ(steps, "a1b2c");
  });
}

TEST(generator, may_suspend_between_elements_and_in_functions_it_calls) {
  run(with_loops(2), [] {
    generator<int> slow([](auto& yield) {
      const auto pair_at = [&](int n) {
        this_fiber::sleep_for(100us);
        yield(n);
        yield(spawn([n] { return n + 1; }).join());
      };
      for (int n = 0; n < 20; n += 2) pair_at(n);
    });
    int expected = 0;
    for (const int n : slow) EXPECT_EQ(n, expected++);
    EXPECT_EQ(expected, 20);
  });
}

TEST(generator, a_hundred_thousand_elements_on_one_loop_and_on_two) {
  for (const unsigned loops : {1U, 2U}) {
    run(with_loops(loops), [] {
      constexpr int count = 100'000;
      int expected = 0;
      for (const int n : numbers_to(count)) ASSERT_EQ(n, expected++);
      EXPECT_EQ(expected, count);
    });
  }
}

TEST(generator, yields_the_object_itself_for_a_reference) {
  run(with_loops(1), [] {
    generator<std::string&> words([](auto& yield) {
      std::string word = "a";
      yield(word);
      EXPECT_EQ(word, "ab");
      yield(word);
    });
    std::string* first = nullptr;
    for (std::string& word : words) {
      if (first == nullptr) first = &word;
      EXPECT_EQ(&word, first);
      word += "b";
    }
    generator<const std::string&> views([](auto& yield) { yield(std::string("temporary")); });
    EXPECT_EQ(*views.begin(), "temporary");
  });
}

struct counts_copies {
  counts_copies(int& of_copies, int& of_moves) : copies(&of_copies), moves(&of_moves) {}
  counts_copies(const counts_copies& other) : copies(other.copies), moves(other.moves) {
    ++*copies;
  }
  counts_copies(counts_copies&& other) noexcept : copies(other.copies), moves(other.moves) {
    ++*moves;
  }
  int* copies;
  int* moves;
};

TEST(generator, copies_an_lvalue_once_and_an_rvalue_never) {
  run(with_loops(1), [] {
    int copies = 0;
    int moves = 0;
    generator<counts_copies> objects([&](auto& yield) {
      yield(counts_copies(copies, moves));
      counts_copies kept(copies, moves);
      yield(kept);
      yield(std::move(kept));
    });
    for (auto&& each : objects) EXPECT_EQ(each.copies, &copies);
    EXPECT_EQ(copies, 1);
    EXPECT_EQ(moves, 0);
    copies = 0;
    generator<counts_copies> again([&](auto& yield) { yield(counts_copies(copies, moves)); });
    for (auto each : again) EXPECT_EQ(each.moves, &moves);  // NOLINT: takes the element out
    EXPECT_EQ(copies, 0);
    EXPECT_EQ(moves, 1);
  });
}

TEST(generator, gives_away_what_only_moves) {
  run(with_loops(1), [] {
    generator<std::unique_ptr<int>> boxes([box = std::make_unique<int>(1)](auto& yield) mutable {
      yield(std::move(box));
      yield(std::make_unique<int>(2));
    });
    std::vector<std::unique_ptr<int>> kept;
    for (std::unique_ptr<int> each : boxes) kept.push_back(std::move(each));
    ASSERT_EQ(kept.size(), 2U);
    EXPECT_EQ(*kept[0] + *kept[1], 3);
  });
}

TEST(generator, next_gives_the_elements_as_optionals) {
  run(with_loops(1), [] {
    auto numbers = numbers_to(2);
    EXPECT_EQ(numbers.next(), 0);
    EXPECT_EQ(numbers.next(), 1);
    EXPECT_EQ(numbers.next(), std::nullopt);
    EXPECT_EQ(numbers.next(), std::nullopt);
    int place = 5;
    generator<int&> places([&](auto& yield) { yield(place); });
    EXPECT_EQ(&places.next()->get(), &place);
  });
}

TEST(generator, a_second_loop_goes_on_where_the_first_was_left) {
  run(with_loops(1), [] {
    auto numbers = numbers_to(6);
    int sum = 0;
    for (const int n : numbers) {
      sum += n;
      if (n == 2) break;
    }
    EXPECT_EQ(sum, 3);
    for (const int n : numbers) sum += 10 * n;
    EXPECT_EQ(sum, 3 + 120);
  });
}

TEST(generator, is_a_range_for_algorithms_and_for_map) {
  run(with_loops(2), [] {
    std::vector<int> copied;
    std::ranges::copy(numbers_to(4), std::back_inserter(copied));
    EXPECT_EQ(copied, (std::vector<int>{0, 1, 2, 3}));
    const auto tens = map(numbers_to(30), 4, [](int n) {
      this_fiber::yield();
      return 10 * n;
    });
    ASSERT_EQ(tens.size(), 30U);
    for (int n = 0; n < 30; ++n) EXPECT_EQ(tens[static_cast<std::size_t>(n)], 10 * n);
  });
}

generator<int> leaves_of(int depth) {
  return [depth](auto& yield) {
    if (depth == 0) return yield(1);
    for (const int leaf : leaves_of(depth - 1)) yield(leaf);
    for (const int leaf : leaves_of(depth - 1)) yield(leaf);
  };
}

TEST(generator, may_consume_generators) {
  run(with_loops(2), [] {
    int leaves = 0;
    for (const int leaf : leaves_of(7)) leaves += leaf;
    EXPECT_EQ(leaves, 128);
  });
}

TEST(generator, what_the_producer_throws_comes_out_of_the_consumers_step) {
  run(with_loops(2), [] {
    generator<int> fails([](auto& yield) {
      yield(1);
      throw std::runtime_error("the producer");
    });
    auto at = fails.begin();
    EXPECT_EQ(*at, 1);
    EXPECT_THROW(++at, std::runtime_error);
    EXPECT_THROW(*at, std::logic_error);
    EXPECT_EQ(at, fails.end());
    EXPECT_EQ(fails.next(), std::nullopt);
    generator<int> at_once([](auto&) { throw std::runtime_error("at once"); });
    EXPECT_THROW(at_once.begin(), std::runtime_error);
  });
}

TEST(generator, an_error_that_is_yielded_does_not_end_it) {
  run(with_loops(1), [] {
    generator<int> goes_on([](auto& yield) {
      yield(1);
      yield.error(std::make_exception_ptr(std::runtime_error("one of them")));
      yield(3);
    });
    EXPECT_EQ(goes_on.next(), 1);
    EXPECT_THROW(goes_on.next(), std::runtime_error);
    EXPECT_EQ(goes_on.next(), 3);
    EXPECT_EQ(goes_on.next(), std::nullopt);
  });
}

TEST(generator, an_error_that_is_null_is_refused) {
  run(with_loops(1), [] {
    generator<int> none([](auto& yield) {
      EXPECT_THROW(yield.error(nullptr), std::invalid_argument);
      yield(1);
    });
    EXPECT_EQ(none.next(), 1);
  });
}

TEST(generator, yields_inside_a_catch_keep_both_sides_exceptions_apart) {
  run(with_loops(2), [] {
    generator<int> inside([](auto& yield) {
      try {
        throw std::runtime_error("the producer's");
      } catch (...) {
        for (int n = 0; n < 50; ++n) {
          yield(n);
          try {
            throw;
          } catch (const std::runtime_error& error) {
            EXPECT_STREQ(error.what(), "the producer's");
          }
        }
      }
    });
    try {
      throw std::logic_error("the consumer's");
    } catch (...) {
      for (const int n : inside) {
        if (n % 8 == 0) this_fiber::sleep_for(10us);
        try {
          throw;
        } catch (const std::logic_error& error) {
          EXPECT_STREQ(error.what(), "the consumer's");
        }
      }
    }
  });
}

TEST(generator, moved_between_two_elements_it_goes_on_in_another_fiber_and_thread) {
  runtime other(with_loops(1));
  runtime home(with_loops(2));
  generator<int> moved;
  home.run([&] {
    auto numbers = numbers_to(9);
    EXPECT_EQ(numbers.next(), 0);
    numbers = spawn([numbers = std::move(numbers)]() mutable {
                EXPECT_EQ(numbers.next(), 1);
                return std::move(numbers);
              }).join();
    EXPECT_EQ(numbers.next(), 2);
    moved = std::move(numbers);
    EXPECT_THROW(numbers.next(), std::logic_error);  // NOLINT: that is the mistake
  });
  EXPECT_EQ(moved.next(), 3);
  other.run([&] { EXPECT_EQ(moved.next(), 4); });
  moved = {};
}

TEST(generator, is_walked_by_fibers_only_unless_it_has_begun) {
  auto numbers = numbers_to(2);
  EXPECT_THROW(numbers.begin(), std::logic_error);
  run(with_loops(1), [&] {
    EXPECT_EQ(numbers.next(), 0);
    EXPECT_EQ(numbers.next(), 1);
    EXPECT_EQ(numbers.next(), std::nullopt);
  });
}

TEST(generator, mistakes_are_told) {
  run(with_loops(1), [] {
    generator<int> none;
    EXPECT_THROW(none.begin(), std::logic_error);
    generator<int> torn([](auto& yield) {
      bool told = false;
      {
        task_group both;
        both.spawn([&] { yield(1); });
        both.spawn([&] {
          try {
            yield(2);
          } catch (const std::logic_error&) {
            told = true;
          }
        });
        both.join();
      }
      EXPECT_TRUE(told);
      yield(3);
    });
    EXPECT_EQ(torn.next(), 1);
    EXPECT_EQ(torn.next(), 3);
    EXPECT_EQ(torn.next(), std::nullopt);
    test::gate open;
    generator<int> waits([&](auto& yield) {
      open.wait();
      yield(1);
    });
    auto first = spawn([&] { return waits.next(); });
    test::let_all_run();
    EXPECT_THROW(waits.next(), std::logic_error);
    open.open();
    EXPECT_EQ(first.join(), 1);
  });
}

TEST(generator, its_producer_ends_what_it_captured_on_its_own_fiber) {
  run(with_loops(1), [] {
    struct notes {
      fiber_id* to = nullptr;
      explicit notes(fiber_id& id) : to(&id) {}
      notes(notes&& other) noexcept : to(std::exchange(other.to, nullptr)) {}
      ~notes() {
        if (to != nullptr) *to = this_fiber::id();
      }
    };
    fiber_id ended{};
    fiber_id ran{};
    generator<int> one([captured = notes(ended), &ran](auto& yield) {
      ran = this_fiber::id();
      yield(1);
    });
    for (const int n : one) EXPECT_EQ(n, 1);
    EXPECT_EQ(ended, ran);
    EXPECT_NE(ended, this_fiber::id());
  });
}

}  // namespace
}  // namespace heddle
