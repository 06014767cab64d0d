// SPDX-License-Identifier: MIT
// Permits and items, moved about by fibers of two runtimes and by plain threads, of which many give
// up: they come too late, are cancelled, or the queue is shut down over them. The books must
// balance: never more permits held than there are, all back at the end; every item put was got
// once, or dropped by a shutdown; join() is released exactly when all is done. In turn with it,
// eight producers and eight consumers pass numbers through one queue: none is lost, none comes
// twice.
#include "stress/holdings.hpp"
#include "stress/stress.hpp"

#include <heddle/sync/queue.hpp>
#include <heddle/sync/semaphore.hpp>

#include <array>
#include <memory>
#include <optional>
#include <utility>

namespace {

using namespace heddle;
using stress::require;
using sync::permit;
using sync::queue_shut_down;
using test::random_numbers;

constexpr std::ptrdiff_t permits_there_are = 5;

struct books {
  std::atomic<std::uint64_t> streams{1};
  std::atomic<std::uint64_t> operations{0};
  std::atomic<std::uint64_t> refused{0};    // at once, or by a time-out of their own
  std::atomic<std::uint64_t> moved_on{0};   // cancelled by a deadline around them
  std::atomic<std::uint64_t> cancelled{0};  // by somebody else
  std::atomic<std::uint64_t> dropped_items{0};
  stress::watchdog guard;
};

/// What one match must account for.
struct counts {
  std::atomic<std::ptrdiff_t> held{0};
  std::atomic<std::uint64_t> put{0};
  std::atomic<std::uint64_t> got{0};
  std::atomic<std::uint64_t> ended{0};  // items that were destroyed, got or not
};

/// An item that counts its end.
class parcel {
 public:
  explicit parcel(counts& in) noexcept : in_(&in) {}
  parcel(parcel&& other) noexcept : in_(std::exchange(other.in_, nullptr)) {}
  parcel& operator=(parcel&& other) noexcept {
    std::swap(in_, other.in_);
    return *this;
  }
  ~parcel() {
    if (in_ != nullptr) ++in_->ended;
  }
  bool is_whole() const noexcept { return in_ != nullptr; }
  /// Ends it without a trace: it was never put.
  void forget() noexcept { in_ = nullptr; }

 private:
  counts* in_;
};

struct match {
  match(books& in, std::uint64_t operations, std::size_t room)
      : all(in), left(static_cast<std::int64_t>(operations)), work(room) {}

  books& all;
  counts sums;
  std::atomic<std::int64_t> left;
  sync::semaphore permits{permits_there_are, permits_there_are};
  sync::queue<parcel> work;
};

std::chrono::microseconds a_moment(random_numbers& random) {
  return std::chrono::microseconds(random.below(200));
}

void hold(match& at, random_numbers& random) {
  const std::ptrdiff_t n = 1 + random.below(3);
  permit mine;
  switch (random.below(4)) {
    case 0:
      mine = permit(at.permits, n);
      break;
    case 1:
      mine = permit::try_acquire(at.permits, n);
      break;
    default:
      mine = permit::acquire_for(at.permits, a_moment(random), n);
  }
  if (!mine) {
    ++at.all.refused;
    return;
  }
  require(at.sums.held.fetch_add(n) + n <= permits_there_are, "more permits held than there are");
  test::spin(random.below(300));
  at.sums.held.fetch_sub(n);
}

void put(match& at, random_numbers& random) {
  parcel item(at.sums);
  bool done = false;
  try {
    done = random.once_in(3) ? at.work.try_put(item) : at.work.put_for(item, a_moment(random));
  } catch (...) {
    require(item.is_whole(), "a put that failed has taken the item");
    item.forget();
    throw;
  }
  require(item.is_whole() != done, "the item was taken, or the put failed, but not one of both");
  (done ? at.sums.put : at.all.refused)++;
  item.forget();
}

void get(match& at, random_numbers& random) {
  std::optional<parcel> item =
      random.once_in(3) ? at.work.try_get() : at.work.get_for(a_moment(random));
  if (!item) {
    ++at.all.refused;
    return;
  }
  require(item->is_whole(), "an item came twice");
  ++at.sums.got;
  at.work.task_done();
}

void one_operation(match& at, random_numbers& random) {
  try {
    switch (random.below(3)) {
      case 0:
        return hold(at, random);
      case 1:
        return put(at, random);
      default:
        return get(at, random);
    }
  } catch (const queue_shut_down&) {
  }
}

/// Some operations in a child, which is cancelled at any point.
void cancelled_operations(match& at, random_numbers& random) {
  task<void> child = spawn([&at, stream = random.next()] {
    random_numbers mine(stream);
    for (;;) {
      one_operation(at, mine);
      ++at.all.operations;
    }
  });
  if (random.once_in(2)) this_fiber::yield();
  test::spin(random.below(3'000));
  child.cancel();
  try {
    child.join();
  } catch (const task_cancelled&) {
    ++at.all.cancelled;
  }
}

void take_part(match& at, bool on_fiber) {
  random_numbers random(at.all.streams.fetch_add(1));
  while (at.left.fetch_sub(1) > 0) {
    if (on_fiber && random.once_in(16)) {
      cancelled_operations(at, random);
    } else if (on_fiber && random.once_in(4)) {
      if (!move_on_after(a_moment(random), [&] { one_operation(at, random); })) ++at.all.moved_on;
    } else {
      one_operation(at, random);
    }
    ++at.all.operations;
    at.all.guard.tick();
  }
}

using runtimes = std::array<runtime*, 2>;

/// Runs `body(n)` for n from 0 on, on fibers of both runtimes and on threads, one after the other.
template <class Body>
void side_by_side(runtimes homes, int count, Body body) {
  std::vector<std::thread> threads;
  std::vector<task<void>> fibers;
  for (int n = 0; n < count; ++n) {
    if (n % 4 == 3) {
      threads.emplace_back([&body, n] { body(n, false); });
    } else {
      fibers.push_back(homes[n % 4 == 1 ? 1 : 0]->spawn([&body, n] { body(n, true); }));
    }
  }
  for (auto& each : fibers) each.join();
  for (auto& each : threads) each.join();
}

/// The books of a match whose workers have gone home.
void audit(match& at, sync::shutdown_mode how) {
  require(at.sums.held == 0 && at.permits.available() == permits_there_are,
          "permits were lost or doubled");
  try {
    while (at.work.try_get()) {
      at.work.task_done();
      ++at.sums.got;
    }
  } catch (const queue_shut_down&) {
  }
  require(at.work.join_for(std::chrono::seconds(0)), "join() waits though all is done");
  const std::uint64_t dropped = at.sums.put - at.sums.got;
  require(dropped == 0 || how == sync::shutdown_mode::now, "items were lost");
  require(at.sums.ended == at.sums.put, "an item was lost, or ended twice");
  at.all.dropped_items += dropped;
}

void play(books& all, runtimes homes, random_numbers& random, std::uint64_t operations) {
  match at(all, operations, random.once_in(4) ? sync::unbounded : 1 + random.below(16));
  const auto how = random.once_in(2) ? sync::shutdown_mode::now : sync::shutdown_mode::drain;
  const std::int64_t when = random.below(static_cast<std::uint32_t>(operations));
  std::thread referee([&] {
    while (at.left > when) std::this_thread::yield();
    at.work.shutdown(how);
  });
  side_by_side(homes, 8, [&at](int, bool on_fiber) { take_part(at, on_fiber); });
  referee.join();
  audit(at, how);
}

/// Eight producers, eight consumers, one queue.
void pass_numbers(books& all, runtimes homes, random_numbers& random, std::uint64_t count) {
  constexpr int sides = 8;
  const std::uint64_t each = count / sides;
  sync::queue<std::uint64_t> work(1 + random.below(256));
  const std::unique_ptr<std::atomic<std::uint8_t>[]> seen(
      new std::atomic<std::uint8_t>[each * sides] {});
  std::atomic<int> producing{sides};
  side_by_side(homes, 2 * sides, [&](int n, bool) {
    if (n / 4 % 2 == 0) {
      const auto first = static_cast<std::uint64_t>(n / 8 * 4 + n % 4) * each;
      for (std::uint64_t number = first; number < first + each; ++number) {
        work.put(number);
        if (number % 64 == 0) all.guard.tick();
      }
      if (--producing == 0) work.shutdown();
      return;
    }
    try {
      for (;;) {
        require(seen[work.get()].exchange(1) == 0, "a number came twice");
        work.task_done();
      }
    } catch (const queue_shut_down&) {
    }
  });
  for (std::uint64_t n = 0; n < each * sides; ++n) require(seen[n] == 1, "a number was lost");
  require(work.join_for(std::chrono::seconds(0)), "join() waits though all is done");
  all.operations += 2 * each * sides;
}

}  // namespace

int main(int argc, char** argv) {
  const stress::options asked = stress::parse(argc, argv, {.rounds = 1'000'000, .loops = 2});
  const auto until = std::chrono::steady_clock::now() + asked.minutes;
  const bool by_time = asked.minutes.count() > 0;
  constexpr std::uint64_t operations_of_a_match = 20'000;
  books all;
  stress::holdings held;
  std::uint64_t played = 0;
  {
    runtime many(stress::with_loops(asked.loops));
    runtime lone(stress::with_loops(1));
    const stress::watchdog::watching watched_many(all.guard, many);
    const stress::watchdog::watching watched_lone(all.guard, lone);
    const runtimes homes{&many, &lone};
    random_numbers random(0);
    do {
      pass_numbers(all, homes, random, by_time ? 1'000'000 : asked.rounds);
      for (int n = 0; n < 50 && (by_time || played < asked.rounds); ++n) {
        play(all, homes, random, operations_of_a_match);
        played += operations_of_a_match;
      }
    } while (by_time ? std::chrono::steady_clock::now() < until : played < asked.rounds);
  }
  held.require_flat();
  require(all.refused > 0 && all.moved_on > 0 && all.cancelled > 0,
          "one way to give up has never been taken: this run has tested too little");
  const auto number = [](std::uint64_t count) { return static_cast<unsigned long long>(count); };
  std::printf(
      "%llu operations: %llu refused or timed out, %llu left by a deadline around them, %llu "
      "cancelled, %llu items dropped by shutdowns, all add up\n",
      number(all.operations), number(all.refused), number(all.moved_on), number(all.cancelled),
      number(all.dropped_items));
  return 0;
}
