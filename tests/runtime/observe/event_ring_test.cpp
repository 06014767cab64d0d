// SPDX-License-Identifier: MIT
// The event ring: the newest records, whole ones only, also while the writer goes on.
#include "observe/event_ring.hpp"

#include "runtime/support/loops.hpp"
#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <thread>
#include <vector>

namespace heddle::detail {
namespace {

void add(event_ring& ring, std::uint64_t number) {
  ring.add(std::chrono::nanoseconds(number), static_cast<trace_kind>(number % 5),
           fiber_id{number * 3}, static_cast<std::uint32_t>(number * 7));
}

void expect_whole(const trace_record& record) {
  const auto number = static_cast<std::uint64_t>(record.since_start.count());
  EXPECT_EQ(record.kind, static_cast<trace_kind>(number % 5));
  EXPECT_EQ(record.id, fiber_id{number * 3});
  EXPECT_EQ(record.arg, static_cast<std::uint32_t>(number * 7));
}

TEST(event_ring, gives_what_was_added_oldest_first) {
  event_ring ring(8);
  EXPECT_TRUE(ring.copy().empty());
  for (std::uint64_t n = 1; n <= 5; ++n) add(ring, n);
  const std::vector<trace_record> found = ring.copy();
  ASSERT_EQ(found.size(), 5U);
  for (std::size_t n = 0; n < 5; ++n) {
    expect_whole(found[n]);
    EXPECT_EQ(found[n].since_start.count(), static_cast<std::int64_t>(n + 1));
  }
}

TEST(event_ring, keeps_the_newest_when_it_is_full) {
  for (const std::size_t capacity : {1U, 2U, 8U}) {
    event_ring ring(capacity);
    for (std::uint64_t n = 1; n <= 100; ++n) add(ring, n);
    const std::vector<trace_record> found = ring.copy();
    ASSERT_EQ(found.size(), capacity);
    EXPECT_EQ(found.back().since_start.count(), 100);
    EXPECT_EQ(found.front().since_start.count(), static_cast<std::int64_t>(101 - capacity));
  }
}

TEST(event_ring, a_reader_never_gets_a_mixture_while_the_writer_laps_it) {
  event_ring ring(64);
  std::atomic<bool> over{false};
  std::thread writer([&] {
    for (std::uint64_t n = 1; !over; ++n) add(ring, n);
  });
  std::size_t seen = 0;
  for (int copies = 0; copies < test::rounds(20'000) || seen == 0; ++copies) {
    std::int64_t before = 0;
    for (const trace_record& each : ring.copy()) {
      expect_whole(each);
      EXPECT_GT(each.since_start.count(), before);
      before = each.since_start.count();
      ++seen;
    }
    if (testing::Test::HasFailure()) break;
  }
  over = true;
  writer.join();
}

TEST(event_ring, a_runtime_records_slices_parks_and_steals_in_order) {
  config settings = test::with_loops(2);
  settings.trace_events = 1 << 12;
  runtime home(settings);
  home.run([] {
    std::vector<task<void>> children;
    for (int n = 0; n < 50; ++n) children.push_back(spawn([] { this_fiber::yield(); }));
    for (auto& each : children) each.join();
    this_fiber::sleep_for(std::chrono::milliseconds(1));
  });
  std::size_t begins = 0;
  std::size_t parks = 0;
  for (const auto& ring : home.trace()) {
    std::chrono::nanoseconds before{0};
    for (const trace_record& each : ring) {
      EXPECT_GE(each.since_start, before);
      before = each.since_start;
      begins += each.kind == trace_kind::slice_begin ? 1 : 0;
      parks += each.kind == trace_kind::park ? 1 : 0;
    }
  }
  EXPECT_GE(begins, 51U);
  EXPECT_GE(parks, 1U);
}

TEST(event_ring, without_the_setting_there_is_none) {
  runtime home(test::with_loops(2));
  home.run([] {});
  for (const auto& ring : home.trace()) EXPECT_TRUE(ring.empty());
}

}  // namespace
}  // namespace heddle::detail
