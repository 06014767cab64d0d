// SPDX-License-Identifier: MIT
// P5 and P6: two fibers over two channels, back and forth; one producer and one consumer over a
// buffer.
#include <heddle/runtime.hpp>
#include <heddle/sync/channel.hpp>

#include "harness/harness.hpp"

namespace {

using heddle::sync::channel;

void round_trips(long rounds) {
  channel<long> there(2);
  channel<long> back(2);
  auto other = heddle::spawn([&] {
    while (const auto n = there.receive()) back.send(*n + 1);
  });
  for (long n = 0; n < rounds / 10; ++n) {
    there.send(n);
    back.receive();
  }
  const bench::stopwatch since;
  long sum = 0;
  for (long n = 0; n < rounds; ++n) {
    there.send(n);
    sum += *back.receive();
  }
  const double wall = since.wall_ns();
  const double cpu = since.cpu_ns();
  there.close();
  other.join();
  bench::require(sum == rounds * (rounds - 1) / 2 + rounds, "a message was lost");
  bench::report("round_trip_wall_ns", wall / static_cast<double>(rounds));
  bench::report("round_trip_cpu_ns", cpu / static_cast<double>(rounds));
}

void messages(long count, std::size_t capacity) {
  channel<long> numbers(capacity);
  const bench::stopwatch since;
  auto producer = heddle::spawn([&] {
    for (long n = 0; n < count; ++n) numbers.send(n);
    numbers.close();
  });
  long sum = 0;
  while (const auto n = numbers.receive()) sum += *n;
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
  heddle::config settings;
  settings.loops = static_cast<unsigned>(bench::option(argc, argv, "--loops", 1));
  const long repeats = bench::option(argc, argv, "--repeats", 3);
  const long count = bench::option(argc, argv, "--count", 1'000'000);
  const auto capacity = static_cast<std::size_t>(bench::option(argc, argv, "--capacity", 1023));
  heddle::run(settings, [=] {
    for (long n = 0; n < repeats; ++n) {
      round_trips(count);
      messages(4 * count, capacity);
    }
  });
}
