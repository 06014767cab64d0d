// SPDX-License-Identifier: MIT
// A handler that comes before others: what it hands on reaches who was there before, as he expects.
#include "debug/chained_handler.hpp"

#include <gtest/gtest.h>

#include <signal.h>
#include <unistd.h>

namespace heddle::detail {
namespace {

int ours = 0;
int theirs = 0;
int value = 0;
bool handed_on = false;

/// Puts `before` in place, ours before it, and has the signal come. A handler is never taken away,
/// so each has a signal of its own.
template <int signal>
void come_after(const struct sigaction& before) {
  struct ours_for {
    static chained_handler& handler() {
      static constinit chained_handler only(signal, [](int, siginfo_t* info, void* context) {
        ++ours;
        handed_on = handler().hand_on(info, context);
      });
      return only;
    }
  };
  ours = theirs = value = 0;
  ::sigaction(signal, &before, nullptr);
  ours_for::handler().install();
  ours_for::handler().install();  // or it would hand on to itself
  ::raise(signal);
}

TEST(chained_handler, hands_on_to_a_handler_that_wants_to_know_all) {
  struct sigaction before {};
  before.sa_flags = SA_SIGINFO;
  before.sa_sigaction = [](int, siginfo_t* info, void*) {
    ++theirs;
    value = info->si_pid;
  };
  come_after<SIGUSR1>(before);
  EXPECT_EQ(ours, 1);
  EXPECT_EQ(theirs, 1);
  EXPECT_EQ(value, ::getpid());
  EXPECT_TRUE(handed_on);
}

TEST(chained_handler, hands_on_to_a_handler_that_wants_the_number) {
  struct sigaction before {};
  before.sa_handler = [](int number) {
    ++theirs;
    value = number;
  };
  come_after<SIGUSR2>(before);
  EXPECT_EQ(ours, 1);
  EXPECT_EQ(theirs, 1);
  EXPECT_EQ(value, SIGUSR2);
  EXPECT_TRUE(handed_on);
}

TEST(chained_handler, hands_on_to_nobody_where_the_signal_was_ignored_or_had_its_default) {
  struct sigaction before {};
  before.sa_handler = SIG_IGN;
  come_after<SIGWINCH>(before);
  EXPECT_EQ(ours, 1);
  EXPECT_FALSE(handed_on);
  before.sa_handler = SIG_DFL;
  come_after<SIGCONT>(before);
  EXPECT_EQ(ours, 1);
  EXPECT_FALSE(handed_on);
}

}  // namespace
}  // namespace heddle::detail
