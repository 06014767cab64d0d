// SPDX-License-Identifier: MIT
// The word on which all wakers of one wait compete.
#include <heddle/runtime/detail/wake_word.hpp>

#include "runtime/support/random.hpp"
#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace heddle::detail {
namespace {

using namespace std::chrono_literals;
using claim_result = wake_word::claim_result;

TEST(wake_word, before_its_first_wait_nothing_can_be_claimed) {
  wake_word word;
  EXPECT_EQ(word.try_claim(word.epoch(), wake_reason::event, 0), claim_result::lost);
  EXPECT_EQ(word.claim_current(wake_reason::event), claim_result::lost);
  EXPECT_EQ(word.cancel_current(0), claim_result::lost);
  EXPECT_FALSE(word.commit_park());
}

TEST(wake_word, the_first_claim_wins_and_its_reason_and_tag_stay) {
  wake_word word;
  const std::uint32_t epoch = word.begin(0);
  EXPECT_EQ(word.outcome().reason, wake_reason::none);
  EXPECT_EQ(word.try_claim(epoch, wake_reason::closed, 0xffff), claim_result::won_running);
  EXPECT_EQ(word.try_claim(epoch, wake_reason::event, 1), claim_result::lost);
  EXPECT_EQ(word.cancel_current(0), claim_result::lost);
  EXPECT_EQ(word.outcome().reason, wake_reason::closed);
  EXPECT_EQ(word.outcome().tag, 0xffff);
  EXPECT_FALSE(word.commit_park()) << "the wait is over before the park";
}

TEST(wake_word, who_wins_after_the_park_must_resume) {
  wake_word word;
  const std::uint32_t epoch = word.begin(0);
  EXPECT_TRUE(word.commit_park());
  EXPECT_EQ(word.try_claim(epoch, wake_reason::timeout, 0), claim_result::won_parked);
  EXPECT_EQ(word.outcome().reason, wake_reason::timeout);
}

TEST(wake_word, a_claim_on_an_earlier_wait_loses) {
  wake_word word;
  const std::uint32_t first = word.begin(0);
  word.claim_current(wake_reason::event);
  const std::uint32_t second = word.begin(0);
  EXPECT_NE(first, second);
  EXPECT_EQ(word.try_claim(first, wake_reason::event, 0), claim_result::lost);
  EXPECT_EQ(word.outcome().reason, wake_reason::none);
  EXPECT_EQ(word.try_claim(second, wake_reason::event, 0), claim_result::won_running);
}

TEST(wake_word, a_shielded_wait_is_not_cancelled) {
  wake_word word;
  word.begin(nothing_heard);
  EXPECT_EQ(word.floor(), nothing_heard);
  EXPECT_EQ(word.cancel_current(0), claim_result::lost);
  EXPECT_TRUE(word.commit_park());
  EXPECT_EQ(word.cancel_current(0), claim_result::lost);
  EXPECT_EQ(word.claim_current(wake_reason::event), claim_result::won_parked);
  word.begin(0);
  EXPECT_EQ(word.floor(), 0);
  EXPECT_TRUE(word.commit_park());
  EXPECT_EQ(word.floor(), 0);
  EXPECT_EQ(word.cancel_current(0), claim_result::won_parked);
}

TEST(wake_word, of_all_who_claim_at_once_exactly_one_wins_and_resumes_if_need_be) {
  constexpr int most_waits = test::rounds(100'000);
  const auto end = std::chrono::steady_clock::now() + 10s;  // where threads wait for a core
  wake_word word;
  std::atomic<std::uint32_t> open{0};     // the epoch that may be claimed
  std::atomic<std::uint32_t> resumed{0};  // the epoch that was made runnable
  std::atomic<int> wins{0};
  std::atomic<bool> over{false};
  std::vector<std::thread> wakers;
  for (int n = 0; n < 3; ++n) {
    wakers.emplace_back([&, n] {
      for (int tries = 0; !over; ++tries) {
        if (tries % 256 == 0) std::this_thread::yield();
        const std::uint32_t epoch = open.load();
        const claim_result result =
            n == 2 ? word.cancel_current(0)
                   : word.try_claim(epoch, wake_reason::event, static_cast<std::uint16_t>(n));
        if (result == claim_result::lost) continue;
        ++wins;
        if (result == claim_result::won_parked) resumed.store(word.epoch());
      }
    });
  }
  test::random_numbers random(1);
  int waits = 0;
  int settled_by_owner = 0;
  for (; waits < most_waits && std::chrono::steady_clock::now() < end; ++waits) {
    const std::uint32_t epoch = word.begin(0);
    open.store(epoch);
    test::spin(random.below(50));
    if (!word.commit_park()) {
      ++settled_by_owner;
    } else {
      while (resumed.load() != epoch) std::this_thread::yield();
    }
    ASSERT_NE(word.outcome().reason, wake_reason::none);
  }
  over = true;
  for (std::thread& each : wakers) each.join();
  EXPECT_EQ(wins, waits);
  EXPECT_LT(settled_by_owner, waits) << "nothing ever parked: the case shows little";
}

}  // namespace
}  // namespace heddle::detail
