// SPDX-License-Identifier: MIT
// Events, gates, latches, barriers, once: whoever waits is told, and who is cancelled is not waited
// for.
#include <heddle/runtime.hpp>
#include <heddle/sync.hpp>

#include "testing/scenarios/scenario.hpp"

#include <chrono>

namespace heddle::test {

namespace {

using namespace std::chrono_literals;
namespace sync = heddle::sync;

struct event_of_two_waiters {
  sync::event told;
  void program() {
    task_group all;
    for (int n = 0; n < 2; ++n) all.spawn([this] { told.wait(); });
    all.spawn([this] { told.wait_for(1ms); });
    all.spawn([this] {
      this_fiber::yield();
      told.set();
    });
    all.join();
  }
  void after() {
    told.set();
    told.wait();
    told.reset();
    if (told.wait_for(1ms)) throw lost("an event that was reset is set");
  }
};

struct gate_of_two_waiters {
  sync::gate way;
  void program() {
    task_group all;
    for (int n = 0; n < 2; ++n) all.spawn([this] { way.wait(); });
    all.spawn([this] { way.wait_for(1ms); });
    all.spawn([this] {
      this_fiber::yield();
      way.open();
    });
    all.join();
  }
  void after() {
    way.open();
    way.wait();
  }
};

struct latch_of_three {
  sync::latch left{3};
  int counted = 0;
  void program() {
    task_group all;
    for (int n = 0; n < 2; ++n) {
      all.spawn([this] {
        this_fiber::yield();
        left.count_down();
        ++counted;
      });
    }
    all.spawn([this] { left.wait_for(1ms); });
    all.spawn([this] { left.arrive_and_wait(); });
    all.run([this] { left.wait(); });
  }
  void after() {
    // The third has counted if it was cancelled in its wait, and not if it was before.
    for (; !left.try_wait(); ++counted) left.count_down();
    account("arrivals", counted == 2 ? 2 : 3, counted);
  }
};

struct barrier_of_two {
  sync::barrier<> both{2};
  int rounds[2] = {0, 0};
  void program() {
    task_group all;
    for (int& mine : rounds) {
      all.spawn([this, &mine] {
        try {
          for (int round = 0; round < 2; ++round) {
            both.arrive_and_wait();
            ++mine;
          }
        } catch (const sync::barrier_broken&) {
        }
      });
    }
    all.join();
  }
  void after() {
    account("rounds apart", 0, std::abs(rounds[0] - rounds[1]) > 1 ? 1 : 0);
    account("who waits", 0, static_cast<long long>(both.waiting()));
  }
};

struct once_that_waits {
  sync::once first;
  int began = 0;
  int ended = 0;
  void program() {
    task_group all;
    for (int n = 0; n < 3; ++n) {
      all.spawn([this] {
        first.call([this] {
          ++began;
          this_fiber::yield();
          ++ended;
        });
      });
    }
    all.join();
  }
  void after() {
    first.call([this] { ++ended; });
    account("successes", 1, ended);
    account("done", 1, first.done() ? 1 : 0);
  }
};

}  // namespace

std::vector<scenario> signal_scenarios() {
  return {
      scenario_of<event_of_two_waiters>("event"), scenario_of<gate_of_two_waiters>("gate"),
      scenario_of<latch_of_three>("latch"),       scenario_of<barrier_of_two>("barrier"),
      stand_alone<once_that_waits>("once"),
  };
}

}  // namespace heddle::test
