// SPDX-License-Identifier: MIT
// P5 and P6 by Boost.Fiber's buffered_channel; on two threads, with --loops 2, one fiber on each.
#include "harness/harness.hpp"

#include <boost/fiber/buffered_channel.hpp>
#include <boost/fiber/fiber.hpp>

#include <functional>
#include <thread>

namespace {

using channel = boost::fibers::buffered_channel<long>;

/// Runs `body` in a fiber beside the caller's: of this thread, or of another.
class beside {
 public:
  beside(bool threads, const std::function<void()>& body) {
    if (threads) {
      thread_ = std::thread(body);
    } else {
      fiber_ = boost::fibers::fiber(boost::fibers::launch::post, body);
    }
  }
  void join() { thread_.joinable() ? thread_.join() : fiber_.join(); }

 private:
  std::thread thread_;
  boost::fibers::fiber fiber_;
};

constexpr auto success = boost::fibers::channel_op_status::success;

void round_trips(bool threads, long rounds) {
  channel there(2);
  channel back(2);
  beside other(threads, [&] {
    for (long n = 0; there.pop(n) == success;) back.push(n + 1);
  });
  long got = 0;
  for (long n = 0; n < rounds / 10; ++n) {
    there.push(n);
    back.pop(got);
  }
  const bench::stopwatch since;
  long sum = 0;
  for (long n = 0; n < rounds; ++n) {
    there.push(n);
    back.pop(got);
    sum += got;
  }
  const double wall = since.wall_ns();
  const double cpu = since.cpu_ns();
  there.close();
  other.join();
  bench::require(sum == rounds * (rounds - 1) / 2 + rounds, "a message was lost");
  bench::report("round_trip_wall_ns", wall / static_cast<double>(rounds));
  bench::report("round_trip_cpu_ns", cpu / static_cast<double>(rounds));
}

void messages(bool threads, long count, std::size_t slots) {
  channel numbers(slots);
  const bench::stopwatch since;
  beside producer(threads, [&] {
    for (long n = 0; n < count; ++n) numbers.push(n);
    numbers.close();
  });
  long sum = 0;
  for (long n = 0; numbers.pop(n) == success;) sum += n;
  producer.join();
  const double wall = since.wall_ns();
  const double cpu = since.cpu_ns();
  bench::require(sum == count * (count - 1) / 2, "a message was lost");
  bench::report("message_wall_ns", wall / static_cast<double>(count));
  bench::report("message_cpu_ns", cpu / static_cast<double>(count));
}

}  // namespace

int main(int argc, char** argv) {
  bench::end_after(60);
  const bool threads = bench::option(argc, argv, "--loops", 1) > 1;
  const long repeats = bench::option(argc, argv, "--repeats", 3);
  const long count = bench::option(argc, argv, "--count", 1'000'000);
  // Of its slots, a power of two, one stays empty.
  const auto slots = static_cast<std::size_t>(bench::option(argc, argv, "--capacity", 1023)) + 1;
  for (long n = 0; n < repeats; ++n) {
    round_trips(threads, count);
    messages(threads, 4 * count, slots);
  }
}
