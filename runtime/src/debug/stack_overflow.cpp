// SPDX-License-Identifier: MIT
// What the handler does, and its list of runtimes.
#include "debug/stack_overflow.hpp"

#include "debug/chained_handler.hpp"
#include "pool/pool_thread.hpp"
#include "sched/scheduler.hpp"

#include <execinfo.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstdint>
#include <cstdio>
#include <cstring>

namespace heddle::detail {

namespace {

constexpr std::size_t most_runtimes = 64;

// Process-wide, like the handler itself: what config::debug asks for.
std::array<std::atomic<scheduler*>, most_runtimes> explained;

void on_fault(int signal, siginfo_t* info, void* context);
constinit chained_handler handler(SIGSEGV, &on_fault);

void write_text(const char* text) noexcept {
  [[maybe_unused]] const auto written = ::write(STDERR_FILENO, text, std::strlen(text));
}

void write_frames() noexcept {
  std::array<void*, 32> frames;
  const int count = ::backtrace(frames.data(), static_cast<int>(frames.size()));
  ::backtrace_symbols_fd(frames.data(), count, STDERR_FILENO);
}

void report(const fiber& one) noexcept {
  const fiber_identity::copy who = one.identity.read();
  std::array<char, 256> line;
  // snprintf of integers and strings allocates nothing in glibc.
  std::snprintf(
      line.data(), line.size(),
      "heddle: fiber #%llu '%s' (spawned at %s:%u) overflowed its %zu KiB stack; give it more "
      "by spawn_options::stack_bytes\n",
      static_cast<unsigned long long>(who.id), who.name.data(), who.site.file, who.site.line,
      one.stack_bytes() / 1024);
  write_text(line.data());
  write_frames();
}

/// Whether a fault is at the end of the calling thread's stack, which works for a pool. What of the
/// guard is counted as stack differs among versions of glibc.
bool is_overflow_of(const thread_stack& stack, const void* fault) noexcept {
  constexpr std::uintptr_t around = 64 * 1024;
  const auto at = reinterpret_cast<std::uintptr_t>(fault);
  return stack.bytes != 0 && at + around > stack.begin && at < stack.begin + around;
}

void report(const pool_thread& one, const thread_stack& stack) noexcept {
  std::array<char, 256> line;
  std::snprintf(line.data(), line.size(),
                "heddle: a thread of the %s pool overflowed its %zu KiB stack; give it more by "
                "config::pool_stack_bytes\n",
                one.kind == pool_kind::cpu ? "CPU" : "blocking", stack.bytes / 1024);
  write_text(line.data());
  write_frames();
}

void on_fault(int signal, siginfo_t* info, void* context) {
  for (const auto& each : explained) {
    // order: acquire — partner: explain_stack_overflows().
    const scheduler* const host = each.load(std::memory_order_acquire);
    if (host == nullptr) continue;
    bool in_guard = false;
    const fiber* const one = host->stacks.find(info->si_addr, in_guard);
    if (one != nullptr && in_guard) report(*one);
  }
  const pool_thread* const here = pool_thread::current();
  if (here != nullptr && is_overflow_of(explained_stack(), info->si_addr)) {
    report(*here, explained_stack());
  }
  if (handler.hand_on(info, context)) return;
  // The instruction faults again, for the default action.
  struct sigaction standard {};
  standard.sa_handler = SIG_DFL;
  ::sigaction(signal, &standard, nullptr);
}

}  // namespace

void explain_stack_overflows(scheduler& of) noexcept {
  handler.install();
  for (auto& each : explained) {
    scheduler* free_entry = nullptr;
    // order: release — partner: on_fault().
    if (each.compare_exchange_strong(free_entry, &of, std::memory_order_release,
                                     std::memory_order_relaxed)) {
      return;
    }
  }
}

void stop_explaining(scheduler& of) noexcept {
  for (auto& each : explained) {
    scheduler* entry = &of;
    each.compare_exchange_strong(entry, nullptr, std::memory_order_relaxed,
                                 std::memory_order_relaxed);
  }
}

}  // namespace heddle::detail
