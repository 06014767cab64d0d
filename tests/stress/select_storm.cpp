// SPDX-License-Identifier: MIT
// Selects, sends and receives on shared channels, from fibers of two runtimes and plain threads,
// under random cancels, time-outs and closes, round after round (sync/support/value_market.hpp).
#include "stress/stress.hpp"
#include "sync/support/value_market.hpp"

namespace {

using namespace heddle;
using stress::require;
using test::value_market;

constexpr int turns = test::sanitized ? 200 : 1'000;

value_market::counts one_round(stress::watchdog& guard, unsigned loops, std::uint64_t stream) {
  value_market market(turns);
  runtime first(stress::with_loops(1));
  runtime second(stress::with_loops(loops));
  const stress::watchdog::watching watched_first(guard, first);
  const stress::watchdog::watching watched_second(guard, second);
  const char* const fault = market.play(first, second, stream, [&guard] { guard.tick(); });
  if (fault != nullptr) require(false, fault);
  return market.seen();
}

}  // namespace

int main(int argc, char** argv) {
  const stress::options asked = stress::parse(argc, argv, {.rounds = 20, .loops = 2});
  stress::watchdog guard;
  stress::round_counter rounds(asked);
  std::uint64_t stream = 1;
  value_market::counts all;
  while (rounds.next()) all += one_round(guard, asked.loops, stream += 1'000);
  require(all.received > 0 && all.timed_out > 0 && all.found_closed > 0 && all.cancelled > 0,
          "one way to end a turn has never been taken: this run has tested too little");
  const auto number = [](std::uint64_t count) { return static_cast<unsigned long long>(count); };
  std::printf(
      "%llu rounds: %llu values received, %llu turns timed out, %llu were cancelled, %llu "
      "found a channel closed\n",
      number(rounds.done() - 1), number(all.received), number(all.timed_out), number(all.cancelled),
      number(all.found_closed));
  return 0;
}
