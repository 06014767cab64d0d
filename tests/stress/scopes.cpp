// SPDX-License-Identifier: MIT
// Random trees of scopes, shields, time-outs and groups, in a runtime of some loops and in one of a
// single loop, cancelled in random places at random moments by plain threads and by fibers of both.
// Whatever is cancelled: every leaf is entered once and ended once, no child outlives its group,
// and each failure is delivered once, by its group or by on_unhandled. Every other tree is left
// alone, and must end as a sequential model says (runtime/scope/scope_tree.hpp). A run of ten
// seconds or more must hold no more in its second half than in its first.
#include "runtime/scope/scope_tree.hpp"
#include "stress/holdings.hpp"
#include "stress/stress.hpp"

#include <array>
#include <memory>

namespace {

using namespace heddle;
using stress::require;
using test::random_numbers;
using test::scope_tree;

/// Where a worker shows the tree that it runs to those who cancel.
struct slot {
  std::atomic<scope_tree*> tree{nullptr};
  std::atomic<int> at_work{0};
};

struct books {
  std::array<slot, 8> slots;
  std::atomic<std::uint64_t> streams{1};
  std::atomic<std::uint64_t> nodes{0};
  std::atomic<std::uint64_t> cancels{0};
  std::atomic<std::uint64_t> by_value{0};
  std::atomic<std::uint64_t> by_cancellation{0};
  std::atomic<std::uint64_t> by_failure{0};
  std::atomic<bool> over{false};
  stress::watchdog guard;
};

void count(books& all, test::ending ended) {
  if (ended == test::ending::value) ++all.by_value;
  if (ended == test::ending::cancelled) ++all.by_cancellation;
  if (ended == test::ending::failure) ++all.by_failure;
}

/// A tree that nobody disturbs; whoever waits for ever in it is cancelled by its root.
test::ending run_alone(scope_tree& tree) {
  task<void> canceller;
  if (tree.waits_for_ever()) {
    canceller = spawn([&] {
      for (int turn = 0; turn < 20; ++turn) this_fiber::yield();
      tree.root_scope().cancel();
    });
  }
  const test::ending ended = tree.run();
  if (canceller.joinable()) canceller.join();
  require(tree.is_expected(ended), "a tree has not ended as the model says");
  return ended;
}

test::ending run_disturbed(scope_tree& tree, slot& shown) {
  tree.disturb();
  shown.tree = &tree;
  const test::ending ended = tree.run();
  shown.tree = nullptr;
  while (shown.at_work.load() != 0) this_fiber::yield();
  return ended;
}

void work(books& all, stress::round_counter& rounds, slot& mine) {
  random_numbers random(all.streams.fetch_add(1));
  while (rounds.next()) {
    scope_tree tree(random);
    count(all, random.once_in(2) ? run_alone(tree) : run_disturbed(tree, mine));
    if (const char* const fault = tree.fault()) require(false, fault);
    all.nodes += tree.nodes();
    all.guard.tick();
  }
}

/// Cancels one scope of one tree, if there is one.
void disturb(books& all, random_numbers& random) {
  slot& chosen = all.slots.at(random.below(static_cast<std::uint32_t>(all.slots.size())));
  ++chosen.at_work;
  if (scope_tree* const tree = chosen.tree.load()) {
    const auto& scopes = tree->scopes();
    const std::uint32_t which = random.below(static_cast<std::uint32_t>(scopes.size()) + 2);
    cancel_scope& scope = which < scopes.size() ? *scopes[which] : tree->root_scope();
    scope.cancel(random.once_in(2) ? "from outside" : "");
    ++all.cancels;
  }
  --chosen.at_work;
  test::spin(random.below(3'000));
}

}  // namespace

int main(int argc, char** argv) {
  const stress::options asked = stress::parse(argc, argv, {.rounds = 150'000, .loops = 2});
  books all;
  stress::round_counter rounds(asked);
  config settings = stress::with_loops(asked.loops);
  settings.on_unhandled = &scope_tree::unhandled;
  stress::holdings held;
  {
    runtime many(settings);
    settings.loops = 1;
    runtime lone(settings);
    const stress::watchdog::watching watched_many(all.guard, many);
    const stress::watchdog::watching watched_lone(all.guard, lone);
    std::vector<task<void>> workers;
    std::vector<task<void>> disturbers;
    for (std::size_t n = 0; n < all.slots.size(); ++n) {
      runtime& home = n % 4 == 3 ? lone : many;
      workers.push_back(home.spawn([&, n] { work(all, rounds, all.slots.at(n)); }));
    }
    const auto disturbs = [&all](auto rest) {
      return [&all, rest] {
        random_numbers random(all.streams.fetch_add(1));
        while (!all.over) {
          disturb(all, random);
          rest();
        }
      };
    };
    for (runtime* const home : {&many, &lone}) {
      disturbers.push_back(home->spawn(disturbs([] { this_fiber::yield(); })));
    }
    std::thread thread(disturbs([] { std::this_thread::yield(); }));
    for (auto& each : workers) each.join();
    all.over = true;
    for (auto& each : disturbers) each.join();
    thread.join();
  }
  held.require_flat();
  for (const auto* const ends : {&all.by_value, &all.by_cancellation, &all.by_failure}) {
    require(*ends > 0, "one way to end has never been taken: this run has tested too little");
  }
  require(all.cancels > 0, "nobody was cancelled from outside: this run has tested nothing");
  std::printf(
      "%llu nodes in %llu trees, %llu cancels from outside: %llu ended by a value, %llu cancelled, "
      "%llu failed\n",
      static_cast<unsigned long long>(all.nodes), static_cast<unsigned long long>(rounds.done()),
      static_cast<unsigned long long>(all.cancels), static_cast<unsigned long long>(all.by_value),
      static_cast<unsigned long long>(all.by_cancellation),
      static_cast<unsigned long long>(all.by_failure));
  return 0;
}
