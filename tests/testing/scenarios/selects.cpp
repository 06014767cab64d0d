// SPDX-License-Identifier: MIT
// select over channels, events, tasks and time: one case happens, wholly, or none.
#include <heddle/runtime.hpp>
#include <heddle/sync.hpp>

#include "testing/scenarios/scenario.hpp"

#include <chrono>
#include <optional>

namespace heddle::test {

namespace {

using namespace std::chrono_literals;
namespace sync = heddle::sync;

struct select_that_receives_from_two {
  sync::channel<int> left{0};
  sync::channel<int> right{1};
  int sent = 0;
  int received = 0;
  void program() {
    task_group all;
    for (auto* const to : {&left, &right}) {
      all.spawn([this, to] {
        for (int n = 0; n < 2; ++n) {
          to->send(n);
          ++sent;
        }
      });
    }
    all.spawn([this] {
      const auto count = [this](std::optional<int>&& value) { received += value ? 1 : 0; };
      for (int n = 0; n < 4; ++n) {
        sync::select(sync::on_receive(left, count), sync::on_receive(right, count));
      }
    });
    all.join();
  }
  void after() {
    while (left.try_receive()) ++received;
    while (right.try_receive()) ++received;
    account("values", sent, received);
  }
};

struct select_that_sends_or_receives {
  sync::channel<int> there{0};
  sync::channel<int> back{0};
  int sent = 0;
  int received = 0;
  void play(sync::channel<int>& out, sync::channel<int>& in) {
    for (int n = 0; n < 2; ++n) {
      sync::select(sync::on_send(out, n, [this] { ++sent; }),
                   sync::on_receive(in, [this](std::optional<int>&&) { ++received; }),
                   sync::on_timeout(5ms, [] {}));
    }
  }
  void program() {
    task_group both;
    both.spawn([this] { play(there, back); });
    both.spawn([this] { play(back, there); });
    both.join();
  }
  void after() {
    while (there.try_receive()) ++received;
    while (back.try_receive()) ++received;
    account("values", sent, received);
  }
};

struct select_of_event_task_and_time {
  sync::event told;
  int happened = 0;
  int selected = 0;
  void program() {
    task<int> child = spawn([] {
      this_fiber::sleep_for(1ms);
      return 1;
    });
    task_group both;
    both.spawn([this] {
      this_fiber::yield();
      told.set();
    });
    for (int n = 0; n < 2; ++n) {
      sync::select(sync::on_event(told, [this] { happened += told.is_set() ? 1 : 0; }),
                   sync::on_timeout(3ms, [this] { ++happened; }));
      ++selected;
      told.reset();
    }
    sync::select(sync::on_join(child, [this](int value) { happened += value; }),
                 sync::on_event(told, [this] { ++happened; }));
    ++selected;
    both.join();
  }
  void after() { account("cases", selected, std::max(happened, selected)); }
};

struct select_of_losers {
  sync::channel<int> scarce{0};
  int sent = 0;
  int received = 0;
  void program() {
    task_group all;
    for (int n = 0; n < 3; ++n) {
      all.spawn([this] {
        sync::select(
            sync::on_receive(scarce, [this](std::optional<int>&& one) { received += one ? 1 : 0; }),
            sync::on_timeout(2ms, [] {}));
      });
    }
    all.spawn([this] {
      for (int n = 0; n < 2; ++n) {
        scarce.send(n);
        ++sent;
      }
    });
    all.join();
  }
  void after() {
    while (scarce.try_receive()) ++received;
    account("values", sent, received);
  }
};

}  // namespace

std::vector<scenario> select_scenarios() {
  return {
      scenario_of<select_that_receives_from_two>("select_receive"),
      stand_alone<select_that_sends_or_receives>("select_send"),
      stand_alone<select_of_event_task_and_time>("select_event_task_time"),
      stand_alone<select_of_losers>("select_with_one_winner"),
  };
}

}  // namespace heddle::test
