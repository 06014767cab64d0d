// SPDX-License-Identifier: MIT
// A case of a select that is used twice at once is an error that says so; used again later it is
// none. And a channel whose value a select has sent, or received, may go before that select has
// returned.
#include <heddle/runtime.hpp>
#include <heddle/sync/channel.hpp>
#include <heddle/sync/event.hpp>
#include <heddle/sync/select.hpp>

#include "runtime/support/errors.hpp"
#include "runtime/support/loops.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <stdexcept>

namespace heddle::sync {
namespace {

using namespace std::chrono_literals;
using test::let_all_run;
using test::message_of;
using test::with_any_loops;
using ::testing::HasSubstr;

TEST(select_misuse, the_same_case_twice_in_one_select) {
  run(with_any_loops(), [] {
    channel<int> values(1);
    event never;
    auto receives = on_receive(values, [](std::optional<int>) {});
    auto hears = on_event(never, [] {});
    EXPECT_THAT(message_of<std::logic_error>([&] { select(receives, receives); }),
                HasSubstr("select"));
    EXPECT_THAT(message_of<std::logic_error>([&] { select(hears, receives, hears); }),
                HasSubstr("twice"));
    values.send(1);
    EXPECT_EQ(select(hears, receives), 1U) << "each once is none";
  });
}

TEST(select_misuse, a_case_that_waits_in_another_select) {
  run(with_any_loops(), [] {
    channel<int> values(0);
    int got = 0;
    auto receives = on_receive(values, [&](std::optional<int> value) { got = *value; });
    auto first = spawn([&] { select(receives); });
    let_all_run();
    EXPECT_THAT(message_of<std::logic_error>([&] { select(receives, on_timeout(1h, [] {})); }),
                HasSubstr("another one that waits"));
    values.send(3);
    first.join();
    EXPECT_EQ(got, 3);
    auto again = spawn([&] { select(receives); });
    let_all_run();
    values.send(4);
    again.join();
    EXPECT_EQ(got, 4);
  });
}

TEST(select_lifetime, a_channel_may_go_once_a_select_s_value_has_come) {
  run(with_any_loops(), [] {
    auto values = std::make_unique<channel<int>>(0);
    auto sender = spawn(
        [&to = *values] { EXPECT_EQ(select(on_send(to, 5, [] {}), on_timeout(1h, [] {})), 0U); });
    let_all_run();
    EXPECT_EQ(values->receive(), 5);
    values.reset();  // before the sender has run
    sender.join();
  });
}

TEST(select_lifetime, a_channel_may_go_once_a_select_has_been_given_a_value) {
  run(with_any_loops(), [] {
    auto values = std::make_unique<channel<int>>(0);
    int got = 0;
    auto receiver = spawn([&from = *values, &got] {
      select(on_receive(from, [&](std::optional<int> value) { got = *value; }),
             on_timeout(1h, [] {}));
    });
    let_all_run();
    values->send(6);
    values.reset();
    receiver.join();
    EXPECT_EQ(got, 6);
  });
}

}  // namespace
}  // namespace heddle::sync
