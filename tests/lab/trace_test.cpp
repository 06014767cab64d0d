// SPDX-License-Identifier: MIT
// From event records to spans of time, on rings written by hand.
#include "trace.hpp"

#include <gtest/gtest.h>

#include <chrono>

namespace lab {
namespace {

using heddle::fiber_id;
using heddle::trace_kind;
using heddle::trace_record;

constexpr fiber_id first{1};
constexpr fiber_id last{2};
constexpr fiber_id worker{3};

trace_record at(int ms, trace_kind kind, fiber_id who = fiber_id::none, std::uint32_t arg = 0) {
  return {std::chrono::milliseconds(ms), who, arg, kind};
}

/// A loop whose marks lie at 10 ms and 20 ms, with `more` between them.
std::vector<trace_record> marked(const std::vector<trace_record>& more) {
  std::vector<trace_record> ring{at(10, trace_kind::slice_begin, first),
                                 at(11, trace_kind::slice_end, first)};
  ring.insert(ring.end(), more.begin(), more.end());
  ring.push_back(at(20, trace_kind::slice_begin, last));
  ring.push_back(at(21, trace_kind::slice_end, last));
  return ring;
}

TEST(trace, slices_and_sleep_between_the_marks_become_spans) {
  const rings all{
      marked({at(12, trace_kind::steal, fiber_id::none, 1),
              at(12, trace_kind::slice_begin, worker, 1), at(15, trace_kind::slice_end, worker),
              at(16, trace_kind::park), at(19, trace_kind::unpark)})};
  const timeline found = between(all, first, last);
  EXPECT_DOUBLE_EQ(found.length_ms, 10);
  ASSERT_EQ(found.loops.size(), 1U);
  ASSERT_EQ(found.loops[0].size(), 3U);
  EXPECT_EQ(found.loops[0][0].who, first);
  EXPECT_EQ(found.loops[0][1].what, span::kind::stolen);
  EXPECT_EQ(found.loops[0][1].who, worker);
  EXPECT_DOUBLE_EQ(found.loops[0][1].begin_ms, 2);
  EXPECT_DOUBLE_EQ(found.loops[0][1].end_ms, 5);
  EXPECT_DOUBLE_EQ(share(found, 0, span::kind::own), 0.1);
  EXPECT_DOUBLE_EQ(share(found, 0, span::kind::stolen), 0.3);
  EXPECT_DOUBLE_EQ(share(found, 0, span::kind::asleep), 0.3);
}

TEST(trace, what_reaches_over_the_edges_is_cut_there) {
  const rings all{marked({}),
                  {at(5, trace_kind::slice_begin, worker), at(12, trace_kind::slice_end, worker),
                   at(18, trace_kind::park)}};
  const timeline found = between(all, first, last);
  ASSERT_EQ(found.loops.at(1).size(), 2U);
  EXPECT_DOUBLE_EQ(found.loops[1][0].begin_ms, 0);
  EXPECT_DOUBLE_EQ(found.loops[1][0].end_ms, 2);
  EXPECT_DOUBLE_EQ(found.loops[1][1].begin_ms, 8);
  EXPECT_DOUBLE_EQ(found.loops[1][1].end_ms, 10);
}

TEST(trace, what_lies_outside_is_left_out) {
  const rings all{marked({}),
                  {at(1, trace_kind::park), at(9, trace_kind::unpark), at(22, trace_kind::park)}};
  EXPECT_TRUE(between(all, first, last).loops.at(1).empty());
}

TEST(trace, a_mark_that_the_ring_has_lost_gives_nothing) {
  const rings all{marked({})};
  EXPECT_TRUE(between(all, fiber_id{99}, last).loops.empty());
  EXPECT_TRUE(between(all, first, fiber_id{99}).loops.empty());
  EXPECT_TRUE(between(all, last, first).loops.empty());
  EXPECT_DOUBLE_EQ(share(timeline{}, 0, span::kind::own), 0);
}

TEST(trace, a_runtime_records_its_marks_and_what_lies_between) {
  heddle::config settings;
  settings.loops = 1;
  settings.trace_events = 1024;
  const timeline found = heddle::run(settings, [] {
    const fiber_id begin = mark();
    const fiber_id end = mark();
    return between(heddle::runtime::current().trace(), begin, end);
  });
  ASSERT_EQ(found.loops.size(), 1U);
  EXPECT_GT(share(found, 0, span::kind::own), 0);
}

}  // namespace
}  // namespace lab
