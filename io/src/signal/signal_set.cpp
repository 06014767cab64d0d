// SPDX-License-Identifier: MIT
// A handler that notes the signal in each set that wants it, and wakes that by its eventfd. The
// seats of sets are an array that is never given back; an eventfd is closed once no handler can be
// about to write to it, so one that is late writes to no descriptor that is somebody else's.
#include <heddle/io/signal_set.hpp>

#include "net/system_call.hpp"

#include <heddle/io/error.hpp>
#include <heddle/runtime/park.hpp>
#include <heddle/runtime/readiness.hpp>

#include <array>
#include <atomic>
#include <bit>
#include <cerrno>
#include <cstdint>
#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>

#include <sched.h>
#include <signal.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

namespace heddle::io {

namespace {

constexpr int most_signals = 64;
constexpr std::size_t most_sets = 64;

std::uint64_t bit_of(int signal) noexcept { return std::uint64_t{1} << (signal - 1); }

/// What a set and the handler share. Invariants: (1) event is there while wanted is not 0, and
/// while a handler that has seen that is at work; (2) pending gets a bit before event is written.
struct seat {
  std::atomic<std::uint64_t> wanted{0};
  std::atomic<std::uint64_t> pending{0};
  std::atomic<int> event{-1};
};

/// The process's handlers. Signals have one of them each, whatever runtimes there are.
struct table {
  std::array<seat, most_sets> seats;
  std::atomic<int> at_work{0};    // handlers
  std::atomic<pid_t> process{0};  // a child of fork() shares the eventfds, and must not write there
  std::mutex guard;               // of what follows
  std::array<bool, most_sets> taken{};
  std::array<int, most_signals + 1> users{};
  std::array<struct sigaction, most_signals + 1> before{};
};

std::atomic<table*> for_handler{nullptr};  // set once, before the first handler is

table& all() {
  static table& only = []() -> table& {
    for_handler.store(new table, std::memory_order_relaxed);  // a handler may run until the end
    return *for_handler.load(std::memory_order_relaxed);
  }();
  return only;
}

void note(int signal) {
  const int saved = errno;
  table& known = *for_handler.load(std::memory_order_relaxed);
  // order: seq_cst — at work, then wanted; partner: leave(): wanted, then at work. One of them sees
  // the other.
  known.at_work.fetch_add(1, std::memory_order_seq_cst);
  if (::getpid() == known.process.load(std::memory_order_relaxed)) {
    for (seat& each : known.seats) {
      // order: seq_cst — as above; acquire: its event is there.
      if ((each.wanted.load(std::memory_order_seq_cst) & bit_of(signal)) == 0) continue;
      // order: release — partner: take(); before the event, which the kernel orders.
      each.pending.fetch_or(bit_of(signal), std::memory_order_release);
      const std::uint64_t one = 1;
      static_cast<void>(::write(each.event.load(std::memory_order_relaxed), &one, sizeof one));
    }
  }
  // order: release — partner: leave(): this handler's writes come before the event is closed.
  known.at_work.fetch_sub(1, std::memory_order_release);
  errno = saved;
}

std::string name_of(int signal) {
  const char* const known = ::sigabbrev_np(signal);
  return known == nullptr ? "signal " + std::to_string(signal) : "SIG" + std::string(known);
}

void check(int signal) {
  if (signal < 1 || signal > most_signals) {
    throw std::invalid_argument("heddle::io::signal_set: there is no signal " +
                                std::to_string(signal));
  }
  switch (signal) {
    case SIGKILL:
    case SIGSTOP:
      throw std::invalid_argument("heddle::io::signal_set: nobody can wait for " + name_of(signal));
    case SIGSEGV:
    case SIGBUS:
    case SIGFPE:
    case SIGILL:
      throw std::invalid_argument("heddle::io::signal_set: " + name_of(signal) +
                                  " says that the program is wrong; it cannot go on to wait");
    default:
      return;
  }
}

/// Under the lock. Returns 0 or an errno value.
int install(table& known, int signal) noexcept {
  const auto at = static_cast<std::size_t>(signal);
  if (known.users[at] == 0) {
    struct sigaction handler {};
    handler.sa_handler = note;
    handler.sa_flags = SA_RESTART | SA_ONSTACK;
    ::sigfillset(&handler.sa_mask);
    if (::sigaction(signal, &handler, &known.before[at]) != 0) return errno;
  }
  ++known.users[at];
  return 0;
}

/// Under the lock.
void uninstall(table& known, std::uint64_t signals) noexcept {
  for (; signals != 0; signals &= signals - 1) {
    const auto at = static_cast<std::size_t>(std::countr_zero(signals)) + 1;
    if (--known.users[at] == 0) {
      ::sigaction(static_cast<int>(at), &known.before[at], nullptr);
    }
  }
}

[[noreturn]] void fail(int error, const char* operation) {
  throw io_error(detail::system_error_code(error), operation, no_endpoint{"a signal_set"});
}

/// Under the lock. Returns a seat with an event.
std::size_t take_seat(table& known) {
  for (std::size_t n = 0; n < most_sets; ++n) {
    if (known.taken[n]) continue;
    seat& free = known.seats[n];
    const int made = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (made < 0) fail(errno, "make");
    free.event.store(made, std::memory_order_relaxed);
    free.pending.store(0, std::memory_order_relaxed);
    known.taken[n] = true;
    return n;
  }
  fail(EMFILE, "make");  // 64 of them
}

}  // namespace

/// The seat of one set, and the wish for its signals.
class signal_set::taken {
 public:
  explicit taken(std::span<const int> signals) {
    table& known = all();
    const std::lock_guard guard(known.guard);
    known.process.store(::getpid(), std::memory_order_relaxed);
    place_ = take_seat(known);
    try {
      watched_ = readiness(mine().event.load(std::memory_order_relaxed));
      for (const int each : signals) take_over(known, each);
    } catch (...) {
      leave(known);
      throw;
    }
    // order: seq_cst — partner: note(); release: the event is there.
    mine().wanted.store(signals_, std::memory_order_seq_cst);
  }
  ~taken() {
    table& known = all();
    const std::lock_guard guard(known.guard);
    leave(known);
  }
  taken(const taken&) = delete;
  taken& operator=(const taken&) = delete;

  std::optional<int> take() noexcept {
    seat& here = mine();
    // order: acquire — partner: note().
    std::uint64_t pending = here.pending.load(std::memory_order_acquire);
    while (pending != 0) {
      const std::uint64_t lowest = pending & (~pending + 1);
      // order: acquire — as above; of several waiters one gets it.
      if (here.pending.compare_exchange_weak(pending, pending - lowest, std::memory_order_acquire))
        return std::countr_zero(lowest) + 1;
    }
    return std::nullopt;
  }

  std::optional<int> wait_until(deadline limit) {
    for (;;) {
      cooperate();
      const auto seen = watched_.look(readiness::direction::read);
      if (seen.maybe_ready) {
        empty_event();
        watched_.drained(readiness::direction::read, seen);
      }
      if (const std::optional<int> came = take()) {
        // Another waiter may sleep whom the event, emptied here, was to wake for the next one.
        if (mine().pending.load(std::memory_order_relaxed) != 0) fill_event();
        return came;
      }
      if (watched_.wait(readiness::direction::read, limit) == wake_reason::timeout) return take();
    }
  }

 private:
  seat& mine() const noexcept { return all().seats[place_]; }
  void empty_event() const noexcept {
    std::uint64_t count = 0;
    static_cast<void>(::read(watched_.fd(), &count, sizeof count));
  }
  void fill_event() const noexcept {
    const std::uint64_t one = 1;
    static_cast<void>(::write(watched_.fd(), &one, sizeof one));
  }
  void take_over(table& known, int signal) {
    if ((signals_ & bit_of(signal)) != 0) return;
    if (const int failed = install(known, signal)) fail(failed, "take over a signal for");
    signals_ |= bit_of(signal);
  }
  void leave(table& known) noexcept {
    // order: seq_cst — partner: note().
    mine().wanted.store(0, std::memory_order_seq_cst);
    uninstall(known, signals_);
    // order: seq_cst — as above; acquire: what the handlers have written comes before the close.
    while (known.at_work.load(std::memory_order_seq_cst) != 0) ::sched_yield();
    watched_.close();
    ::close(mine().event.exchange(-1, std::memory_order_relaxed));
    known.taken[place_] = false;
  }

  std::size_t place_ = 0;
  std::uint64_t signals_ = 0;
  readiness watched_;
};

signal_set::signal_set(std::span<const int> signals) {
  if (signals.empty()) {
    throw std::invalid_argument("heddle::io::signal_set: of no signal at all");
  }
  for (const int each : signals) check(each);
  taken_ = std::make_unique<taken>(signals);
}
signal_set::signal_set(signal_set&&) noexcept = default;
signal_set& signal_set::operator=(signal_set&&) noexcept = default;
signal_set::~signal_set() = default;

signal_set::taken& signal_set::mine() const {
  if (taken_ == nullptr) throw std::logic_error("heddle::io::signal_set: moved from");
  return *taken_;
}

int signal_set::wait() { return *mine().wait_until({}); }
std::optional<int> signal_set::wait_until(deadline limit) { return mine().wait_until(limit); }
std::optional<int> signal_set::try_wait() { return mine().take(); }

}  // namespace heddle::io
