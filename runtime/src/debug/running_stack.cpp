// SPDX-License-Identifier: MIT
// The signal, what its handler does, and the one request that is under way in the process.
#include "debug/running_stack.hpp"

#include <heddle/runtime/deadline.hpp>

#include "base/futex.hpp"
#include "debug/chained_handler.hpp"
#include "debug/symbols.hpp"

#include <execinfo.h>
#include <signal.h>
#include <sys/syscall.h>
#include <ucontext.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdint>
#include <mutex>

namespace heddle::detail {

namespace {

// Ignored unless somebody handles it, passed on by debuggers without a word, and may come for no
// reason by its definition: whoever handles it copes with one more.
constexpr int asking_signal = SIGURG;

/// How far the request is; with whom it is: the thread's number stands above it.
enum class stage : std::uint32_t { idle, asked, answering, taken, ended };

constexpr std::uint32_t word_of(stage at, int thread) noexcept {
  return static_cast<std::uint32_t>(thread) << 3 | static_cast<std::uint32_t>(at);
}

/// What is asked and answered, of which there is one in the process, as there is one handler: a
/// handler that comes too late finds it still there.
struct request {
  std::atomic<std::uint32_t> word{word_of(stage::idle, 0)};
  // Between asked and answering by the one who asks, then by the handler, then by the former.
  const worker* loop = nullptr;
  worker::slice slice;
  running_stack answer;
};

request current;
std::mutex asking;  // held by who asks

void on_signal(int signal, siginfo_t* info, void* context);
constinit chained_handler handler(asking_signal, &on_signal);

void* interrupted_at(const void* context) noexcept {
#if defined(__x86_64__)
  const auto at = static_cast<const ucontext_t*>(context)->uc_mcontext.gregs[REG_RIP];
  return reinterpret_cast<void*>(at);
#elif defined(__aarch64__)
  return reinterpret_cast<void*>(static_cast<const ucontext_t*>(context)->uc_mcontext.pc);
#else
  return nullptr;
#endif
}

/// Takes the frames from the interrupted one on: those before are the handler's.
void take_stack(running_stack& into, void* from) noexcept {
  std::array<void*, running_stack::most_frames + 8> frames;
  const auto end = frames.begin() + ::backtrace(frames.data(), static_cast<int>(frames.size()));
  const auto found = std::find(frames.begin(), end, from);
  const auto begin = found == end ? frames.begin() : found;
  const auto count = std::min(end - begin, static_cast<std::ptrdiff_t>(into.frames.size()));
  std::copy_n(begin, count, into.frames.begin());
  into.count = static_cast<std::size_t>(count);
}

void answer(const void* context) noexcept {
  const auto thread = static_cast<int>(::syscall(SYS_gettid));
  std::uint32_t seen = word_of(stage::asked, thread);
  // order: acquire — partner: ask(). A late signal may find another request: then it is this
  // thread's, or not touched.
  if (!current.word.compare_exchange_strong(seen, word_of(stage::answering, thread),
                                            std::memory_order_acquire, std::memory_order_relaxed)) {
    return;
  }
  const bool same =
      worker::current() == current.loop && current.loop->present_slice() == current.slice;
  if (same) take_stack(current.answer, interrupted_at(context));
  // order: release — partner: wait_for_answer().
  current.word.store(word_of(same ? stage::taken : stage::ended, thread),
                     std::memory_order_release);
  futex_wake(&current.word);
}

void on_signal(int, siginfo_t* info, void* context) {
  if (info->si_code == SI_QUEUE && info->si_value.sival_ptr == &current) {
    const int errno_before = errno;
    answer(context);
    errno = errno_before;
  } else {
    handler.hand_on(info, context);
  }
}

bool send_signal(int thread) noexcept {
  siginfo_t info{};
  info.si_code = SI_QUEUE;
  info.si_pid = ::getpid();
  info.si_uid = ::getuid();
  info.si_value.sival_ptr = &current;
  return ::syscall(SYS_rt_tgsigqueueinfo, ::getpid(), thread, asking_signal, &info) == 0;
}

/// Returns how it ended; `answering` if the handler itself does not come to an end.
stage wait_for_answer(int thread) noexcept {
  const deadline limit = deadline::after(longest_answer);
  for (;;) {
    // order: acquire — partner: answer().
    const std::uint32_t seen = current.word.load(std::memory_order_acquire);
    if (seen == word_of(stage::taken, thread)) return stage::taken;
    if (seen == word_of(stage::ended, thread)) return stage::ended;
    if (!limit.passed()) {
      futex_wait(current.word, seen, limit);
      continue;
    }
    std::uint32_t asked = word_of(stage::asked, thread);
    if (current.word.compare_exchange_strong(asked, word_of(stage::idle, 0),
                                             std::memory_order_relaxed)) {
      return stage::idle;
    }
    if (asked == word_of(stage::answering, thread)) return stage::answering;
  }
}

/// Returns whether there is a request now: not if a handler of an earlier one still runs.
bool ask(const worker& loop, worker::slice which, int thread) noexcept {
  // order: acquire — as wait_for_answer(): a handler may have come to its end since.
  const std::uint32_t before = current.word.load(std::memory_order_acquire);
  if ((before & 7) == static_cast<std::uint32_t>(stage::answering)) return false;
  current.loop = &loop;
  current.slice = which;
  // order: release — partner: answer().
  current.word.store(word_of(stage::asked, thread), std::memory_order_release);
  return true;
}

}  // namespace

void prepare_running_stacks() noexcept { handler.install(); }

running_stack stack_of(const worker& loop, worker::slice which) noexcept {
  const std::lock_guard guard(asking);
  running_stack result;
  result.thread = loop.thread_id();
  if (!ask(loop, which, result.thread)) return result;
  if (!send_signal(result.thread)) {
    current.word.store(word_of(stage::idle, 0), std::memory_order_relaxed);
    return result;
  }
  const stage end = wait_for_answer(result.thread);
  if (end == stage::ended) result.outcome = running_stack::outcome::ended;
  if (end != stage::taken) return result;
  result.outcome = running_stack::outcome::taken;
  result.frames = current.answer.frames;
  result.count = current.answer.count;
  return result;
}

std::string text_of(const running_stack& stack) {
  const std::string thread = "thread " + std::to_string(stack.thread);
  if (stack.outcome != running_stack::outcome::taken) {
    return "no stack: " + thread + " did not answer SIGURG within 100 ms; is it blocked?";
  }
  std::string text = "its stack, on " + thread + ":";
  for (std::size_t n = 0; n < stack.count; ++n) {
    // All but the first are where a call returns to, perhaps the beginning of the next function.
    const auto kind = n == 0 ? code_address::interrupted : code_address::returned_to;
    text += "\n  #" + std::to_string(n) + " " + describe_code(stack.frames[n], kind);
  }
  return text;
}

}  // namespace heddle::detail
