// SPDX-License-Identifier: MIT
// P17: how long a call takes that another thread makes, one after the other: by blocking() and
// cpu() from a fiber, and, to compare, between two plain threads by a condition variable, and
// through a oneTBB arena. And what blocking() costs that is called once a millisecond.
#include <heddle/runtime.hpp>

#include "harness/harness.hpp"

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace {

using steady = std::chrono::steady_clock;

/// Reports the median of the times that `call` takes.
template <class Call>
void measure(const std::string& rival, int calls, Call call) {
  std::vector<double> times;
  times.reserve(static_cast<std::size_t>(calls));
  for (int n = 0; n < 200; ++n) call();
  const bench::stopwatch watch;
  for (int n = 0; n < calls; ++n) {
    const auto began = steady::now();
    call();
    times.push_back(std::chrono::duration<double, std::micro>(steady::now() - began).count());
  }
  const std::string tags = ",\"rival\":\"" + rival + "\"";
  bench::report("cpu_us", watch.cpu_ns() / 1000 / calls, tags);
  bench::report("median_us", bench::quantile(times, 0.5), tags);
  bench::report("p99_us", bench::quantile(times, 0.99), tags);
}

/// A thread that makes calls for another one, which waits.
class condition_variable_pool {
 public:
  ~condition_variable_pool() {
    set(state::over);
    server_.join();
  }
  template <class Call>
  void call(Call made) {
    {
      const std::lock_guard guard(lock_);
      body_ = made;
      state_ = state::asked;
    }
    changed_.notify_all();
    std::unique_lock guard(lock_);
    changed_.wait(guard, [this] { return state_ == state::idle; });
  }

 private:
  enum class state { idle, asked, over };
  void set(state next) {
    const std::lock_guard guard(lock_);
    state_ = next;
    changed_.notify_all();
  }
  void serve() {
    std::unique_lock guard(lock_);
    for (;;) {
      changed_.wait(guard, [this] { return state_ != state::idle; });
      if (state_ == state::over) return;
      guard.unlock();
      body_();
      guard.lock();
      state_ = state::idle;
      changed_.notify_all();
    }
  }

  std::mutex lock_;
  std::condition_variable changed_;
  state state_ = state::idle;
  void (*body_)() = nullptr;
  std::thread server_{[this] { serve(); }};
};

void nothing() { asm volatile("" ::: "memory"); }

void once_a_millisecond(int calls) {
  const auto sleep_and = [calls](auto call) {
    const bench::stopwatch watch;
    for (int n = 0; n < calls; ++n) {
      heddle::this_fiber::sleep_for(std::chrono::milliseconds(1));
      call();
    }
    return watch.cpu_ns() / watch.wall_ns() * 100;
  };
  const double sleep_only = sleep_and([] {});
  const double with_calls = sleep_and([] { heddle::blocking(nothing); });
  const std::string tags = ",\"rival\":\"blocking\"";
  bench::report("percent_of_a_core_at_1khz", with_calls - sleep_only, tags);
  bench::report("percent_of_a_core_with_sleeps", with_calls, tags);
}

}  // namespace

int main(int argc, char** argv) {
  const int calls = static_cast<int>(bench::option(argc, argv, "--calls", 20'000));
  bench::end_after(120);
  condition_variable_pool plain;
  measure("condition_variable", calls, [&plain] { plain.call(&nothing); });
  heddle::config settings;
  settings.loops = 1;
  heddle::run(settings, [calls] {
    measure("blocking", calls, [] { heddle::blocking(nothing); });
    measure("cpu", calls, [] { heddle::cpu(nothing); });
    once_a_millisecond(3'000);
  });
}
