// SPDX-License-Identifier: MIT
// The untyped part of a task: in turn a queued closure, a running body, and a result that waits for
// its joiner. One allocation holds it all; the stack is taken only when the body first runs.
//
// state and stage are where runner, joiner, canceller and dropper meet:
//   completing  the runner has stored the outcome and is about to wake the joiner
//   done        the runner's last touch: whoever holds the handle may free the core (a stage only)
//   child       a group's (group_core.hpp): ends by another path, and nothing else here applies
//   detached    nobody will join: the runner frees the core
//   cancel      cancellation was requested      busy  a canceller looks at the runner
//   shared      the handle was used on another thread than that of the task's lone loop
//   from bit 6  the joiner's parker, while somebody waits in join()
//   from bit 48 which lone loop runs the task, the only one of its runtime; 0: none of that kind
// A runner whose loop has others beside it sets completing in state, by a read-modify-write. A lone
// loop's sets it in stage, by a store; then, if the task is shared, in state too.
// Invariants: (1) only the handle adds detached, busy, shared, or a joiner (the runner of a claimed
// task adds its joiner); only the runner adds completing and done; (2) the runner does not recycle
// its fiber while busy is set; (3) a joiner, or whoever watches the end, begins no other wait
// before it took its parker out of the word or has seen done, so the runner that finds a parker may
// claim whichever wait that parker is in: it is the join, or the wait that watches. Proof:
// src/wait/README.md.
#pragma once

#include <heddle/runtime/error.hpp>

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <exception>
#include <memory>
#include <string>
#include <string_view>

namespace heddle {
class waiter;
}

namespace heddle::detail {

class fiber;
class scheduler;
struct task_core;
class error_hooks;
class task_storage;

/// The link of every intrusive run queue, and what kind of job hangs on it.
struct job {
  enum class kind : std::uint8_t { task, fiber };
  explicit job(kind of) noexcept : what(of) {}

  job* next = nullptr;
  kind what;
  bool stolen = false;  // moved between loops since it last ran; for traces
};

/// How a body ended.
enum class task_outcome : std::uint8_t {
  none,
  refused,  // no stack for the body: whoever takes the task up fails it
  value,
  failure,
  cancelled,
  destroyed  // what there was: nothing is left
};

/// What only a few tasks have; allocated for those.
struct spawn_extras {
  spawn_extras();
  ~spawn_extras();

  std::string name;
  std::size_t stack_bytes = 0;
  unsigned loop = any_loop;
  bool pinned = false;
  std::shared_ptr<error_hooks> hooks;  // set when the task fails: who is to be told if nobody joins
  std::unique_ptr<task_storage> storage;  // inherited; the runner takes it

  static constexpr unsigned any_loop = ~0U;
};

struct task_operations {
  /// Runs the body, destroys it, and stores the outcome in the core. Never throws.
  void (*run)(task_core& core) noexcept;
  /// Destroys body, result or exception, whichever is there.
  void (*destroy)(task_core& core) noexcept;
  /// Puts `error` in the place of a body that never ran.
  void (*fail)(task_core& core, std::exception_ptr error) noexcept;
  std::size_t payload_offset;
  std::size_t block_class;  // which pooled size the block has
  bool trivial_value;       // a stored value needs no destructor
};

/// How far the end of a task has come.
enum class task_stage : std::uint8_t { open, completing, done };

struct task_core : job {
  static constexpr std::uint64_t completing = 1;
  static constexpr std::uint64_t child = 2;
  static constexpr std::uint64_t detached = 4;
  static constexpr std::uint64_t cancel = 8;
  static constexpr std::uint64_t busy = 16;
  static constexpr std::uint64_t shared = 32;
  static constexpr unsigned lone_loop_shift = 48;
  // A parker is aligned to 64, and its address has 48 bits: more only for whoever asks mmap.
  static constexpr std::uint64_t joiner = (std::uint64_t{1} << lone_loop_shift) - 64;

  task_core(const task_operations& of, spawn_site where, std::uint64_t begins_as = 0) noexcept
      : job(kind::task), line(where.line), state(begins_as), operations(&of), file(where.file) {}

  task_outcome outcome = task_outcome::none;  // none, refused: the payload is the closure
  std::atomic<task_stage> stage{task_stage::open};
  std::uint32_t line;  // with file: where it was spawned
  std::atomic<std::uint64_t> state;
  const task_operations* operations;
  const char* file;
  fiber_id id = fiber_id::none;
  std::atomic<spawn_extras*> owned_extras{nullptr};  // may come when the task fails
  std::atomic<fiber*> runner{nullptr};               // while the body runs

  // order: acquire — partner: keep_hooks(); the handle's owner may look while the task fails.
  spawn_extras* extras() const noexcept { return owned_extras.load(std::memory_order_acquire); }
};

inline constexpr std::size_t block_classes = 5;
/// Sizes of pooled blocks: eight less than a multiple of 16, which is what malloc gives without
/// waste.
inline constexpr std::array<std::size_t, block_classes> block_bytes{72, 88, 104, 120, 136};

/// The class of a task that lies in somebody's frame: there is nothing to free.
inline constexpr std::size_t in_frame = block_classes + 1;

/// Returns the class for `bytes`, or block_classes if it is too large for any.
constexpr std::size_t block_class_of(std::size_t bytes) noexcept {
  std::size_t at = 0;
  while (at < block_classes && block_bytes[at] < bytes) ++at;
  return at;
}

/// Allocates the block of a task of class `at`; from the running loop's cache if there is one.
void* allocate_task(std::size_t at, std::size_t bytes);
void free_task(void* block, std::size_t at) noexcept;

/// Hands a constructed task to the running fiber's runtime. Errors: std::logic_error on a plain
/// thread, shut_down, std::bad_alloc, resource_exhausted; the caller still owns the core then.
void submit(task_core& core);
/// Hands it to a given runtime, from anywhere.
void submit_to(scheduler& target, task_core& core);

/// Waits until the task is done. Errors: throws `cancelled`; the task goes on.
void wait_done(task_core& core);
/// Throws the stored failure, or task_cancelled naming the task.
[[noreturn]] void rethrow_outcome(task_core& core);
inline bool is_done(const task_core& core) noexcept {
  // order: acquire — partner: publish_end().
  return core.stage.load(std::memory_order_acquire) == task_stage::done;
}
/// Puts the caller, whose wait has begun, where a joiner stands. Returns false if the task has
/// ended.
bool watch_end(task_core& core, const waiter& self);
/// Takes it out again; afterwards the runner touches it no more. Returns whether the task is done.
bool unwatch_end(task_core& core) noexcept;
void request_cancel(task_core& core) noexcept;
/// Lets the task go on without a handle.
void detach(task_core& core) noexcept;
/// Cancels, waits shielded, hands an error to on_unhandled, frees.
void drop(task_core& core) noexcept;
/// Destroys the result and frees the block of a task that is done, or was never submitted.
void release(task_core& core) noexcept;
/// As above, for a result that nobody has asked for: its destructor may wait, and is shielded.
void release_unwanted(task_core& core) noexcept;
inline std::string_view name_of(const task_core& core) noexcept {
  const spawn_extras* const extras = core.extras();
  return extras == nullptr ? std::string_view{} : std::string_view(extras->name);
}
[[noreturn]] void throw_no_task(const char* operation);

}  // namespace heddle::detail
