// SPDX-License-Identifier: MIT
// P18: what a runtime costs that has nothing to do: two loops, listeners that accept, connections
// that wait for their client, parked fibers, far timers.
#include <heddle/io.hpp>
#include <heddle/runtime.hpp>

#include "harness/harness.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <thread>
#include <vector>

namespace {

constexpr int listeners = 4;
constexpr int connections = 50;  // each has two ends here
constexpr int parked = 1000;
constexpr int sleepers = 1000;

struct furniture {
  std::vector<heddle::io::tcp_listener> listeners;
  std::vector<heddle::io::tcp_stream> clients;
  std::vector<heddle::task<void>> fibers;
  heddle::wait_queue queue;
  std::atomic<int> waiting{0};
};

void serve(furniture& all, heddle::io::tcp_listener& from) {
  heddle::io::serve(from,
                    [&all](heddle::io::tcp_stream& client) {
                      std::array<std::byte, 64> buffer;
                      ++all.waiting;
                      (void)client.read_some(buffer);
                    },
                    {.drain = std::chrono::seconds{0}});
}

void furnish(furniture& all) {
  for (int n = 0; n < parked; ++n) {
    all.fibers.push_back(heddle::spawn([&all] {
      ++all.waiting;
      all.queue.wait_unless([] { return false; });
    }));
  }
  for (int n = 0; n < sleepers; ++n) {
    all.fibers.push_back(heddle::spawn([&all, n] {
      ++all.waiting;
      heddle::this_fiber::sleep_for(std::chrono::minutes(10 + n));
    }));
  }
  for (int n = 0; n < listeners; ++n) {
    all.listeners.push_back(heddle::io::tcp_listener::bind("127.0.0.1:0"));
  }
}

}  // namespace

int main(int argc, char** argv) {
  bench::end_after(60);
  const std::chrono::seconds watched(bench::option(argc, argv, "--seconds", 5));
  heddle::config settings;
  settings.loops = 2;
  furniture all;
  heddle::runtime loops(settings);
  loops.run([&all] { furnish(all); });
  std::vector<heddle::task<void>> serving;
  for (auto& each : all.listeners) {
    serving.push_back(loops.spawn([&all, &each] { serve(all, each); }));
  }
  for (int n = 0; n < connections; ++n) {
    const auto& to = all.listeners[static_cast<std::size_t>(n % listeners)];
    all.clients.push_back(heddle::io::tcp_stream::connect(to.local_endpoint()));
  }
  while (all.waiting < parked + sleepers + connections) {
    std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  std::this_thread::sleep_for(std::chrono::seconds(1));

  const bench::stopwatch since;
  std::this_thread::sleep_for(watched);
  const double share = since.cpu_ns() / since.wall_ns();
  bench::require(all.waiting == parked + sleepers + connections, "something woke");
  bench::report("percent_of_a_core", share * 100);
  serving.clear();  // cancels, then waits
  loops.run([&all] { all.fibers.clear(); });
}
