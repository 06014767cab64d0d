// SPDX-License-Identifier: MIT
// P9: what with_timeout adds to a call that does not time out: one that returns at once, and one
// that waits for another fiber and is answered. Beside it, a reading of the clock.
#include <heddle/runtime.hpp>

#include "harness/harness.hpp"

#include <ctime>

namespace {

using namespace std::chrono_literals;

constexpr long calls = 200'000;

/// A turn that two fibers pass to each other.
class turn {
 public:
  void wait_for(int mine) {
    waiting_.wait_unless([this, mine]() noexcept { return whose_ == mine; });
  }
  void pass_to(int whose) noexcept {
    waiting_.wake_one([this, whose](bool) noexcept { whose_ = whose; });
  }

 private:
  heddle::wait_queue waiting_;
  int whose_ = 0;
};

template <class Call>
double cpu_ns_of(Call call) {
  const bench::stopwatch since;
  for (long n = 0; n < calls; ++n) call();
  return since.cpu_ns() / calls;
}

__attribute__((noinline)) long answer(long question) {
  asm volatile("" : "+r"(question));
  return question;
}

void measure_clock() {
  bench::report("clock_ns", cpu_ns_of([] {
                  timespec now{};
                  ::clock_gettime(CLOCK_MONOTONIC, &now);
                  asm volatile("" : : "r"(&now) : "memory");
                }));
}

void measure_ready() {
  long sum = 0;
  const double plain = cpu_ns_of([&] { sum += answer(1); });
  const double limited =
      cpu_ns_of([&] { sum += heddle::with_timeout(1h, [] { return answer(1); }); });
  bench::require(sum == 2 * calls, "calls were lost");
  bench::report("ready_ns", limited);
  bench::report("ready_added_ns", limited - plain);
}

void measure_answered() {
  turn whose;
  auto other = heddle::spawn([&whose] {
    for (long n = 0; n < 2 * calls; ++n) {
      whose.wait_for(1);
      whose.pass_to(0);
    }
  });
  const auto ask = [&whose] {
    whose.pass_to(1);
    whose.wait_for(0);
  };
  const double plain = cpu_ns_of(ask);
  const double limited = cpu_ns_of([&] { heddle::with_timeout(1h, ask); });
  other.join();
  bench::report("answered_ns", plain);
  bench::report("answered_added_ns", limited - plain);
}

}  // namespace

int main(int argc, char** argv) {
  bench::end_after(60);
  heddle::config settings;
  settings.loops = 1;
  const long rounds = bench::option(argc, argv, "--rounds", 5);
  heddle::run(settings, [rounds] {
    for (long round = 0; round < rounds; ++round) {
      measure_clock();
      measure_ready();
      measure_answered();
    }
  });
}
