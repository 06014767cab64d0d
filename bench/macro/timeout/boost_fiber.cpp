// SPDX-License-Identifier: MIT
// P9 on Boost.Fiber: what a time-out adds to a wait that another fiber ends in time. It has no
// time-out around a call, so it is the wait itself that is limited.
#include <boost/fiber/condition_variable.hpp>
#include <boost/fiber/fiber.hpp>
#include <boost/fiber/mutex.hpp>

#include "harness/harness.hpp"

#include <mutex>

namespace {

using namespace std::chrono_literals;

constexpr long calls = 200'000;

/// A turn that two fibers pass to each other.
class turn {
 public:
  void wait_for(int mine) {
    std::unique_lock lock(lock_);
    changed_.wait(lock, [this, mine] { return whose_ == mine; });
  }
  void wait_for(int mine, std::chrono::hours most) {
    std::unique_lock lock(lock_);
    changed_.wait_for(lock, most, [this, mine] { return whose_ == mine; });
  }
  void pass_to(int whose) {
    {
      const std::lock_guard lock(lock_);
      whose_ = whose;
    }
    changed_.notify_one();
  }

 private:
  boost::fibers::mutex lock_;
  boost::fibers::condition_variable changed_;
  int whose_ = 0;
};

template <class Call>
double cpu_ns_of(Call call) {
  const bench::stopwatch since;
  for (long n = 0; n < calls; ++n) call();
  return since.cpu_ns() / calls;
}

}  // namespace

int main(int argc, char** argv) {
  bench::end_after(60);
  for (long round = bench::option(argc, argv, "--rounds", 5); round > 0; --round) {
    turn whose;
    boost::fibers::fiber other([&whose] {
      for (long n = 0; n < 2 * calls; ++n) {
        whose.wait_for(1);
        whose.pass_to(0);
      }
    });
    const double plain = cpu_ns_of([&] {
      whose.pass_to(1);
      whose.wait_for(0);
    });
    const double limited = cpu_ns_of([&] {
      whose.pass_to(1);
      whose.wait_for(0, 1h);
    });
    other.join();
    bench::report("answered_ns", plain);
    bench::report("answered_added_ns", limited - plain);
  }
}
