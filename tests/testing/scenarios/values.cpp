// SPDX-License-Identifier: MIT
// Channels, queues, oneshots, broadcasts, watches: each value is taken once, or still there.
#include <heddle/runtime.hpp>
#include <heddle/sync.hpp>

#include "testing/scenarios/scenario.hpp"

#include <chrono>
#include <optional>

namespace heddle::test {

namespace {

using namespace std::chrono_literals;
namespace sync = heddle::sync;

template <std::size_t Capacity>
struct channel_of_two_and_two {
  sync::channel<int> values{Capacity};
  int sent = 0;
  int received = 0;
  void program() {
    task_group all;
    for (int n = 0; n < 2; ++n) {
      all.spawn([this] {
        for (int value = 0; value < 2; ++value) {
          values.send(value);
          ++sent;
        }
      });
      all.spawn([this] {
        for (int count = 0; count < 2; ++count) {
          if (values.receive()) ++received;
        }
      });
    }
    all.join();
  }
  void after() {
    while (values.try_receive()) ++received;
    account("values", sent, received);
  }
};

struct channel_with_limits {
  sync::channel<int> values{1};
  int sent = 0;
  int received = 0;
  void program() {
    task_group both;
    both.spawn([this] {
      for (int value = 0; value < 3; ++value) {
        int copy = value;
        if (values.send_for(copy, 1ms)) ++sent;
      }
      values.close();
    });
    both.spawn([this] {
      while (const std::optional<int> value = values.receive_for(1ms)) ++received;
      for (int value : values) received += value >= 0 ? 1 : 0;
    });
    both.join();
  }
  void after() {
    while (values.try_receive()) ++received;
    account("values", sent, received);
  }
};

template <class Queue>
struct queue_of_two_and_two {
  Queue items{2};
  int put = 0;
  int got = 0;
  void program() {
    task_group all;
    for (int n = 0; n < 2; ++n) {
      all.spawn([this] {
        for (int item = 0; item < 3; ++item) {
          items.put(item);
          ++put;
        }
      });
      all.spawn([this] {
        for (int count = 0; count < 3; ++count) {
          items.get();
          ++got;
          items.task_done();
        }
      });
    }
    all.spawn([this] {
      if (items.get_for(1ms)) {
        ++got;
        items.task_done();
        items.put(7);
        ++put;
      }
    });
    all.join();
    items.join();
  }
  void after() {
    while (items.try_get()) {
      ++got;
      items.task_done();
    }
    account("items", put, got);
    if (!items.join_for(1s)) throw lost("join() waits for items that were done");
  }
};

struct oneshot_of_a_value {
  int sent = 0;
  int received = 0;
  void program() {
    sync::oneshot<int> answer;
    task_group both;
    both.spawn([this, promise = std::move(answer.promise)]() mutable {
      this_fiber::yield();
      if (promise.set_value(1)) ++sent;
    });
    both.spawn([this, future = std::move(answer.future)]() mutable {
      try {
        received += future.get();
      } catch (const std::exception&) {  // the promise has gone, cancelled
      }
    });
    both.join();
  }
  void after() {
    if (received > sent) throw lost("a value came from nowhere");
  }
};

struct broadcast_to_two {
  int sent = 0;
  int received[2] = {0, 0};
  bool all_ended = false;
  void program() {
    sync::broadcast<int> news(8);
    task_group all;
    for (int& mine : received) {
      all.spawn([&mine, from = news.subscribe()]() mutable {
        while (from.receive()) ++mine;
      });
    }
    all.spawn([this, &news] {
      for (int n = 0; n < 3; ++n) {
        news.send(n);
        ++sent;
        this_fiber::yield();
      }
      news.close();
    });
    all.join();
    all_ended = true;
  }
  void after() {
    for (const int mine : received) account("news", all_ended ? sent : mine, mine);
  }
};

struct watch_by_two {
  int last[2] = {0, 0};
  bool all_ended = false;
  void program() {
    sync::watch<int> level(0);
    task_group all;
    for (int& mine : last) {
      all.spawn([&mine, from = level.subscribe()]() mutable {
        while (const std::optional<int> next = from.next()) mine = *next;
      });
    }
    all.spawn([&level] {
      for (int n = 1; n <= 3; ++n) {
        level.set(n);
        this_fiber::yield();
      }
      level.close();
    });
    all.join();
    all_ended = true;
  }
  void after() {
    for (const int mine : last) account("the last level", all_ended ? 3 : mine, mine);
  }
};

}  // namespace

std::vector<scenario> value_scenarios() {
  return {
      scenario_of<channel_of_two_and_two<0>>("channel_without_buffer"),
      scenario_of<channel_of_two_and_two<1>>("channel_of_one"),
      scenario_of<channel_with_limits>("channel_with_limits"),
      scenario_of<queue_of_two_and_two<sync::queue<int>>>("queue"),
      scenario_of<queue_of_two_and_two<sync::lifo_queue<int>>>("lifo_queue"),
      scenario_of<queue_of_two_and_two<sync::priority_queue<int>>>("priority_queue"),
      stand_alone<oneshot_of_a_value>("oneshot"),
      scenario_of<broadcast_to_two>("broadcast"),
      scenario_of<watch_by_two>("watch"),
  };
}

}  // namespace heddle::test
