// SPDX-License-Identifier: MIT
// The pool of stacks: guarded in the way that the kernel allows, reused, grown, trimmed, and never
// mixed up.
#include "fiber/stack_pool.hpp"

#include "runtime/support/child.hpp"
#include "runtime/support/process_counts.hpp"
#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <memory>
#include <set>
#include <thread>
#include <vector>

#include <sys/mman.h>

namespace heddle::detail {
namespace {

constexpr std::size_t stack_bytes = 64 * 1024;
constexpr int madv_guard_install = 102;  // Linux 6.13; the headers of Debian 12 lack it

/// A place with the address of a scheduler: the pool writes it into its fibers and never looks at
/// it.
scheduler& nobody() noexcept {
  alignas(64) static std::array<std::byte, 64> place;
  return reinterpret_cast<scheduler&>(place);
}

class pool_with_loans {
 public:
  explicit pool_with_loans(stack_pool::settings how) : pool(how, nobody(), nullptr) {}
  ~pool_with_loans() { give_back(); }

  fiber& take() {
    std::array<fiber*, 1> one{};
    EXPECT_EQ(pool.take_default(one), 1U);
    loans.push_back(one[0]);
    return *one[0];
  }
  void take(std::size_t count) {
    for (std::size_t n = 0; n < count; ++n) take();
  }
  void give_back() {
    pool.give(loans);
    loans.clear();
  }

  stack_pool pool;
  std::vector<fiber*> loans;
};

stack_pool::settings usual() { return {stack_bytes, 30'000}; }

bool readable(const std::byte* address) {
  // The kernel tells, without a signal: a page that is guarded cannot be read by write(2).
  std::array<int, 2> ends{};
  EXPECT_EQ(::pipe(ends.data()), 0);
  const bool could = ::write(ends[1], address, 1) == 1;
  ::close(ends[0]);
  ::close(ends[1]);
  return could;
}

TEST(stack_pool, stacks_lie_apart_and_each_has_a_guard_at_its_low_end) {
  pool_with_loans some(usual());
  std::set<std::byte*> lows;
  for (int n = 0; n < 100; ++n) {
    fiber& one = some.take();
    EXPECT_EQ(one.stack_bytes(), stack_bytes);
    EXPECT_FALSE(readable(one.stack_low()));
    EXPECT_TRUE(readable(one.stack_low() + page_bytes));
    EXPECT_GT(reinterpret_cast<std::byte*>(&one), one.stack_low() + stack_bytes - 2 * page_bytes);
    EXPECT_LE(reinterpret_cast<std::byte*>(&one + 1), one.stack_low() + stack_bytes);
    lows.insert(one.stack_low());
  }
  ASSERT_EQ(lows.size(), 100U);
  for (auto each = lows.begin(), next = std::next(each); next != lows.end(); ++each, ++next) {
    EXPECT_GE(*next - *each, static_cast<std::ptrdiff_t>(stack_bytes));
  }
  EXPECT_EQ(some.pool.stacks(), 100U);
  EXPECT_EQ(some.pool.unguarded(), 0U);
}

TEST(stack_pool, a_fiber_that_was_given_back_is_given_out_again) {
  pool_with_loans some(usual());
  fiber* const one = &some.take();
  some.give_back();
  EXPECT_EQ(some.pool.pooled(), 1U);
  EXPECT_EQ(&some.take(), one);
  EXPECT_EQ(some.pool.pooled(), 0U);
  EXPECT_EQ(some.pool.stacks(), 1U);
}

TEST(stack_pool, says_who_runs_on_a_fiber_and_knows_one_that_is_gone) {
  pool_with_loans some(usual());
  some.take(1000);
  for (std::size_t n = 0; n < some.loans.size(); ++n) {
    some.loans[n]->identity.set(fiber_id{n + 1}, {"a.cpp", 3}, "one");
  }
  const std::vector<fiber*> all = some.loans;
  EXPECT_EQ(some.pool.identity_of(all[41]).id, fiber_id{42});
  EXPECT_EQ(some.pool.identity_of(nullptr).id, fiber_id::none);
  EXPECT_EQ(some.pool.identity_of(reinterpret_cast<fiber*>(all[41]->stack_low())).id,
            fiber_id::none);
  some.give_back();
  some.pool.decay();
  for (std::size_t n = 0; n < 2; ++n) some.pool.decay();  // now some have been trimmed
  const auto known = std::count_if(all.begin(), all.end(), [&](const fiber* each) {
    return some.pool.identity_of(each).id != fiber_id::none;
  });
  EXPECT_LT(known, 1000);
  EXPECT_GT(known, 0);
}

TEST(stack_pool, a_batch_takes_what_is_warm_and_makes_one_if_nothing_is) {
  pool_with_loans some(usual());
  std::array<fiber*, 16> batch{};
  EXPECT_EQ(some.pool.take_default(batch), 1U);
  some.loans.push_back(batch[0]);
  some.take(9);
  some.give_back();
  EXPECT_EQ(some.pool.take_default(batch), 10U);
  some.loans.assign(batch.begin(), batch.begin() + 10);
  EXPECT_EQ(std::set<fiber*>(some.loans.begin(), some.loans.end()).size(), 10U);
}

TEST(stack_pool, other_sizes_are_rounded_up_to_a_power_of_two_and_kept_apart) {
  pool_with_loans some(usual());
  const std::vector<std::pair<std::size_t, std::size_t>> asked_and_given{
      {1, 16 * 1024},
      {16 * 1024, 16 * 1024},
      {16 * 1024 + 1, 32 * 1024},
      {100'000, 128 * 1024},
      {1 << 20, 1 << 20},
      {(1 << 20) + 1, 1 << 21},
      {std::size_t{1} << 30, std::size_t{1} << 30}};
  for (const auto& [asked, given] : asked_and_given) {
    fiber* const one = some.pool.take(asked);
    EXPECT_EQ(one->stack_bytes(), given);
    EXPECT_FALSE(readable(one->stack_low()));
    some.loans.push_back(one);
  }
  some.give_back();
  EXPECT_EQ(some.take().stack_bytes(), stack_bytes);
  fiber* const large = some.pool.take(1 << 20);
  EXPECT_EQ(large->stack_bytes(), std::size_t{1} << 20);
  some.loans.push_back(large);
}

TEST(stack_pool, without_madvise_guards_the_first_are_guarded_by_mprotect_and_the_others_counted) {
  pool_with_loans some({stack_bytes, 20, true});
  const std::size_t mappings = test::process_counts::now().mappings;
  some.take(50);
  EXPECT_EQ(some.pool.unguarded(), 30U);
  for (std::size_t n = 0; n < 50; ++n) {
    EXPECT_EQ(readable(some.loans[n]->stack_low()), n >= 20) << n;
  }
  EXPECT_GE(test::process_counts::now().mappings, mappings + 20);
  some.give_back();
  some.take(50);
  EXPECT_EQ(some.pool.unguarded(), 30U) << "a stack is counted once, however often it is reused";
}

TEST(stack_pool, guards_by_madvise_cost_no_mapping) {
  if (test::sanitized) GTEST_SKIP() << "a sanitizer maps its shadow";
  pool_with_loans probe(usual());
  probe.take();
  if (::madvise(probe.loans[0]->stack_low(), page_bytes, madv_guard_install) != 0) {
    GTEST_SKIP() << "this kernel has no MADV_GUARD_INSTALL";
  }
  const std::size_t before = test::process_counts::now().mappings;
  pool_with_loans some(usual());
  some.take(2000);
  EXPECT_LT(test::process_counts::now().mappings, before + 30);
}

TEST(stack_pool, decay_trims_what_was_not_needed_and_keeps_some) {
  pool_with_loans some(usual());
  some.take(1000);
  some.give_back();
  EXPECT_TRUE(some.pool.has_excess());
  some.pool.decay();
  int calls = 0;
  for (; some.pool.has_excess(); ++calls) {
    ASSERT_LT(calls, 1000);
    const std::size_t before = some.pool.pooled();
    some.pool.decay();
    EXPECT_LE(before - some.pool.pooled(), 128U) << "a bounded number at a time";
  }
  EXPECT_GT(calls, 1);
  EXPECT_GT(some.pool.pooled(), 0U);
  EXPECT_LE(some.pool.pooled(), 64U);
  EXPECT_EQ(some.pool.stacks(), 1000U) << "a trimmed stack stays mapped";
}

TEST(stack_pool, decay_spares_what_was_in_use_since_the_last_time) {
  pool_with_loans some(usual());
  some.take(300);
  some.give_back();
  some.pool.decay();
  for (int n = 0; n < 10; ++n) {
    some.take(300);
    some.give_back();
    some.pool.decay();
    EXPECT_EQ(some.pool.pooled(), 300U);
  }
}

TEST(stack_pool, trimmed_stacks_give_their_memory_back_and_come_again_whole) {
  if (test::sanitized) GTEST_SKIP() << "a sanitizer's shadow hides the resident memory";
  pool_with_loans some(usual());
  some.take(1000);
  for (fiber* const each : some.loans) {
    for (std::size_t page = 1; page < 12; ++page)
      each->stack_low()[page * page_bytes] = std::byte{1};
  }
  std::set<std::byte*> lows;
  for (const fiber* const each : some.loans) lows.insert(each->stack_low());
  const std::size_t full = test::resident_bytes();
  some.give_back();
  some.pool.decay();
  while (some.pool.has_excess()) some.pool.decay();
  EXPECT_LT(test::resident_bytes() + 900 * 11 * page_bytes, full);
  some.take(1000);
  EXPECT_EQ(some.pool.stacks(), 1000U) << "trimmed ones are used before new ones are mapped";
  std::size_t clean = 0;
  for (const fiber* const each : some.loans) {
    EXPECT_EQ(lows.count(each->stack_low()), 1U);
    EXPECT_FALSE(readable(each->stack_low())) << "the guard is gone";
    clean += each->stack_low()[page_bytes] == std::byte{0} ? 1 : 0;
  }
  EXPECT_GE(clean, 900U);
}

TEST(stack_pool, a_recreated_record_does_not_count_its_waits_from_where_it_did_before) {
  pool_with_loans some(usual());
  some.take(200);
  std::set<std::uint32_t> epochs;
  for (fiber* const each : some.loans) EXPECT_TRUE(epochs.insert(each->word.epoch()).second);
  some.give_back();
  some.pool.decay();
  while (some.pool.has_excess()) some.pool.decay();
  const std::size_t kept = some.pool.pooled();
  some.take(200);
  std::size_t known = 0;
  for (fiber* const each : some.loans) known += epochs.count(each->word.epoch());
  EXPECT_LE(known, kept);
}

TEST(stack_pool, finds_the_fiber_of_an_address) {
  pool_with_loans some(usual());
  some.take(40);
  bool in_guard = true;
  for (const fiber* const each : some.loans) {
    EXPECT_EQ(some.pool.find(each->stack_low() + page_bytes, in_guard), each);
    EXPECT_FALSE(in_guard);
    EXPECT_EQ(some.pool.find(each->stack_low() + stack_bytes - 1, in_guard), each);
    EXPECT_FALSE(in_guard);
    EXPECT_EQ(some.pool.find(each->stack_low(), in_guard), each);
    EXPECT_TRUE(in_guard);
    EXPECT_EQ(some.pool.find(each->stack_low() + page_bytes - 1, in_guard), each);
    EXPECT_TRUE(in_guard);
  }
  EXPECT_EQ(some.pool.find(&in_guard, in_guard), nullptr);
  EXPECT_EQ(some.pool.find(nullptr, in_guard), nullptr);
}

TEST(stack_pool, visits_every_fiber_that_exists_once) {
  pool_with_loans some(usual());
  some.take(300);
  std::set<const fiber*> visited;
  some.pool.for_each([&](fiber& one) { EXPECT_TRUE(visited.insert(&one).second); });
  EXPECT_EQ(visited, std::set<const fiber*>(some.loans.begin(), some.loans.end()));
  some.give_back();
  some.pool.decay();
  while (some.pool.has_excess()) some.pool.decay();
  std::size_t left = 0;
  some.pool.for_each([&](fiber&) { ++left; });
  EXPECT_EQ(left, some.pool.pooled());
}

TEST(stack_pool, gives_all_its_mappings_back) {
  const std::size_t before = test::process_counts::now().mappings;
  const std::size_t space = test::address_space_bytes();
  {
    pool_with_loans some({stack_bytes, 100, true});
    some.take(500);
  }
  // A sanitizer maps shadow memory of its own as it is first needed.
  if (!test::sanitized) {
    EXPECT_LE(test::process_counts::now().mappings, before + 5);
    EXPECT_LE(test::address_space_bytes(), space + (1 << 20));
  }
}

TEST(stack_pool, an_address_space_that_is_full_is_an_error_and_what_is_given_back_can_be_had) {
  if (test::sanitized) GTEST_SKIP() << "a sanitizer needs the address space";
  const test::child_end end = test::in_child([] {
    pool_with_loans some(usual());
    test::limit(RLIMIT_AS, test::address_space_bytes() + (std::size_t{100} << 20));
    bool refused = false;
    for (int n = 0; n < 10'000 && !refused; ++n) {
      try {
        some.take();
      } catch (const resource_exhausted& error) {
        refused = std::string(error.what()).find("ulimit") != std::string::npos;
      }
    }
    const std::size_t had = some.loans.size();
    some.give_back();
    some.take(had);
    return refused && had > 100 && some.pool.stacks() == had;
  });
  EXPECT_TRUE(end.exited_with(0)) << end.status << end.output;
}

TEST(stack_pool, serves_many_loops_at_once) {
  stack_pool pool(usual(), nobody(), nullptr);
  std::vector<std::thread> loops;
  for (int n = 0; n < 3; ++n) {
    loops.emplace_back([&pool] {
      for (int round = 0; round < test::rounds(2'000); ++round) {
        std::array<fiber*, 16> batch{};
        const std::size_t got = pool.take_default(batch);
        for (std::size_t at = 0; at < got; ++at) {
          // Who has a fiber has it alone: a race would be seen by TSAN.
          batch[at]->stack_low()[page_bytes] = std::byte{1};
        }
        fiber* const other = pool.take(128 * 1024);
        pool.give(std::span<fiber* const>(batch.data(), got));
        pool.give(std::span<fiber* const>(&other, 1));
        if (round % 50 == 0) pool.decay();
      }
    });
  }
  for (std::thread& each : loops) each.join();
  EXPECT_LE(pool.pooled(), pool.stacks());
}

}  // namespace
}  // namespace heddle::detail
