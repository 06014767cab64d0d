// SPDX-License-Identifier: MIT
// When a primitive may be destroyed: by whoever knows that nobody will use it any more, though the
// call that let this one go on may not have returned yet. What a late call does to memory that was
// given back is seen by the sanitizers; without them, only a late write to the lock is.
#include <heddle/runtime.hpp>
#include <heddle/sync.hpp>

#include "runtime/support/child.hpp"
#include "runtime/support/loops.hpp"
#include "runtime/support/random.hpp"
#include "runtime/support/sanitized.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <thread>

namespace heddle::sync {
namespace {

using namespace std::chrono_literals;
using test::let_all_run;
using test::with_any_loops;
using test::with_loops;

// Without a sanitizer next to nothing can be seen, so a few are enough.
constexpr int rounds = test::sanitized ? 10'000 : 2'000;

/// Looks for a while before it gives the core away: two who race must both run.
template <class Condition>
void spin_until(Condition condition) {
  for (int looks = 0; !condition(); ++looks) {
    if (looks % 4096 == 4095) std::this_thread::yield();
  }
}

/// Says when a test has done enough: all its rounds, or, where others want the cores, those of some
/// seconds.
class enough {
 public:
  bool after(int rounds_done) const { return rounds_done >= rounds || end_.passed(); }

 private:
  deadline end_ = deadline::after(5s);
};

/// Hands objects, one after the other, to a plain thread that calls `use` with each.
template <class T>
class other_user {
 public:
  template <class Use>
  explicit other_user(Use use)
      : thread_([this, use] {
          for (T* given = nullptr;; use(*given)) {
            spin_until([&] {
              given = slot_.exchange(nullptr, std::memory_order_acq_rel);
              return given != nullptr || over_.load(std::memory_order_acquire);
            });
            if (given == nullptr) return;
          }
        }) {}
  ~other_user() {
    wait_until_taken();
    over_.store(true, std::memory_order_release);
    thread_.join();
  }
  other_user(const other_user&) = delete;
  other_user& operator=(const other_user&) = delete;

  void give(T& object) { slot_.store(&object, std::memory_order_release); }
  void wait_until_taken() const {
    spin_until([this] { return slot_.load(std::memory_order_acquire) == nullptr; });
  }

 private:
  std::atomic<T*> slot_{nullptr};
  std::atomic<bool> over_{false};
  std::thread thread_;
};

/// Counts its users under a lock of its own, and ends with the last of them.
template <class Mutex>
struct counted {
  Mutex lock;
  int users = 2;

  /// One user leaves, and has the lock.
  void leave() {
    const bool last = --users == 0;
    lock.unlock();
    if (last) delete this;
  }
};

/// Two users of each object, of whom the last deletes it; `get` locks for the other one. While that
/// one leaves this one locks a second time, to leave.
template <class Mutex, class Get>
void last_user_deletes(Get get) {
  other_user<counted<Mutex>> other([get](counted<Mutex>& one) {
    get(one.lock);
    one.leave();
  });
  const enough is_enough;
  for (int n = 0; !is_enough.after(n); ++n) {
    auto* const one = new counted<Mutex>;
    one->lock.lock();
    other.give(*one);
    test::spin(static_cast<std::uint32_t>(n % 64 * 64));
    one->lock.unlock();
    test::spin(static_cast<std::uint32_t>(n / 64 % 8 * 64));
    one->lock.lock();
    one->leave();
    other.wait_until_taken();
  }
}

TEST(lifetime, the_last_user_of_a_mutex_may_destroy_it) {
  last_user_deletes<mutex>([](mutex& lock) { lock.lock(); });
}

TEST(lifetime, the_last_user_of_a_mutex_may_destroy_it_after_some_time_outs) {
  last_user_deletes<timed_mutex>([](timed_mutex& lock) {
    while (!lock.try_lock_for(300ns)) {
    }
  });
}

TEST(lifetime, the_last_user_of_a_shared_mutex_may_destroy_it) {
  last_user_deletes<shared_mutex>([](shared_mutex& lock) { lock.lock(); });
}

TEST(lifetime, the_last_user_of_a_shared_mutex_may_destroy_it_after_some_time_outs) {
  last_user_deletes<shared_mutex>([](shared_mutex& lock) {
    while (!lock.try_lock_for(300ns)) {
    }
  });
}

/// A waiter destroys what `make` has made as soon as its `wait` has returned, while a plain thread
/// may still be in `wake`.
template <class Make, class Wake, class Wait>
void waiter_destroys(Make make, Wake wake, Wait wait) {
  using made = typename decltype(make())::element_type;
  const auto body = [&] {
    other_user<made> other(wake);
    const enough is_enough;
    for (int n = 0; !is_enough.after(n); ++n) {
      const auto one = make();
      other.give(*one);
      test::spin(static_cast<std::uint32_t>(n % 64 * 16));
      wait(*one);
      other.wait_until_taken();
    }
  };
  body();
  run(with_loops(1), body);
}

TEST(lifetime, whoever_has_waited_for_a_gate_may_destroy_it) {
  waiter_destroys([] { return std::make_unique<gate>(); }, [](gate& one) { one.open(); },
                  [](gate& one) { one.wait(); });
}

TEST(lifetime, whoever_has_waited_for_an_event_may_destroy_it) {
  waiter_destroys([] { return std::make_unique<event>(); }, [](event& one) { one.set(); },
                  [](event& one) { one.wait(); });
}

TEST(lifetime, whoever_has_selected_an_event_may_destroy_it) {
  waiter_destroys([] { return std::make_unique<event>(); }, [](event& one) { one.set(); },
                  [](event& one) { select(on_event(one, [] {})); });
}

TEST(lifetime, whoever_has_called_once_in_vain_may_destroy_it) {
  waiter_destroys(
      [] {
        struct begun {
          once flag;
          std::atomic<bool> runs{false};
        };
        return std::make_unique<begun>();
      },
      [](auto& one) { one.flag.call([&] { one.runs.store(true, std::memory_order_release); }); },
      [](auto& one) {
        while (!one.runs.load(std::memory_order_acquire)) std::this_thread::yield();
        one.flag.call([] { ADD_FAILURE() << "ran twice"; });
      });
}

TEST(lifetime, whoever_has_received_may_destroy_the_channel) {
  for (const std::size_t capacity : {0U, 1U}) {
    waiter_destroys([capacity] { return std::make_unique<channel<int>>(capacity); },
                    [](channel<int>& one) { one.send(1); },
                    [](channel<int>& one) { EXPECT_EQ(one.receive(), 1); });
  }
}

TEST(lifetime, whoever_has_sent_hand_to_hand_may_destroy_the_channel) {
  waiter_destroys([] { return std::make_unique<channel<int>>(0); },
                  [](channel<int>& one) { EXPECT_EQ(one.receive(), 1); },
                  [](channel<int>& one) { one.send(1); });
}

TEST(lifetime, whoever_has_waited_for_a_latch_may_destroy_it) {
  waiter_destroys([] { return std::make_unique<latch>(1); }, [](latch& one) { one.count_down(); },
                  [](latch& one) { one.wait(); });
}

TEST(lifetime, whoever_has_acquired_the_last_permit_may_destroy_the_semaphore) {
  waiter_destroys([] { return std::make_unique<semaphore>(0); },
                  [](semaphore& one) { one.release(); }, [](semaphore& one) { one.acquire(); });
}

TEST(lifetime, whoever_has_got_the_last_item_may_destroy_the_queue) {
  waiter_destroys([] { return std::make_unique<queue<int>>(1U); },
                  [](queue<int>& one) { one.put(1); },
                  [](queue<int>& one) { EXPECT_EQ(one.get(), 1); });
}

TEST(lifetime, whoever_has_met_at_a_barrier_where_the_others_do_not_wait_may_destroy_it) {
  waiter_destroys([] { return std::make_unique<barrier<>>(2); },
                  [](barrier<>& one) { (void)one.arrive(); },
                  [](barrier<>& one) { one.arrive_and_wait(); });
}

/// Destroys what `make` has made while a fiber waits in it. Returns what the process said.
template <class Make, class Wait>
std::string said_when_destroyed(Make make, Wait wait) {
  const test::child_end end = test::in_child([&] {
    run(with_loops(1), [&] {
      auto one = make();
      auto waits = spawn([&, &waited_in = *one] { wait(waited_in); });
      let_all_run();
      one.reset();
      waits.detach();
    });
    return true;
  });
  EXPECT_TRUE(end.killed_by(SIGABRT)) << end.output;
  return end.output;
}

TEST(lifetime, destroyed_while_somebody_waits_stops_the_process_and_says_so) {
  const auto message = [](const char* name) {
    return ::testing::HasSubstr(std::string("heddle::sync::") + name +
                                ": destroyed while somebody waits for it");
  };
  EXPECT_THAT(
      said_when_destroyed([] { return std::make_unique<gate>(); }, [](gate& one) { one.wait(); }),
      message("gate"));
  EXPECT_THAT(
      said_when_destroyed([] { return std::make_unique<event>(); }, [](event& one) { one.wait(); }),
      message("event"));
  EXPECT_THAT(said_when_destroyed([] { return std::make_unique<semaphore>(0); },
                                  [](semaphore& one) { one.acquire(); }),
              message("semaphore"));
  EXPECT_THAT(said_when_destroyed([] { return std::make_unique<latch>(1); },
                                  [](latch& one) { one.wait(); }),
              message("latch"));
  EXPECT_THAT(said_when_destroyed(
                  [] { return std::make_unique<once>(); },
                  [](once& one) { one.call([&] { spawn([&] { one.call([] {}); }).join(); }); }),
              message("once"));
  EXPECT_THAT(said_when_destroyed([] { return std::make_unique<barrier<>>(2); },
                                  [](barrier<>& one) { one.arrive_and_wait(); }),
              message("barrier"));
  EXPECT_THAT(said_when_destroyed([] { return std::make_unique<queue<int>>(1U); },
                                  [](queue<int>& one) { one.get(); }),
              message("queue"));
  EXPECT_THAT(said_when_destroyed(
                  [] {
                    return std::make_unique<rate_limiter>(rate_limit{1, 1h, 1});
                  },
                  [](rate_limiter& one) {
                    one.acquire();
                    one.acquire();
                  }),
              message("rate_limiter"));
  EXPECT_THAT(said_when_destroyed([] { return std::make_unique<channel<int>>(0); },
                                  [](channel<int>& one) { one.receive(); }),
              message("channel"));
  mutex lock;
  EXPECT_THAT(said_when_destroyed([] { return std::make_unique<condition_variable>(); },
                                  [&](condition_variable& one) {
                                    std::unique_lock mine(lock);
                                    one.wait(mine);
                                  }),
              ::testing::HasSubstr("heddle::wait_queue: destroyed while somebody waits in it, for "
                                   "condition_variable"));
}

TEST(lifetime, a_condition_variable_may_be_destroyed_once_all_are_notified) {
  run(with_any_loops(), [] {
    mutex lock;
    auto changed = std::make_unique<condition_variable>();
    std::unique_lock mine(lock);
    auto notified = spawn([&, &changed = *changed] {
      std::unique_lock guard(lock);
      changed.wait(guard);
    });
    auto late = spawn([&, &changed = *changed] {
      std::unique_lock guard(lock);
      changed.wait_for(guard, 1us);
    });
    mine.unlock();
    let_all_run();
    mine.lock();
    this_fiber::sleep_for(1ms);  // the second one is late, and wants the lock
    let_all_run();
    changed->notify_all();
    changed.reset();
    mine.unlock();
    notified.join();
    late.join();
  });
}

}  // namespace
}  // namespace heddle::sync
