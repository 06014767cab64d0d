// SPDX-License-Identifier: MIT
// Locks and permits: after all, each can be had again, and nobody was inside beside another.
#include <heddle/runtime.hpp>
#include <heddle/sync.hpp>

#include "testing/scenarios/scenario.hpp"

#include <chrono>
#include <mutex>
#include <shared_mutex>

namespace heddle::test {

namespace {

using namespace std::chrono_literals;
namespace sync = heddle::sync;

/// Who is inside a lock.
struct occupancy {
  int inside = 0;
  int most = 0;
  void enter() {
    ++inside;
    most = std::max(most, inside);
  }
  void leave() { --inside; }
};

struct visit {
  explicit visit(occupancy& of) : of_(of) { of_.enter(); }
  ~visit() { of_.leave(); }
  visit(const visit&) = delete;
  visit& operator=(const visit&) = delete;
  occupancy& of_;
};

struct mutex_of_three {
  sync::mutex lock;
  occupancy inside;
  void program() {
    task_group all;
    for (int n = 0; n < 3; ++n) {
      all.spawn([this] {
        const std::lock_guard held(lock);
        const visit here(inside);
        this_fiber::yield();
      });
    }
    all.join();
  }
  void after() {
    account("fibers inside at once", 1, std::max(inside.most, 1));
    account("the mutex can be had", 1, lock.try_lock() ? 1 : 0);
    lock.unlock();
  }
};

struct timed_mutex_that_is_late {
  sync::timed_mutex lock;
  void program() {
    task_group both;
    both.spawn([this] {
      const std::lock_guard held(lock);
      this_fiber::sleep_for(10ms);
    });
    both.spawn([this] {
      if (lock.try_lock_for(5ms)) lock.unlock();
      if (lock.try_lock_for(50ms)) lock.unlock();
    });
    both.join();
  }
  void after() {
    account("the mutex can be had", 1, lock.try_lock() ? 1 : 0);
    lock.unlock();
  }
};

struct recursive_mutex_of_two {
  sync::recursive_mutex lock;
  void program() {
    task_group both;
    for (int n = 0; n < 2; ++n) {
      both.spawn([this] {
        const std::lock_guard outer(lock);
        this_fiber::yield();
        const std::lock_guard inner(lock);
        this_fiber::yield();
      });
    }
    both.join();
  }
  void after() {
    account("the mutex can be had", 1, lock.try_lock() ? 1 : 0);
    lock.unlock();
  }
};

struct shared_mutex_of_readers_and_writers {
  sync::shared_mutex lock;
  occupancy writers;
  occupancy readers;
  int mixed = 0;
  void program() {
    task_group all;
    for (int n = 0; n < 2; ++n) {
      all.spawn([this] {
        const std::shared_lock held(lock);
        const visit here(readers);
        this_fiber::yield();
        mixed += writers.inside;
      });
      all.spawn([this] {
        const std::lock_guard held(lock);
        const visit here(writers);
        this_fiber::yield();
        mixed += readers.inside;
      });
    }
    all.spawn([this] {
      if (lock.try_lock_for(1ms)) lock.unlock();
      if (lock.try_lock_shared_for(1ms)) lock.unlock_shared();
    });
    all.join();
  }
  void after() {
    account("readers beside a writer", 0, mixed);
    account("writers at once", 1, std::max(writers.most, 1));
    account("the mutex can be had", 1, lock.try_lock() ? 1 : 0);
    lock.unlock();
  }
};

struct semaphore_of_two {
  sync::semaphore permits{2};
  occupancy inside;
  void program() {
    task_group all;
    for (int n = 0; n < 4; ++n) {
      all.spawn([this] {
        const sync::permit held(permits);
        const visit here(inside);
        this_fiber::yield();
      });
    }
    all.spawn([this] { const sync::permit both(permits, 2); });
    all.spawn([this] {
      if (permits.acquire_for(1ms)) permits.release();
    });
    all.join();
  }
  void after() {
    account("permits", 2, permits.available());
    account("fibers inside at once", 2, std::max(inside.most, 2));
  }
};

struct condition_variable_of_a_stock {
  sync::mutex lock;
  sync::condition_variable changed;
  int stock = 0;
  int taken = 0;
  int made = 0;
  void program() {
    task_group all;
    for (int n = 0; n < 2; ++n) {
      all.spawn([this] {
        std::unique_lock held(lock);
        changed.wait(held, [this] { return stock > 0; });
        --stock;
        ++taken;
      });
    }
    all.spawn([this] {
      std::unique_lock held(lock);
      changed.wait_for(held, 1ms, [this] { return stock > 5; });
    });
    all.spawn([this] {
      for (int n = 0; n < 2; ++n) {
        {
          const std::lock_guard held(lock);
          ++stock;
          ++made;
        }
        changed.notify_one();
        changed.notify_all();
        this_fiber::yield();
      }
    });
    all.join();
  }
  void after() {
    account("goods", made, stock + taken);
    account("the mutex can be had", 1, lock.try_lock() ? 1 : 0);
    lock.unlock();
  }
};

struct rate_limiter_of_three {
  sync::rate_limiter limit{{.tokens = 1, .per = 1ms, .burst = 1}};
  void program() {
    task_group all;
    for (int n = 0; n < 3; ++n) all.spawn([this] { limit.acquire(); });
    all.spawn([this] { limit.acquire_for(1ms); });
    all.join();
  }
  void after() {
    if (!limit.acquire_for(1s)) throw lost("the limiter gives no token any more");
  }
};

}  // namespace

std::vector<scenario> lock_scenarios() {
  return {
      stand_alone<mutex_of_three>("mutex"),
      stand_alone<timed_mutex_that_is_late>("timed_mutex"),
      stand_alone<recursive_mutex_of_two>("recursive_mutex"),
      stand_alone<shared_mutex_of_readers_and_writers>("shared_mutex"),
      stand_alone<semaphore_of_two>("semaphore"),
      scenario_of<condition_variable_of_a_stock>("condition_variable"),
      stand_alone<rate_limiter_of_three>("rate_limiter"),
  };
}

}  // namespace heddle::test
