// SPDX-License-Identifier: MIT
// The line of calls where nobody can be sent for one: every caller hears of something.
#include <heddle/runtime.hpp>

#include "pool/call_line.hpp"
#include "runtime/support/loops.hpp"

#include <gtest/gtest.h>

#include <functional>
#include <mutex>
#include <stdexcept>
#include <utility>

namespace heddle::detail {
namespace {

constexpr wait_kind test_kind{"a call of a test", wait_kind::object::none};

/// Does for each call what the test says.
class scripted_line final : public call_line {
 public:
  std::function<void()> send;

  /// Serves the oldest call; false if there is none.
  bool serve_one() {
    std::unique_lock guard(lock_);
    pool_call* const call = take();
    if (call == nullptr) return false;
    guard.unlock();
    execute(*call);
    resumption caller;
    guard.lock();
    caller = finish(*call);
    guard.unlock();
    return true;
  }
  template <class F>
  auto call(F f) {
    call_of<F> record(std::move(f));
    run(record, wait_subject(test_kind));
    return record.take();
  }

 private:
  void send_somebody(std::unique_lock<spinlock> guard) override {
    guard.unlock();
    const auto mine = std::exchange(send, nullptr);  // the next call has its own
    mine();
  }
};

TEST(call_line, a_call_for_which_nobody_can_be_sent_is_not_made) {
  run(test::with_loops(1), [] {
    scripted_line line;
    bool made = false;
    line.send = [] { throw std::length_error("nobody"); };
    EXPECT_THROW(line.call([&made] { made = true; }), std::length_error);
    EXPECT_FALSE(line.serve_one());
    EXPECT_FALSE(made);
  });
}

TEST(call_line, who_was_sent_for_another_call_and_took_this_one_leaves_the_other_its_failure) {
  run(test::with_loops(1), [] {
    scripted_line line;
    bool second_is_there = false;
    bool second_made = false;
    line.send = [&] {
      test::yield_until([&] { return second_is_there; });
      throw std::length_error("nobody");
    };
    auto first = spawn([&line] { return line.call([] { return 1; }); });
    test::let_all_run();
    line.send = [&] {
      EXPECT_TRUE(line.serve_one());  // the oldest is the first one's
      second_is_there = true;
    };
    auto second = spawn([&] { line.call([&] { second_made = true; }); });
    EXPECT_EQ(first.join(), 1);
    EXPECT_THROW(second.join(), std::length_error);  // and does not wait for ever
    EXPECT_FALSE(second_made);
    EXPECT_FALSE(line.serve_one());
  });
}

}  // namespace
}  // namespace heddle::detail
