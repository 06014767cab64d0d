// SPDX-License-Identifier: MIT
// A loop over a channel whose values may fail to move: none is lost.
#include <heddle/runtime.hpp>
#include <heddle/sync/channel.hpp>

#include "runtime/support/loops.hpp"

#include <gtest/gtest.h>

#include <stdexcept>
#include <utility>

namespace heddle::sync {
namespace {

using test::with_any_loops;

/// Counts moves, of which one fails.
struct touchy {
  explicit touchy(int& left) : moves_left(&left) {}
  // NOLINTNEXTLINE(performance-noexcept-move-constructor): throwing is what it is for
  touchy(touchy&& other) : moves_left(other.moves_left) {
    if (--*moves_left == 0) throw std::runtime_error("this move fails");
    is_whole = std::exchange(other.is_whole, false);
  }
  touchy& operator=(touchy&&) = delete;
  ~touchy() = default;

  int* moves_left;
  bool is_whole = true;
};

TEST(channel_iterator, a_move_that_fails_loses_no_value) {
  constexpr int values = 3;
  for (int failing = 1; failing <= 2 * values; ++failing) {
    run(with_any_loops(), [&failing] {
      int moves_left = 1'000'000;
      channel<touchy> all(values);
      for (int n = 0; n < values; ++n) {
        touchy one(moves_left);
        ASSERT_TRUE(all.try_send(one));
      }
      all.close();
      moves_left = failing;
      int seen = 0;
      try {
        for (const touchy& each : all) seen += each.is_whole ? 1 : 0;
      } catch (const std::runtime_error&) {
      }
      moves_left = 1'000'000;
      while (const auto left = all.try_receive()) seen += left->is_whole ? 1 : 0;
      EXPECT_EQ(seen, 3) << "move " << failing << " failed";
    });
  }
}

}  // namespace
}  // namespace heddle::sync
