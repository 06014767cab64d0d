// SPDX-License-Identifier: MIT
// Everything that can be set about a runtime, from code or from HEDDLE_* environment variables.
// Invariants: (1) every field states unit, default and range; (2) a runtime that exists has a valid
// config: its constructor calls validate(); (3) environment values are read only by from_env().
#pragma once

#include <heddle/runtime/error.hpp>

#include <chrono>
#include <cstddef>
#include <functional>
#include <iosfwd>
#include <string>

namespace heddle {

/// Holds the settings of one runtime. A bad value makes validate() throw std::invalid_argument that
/// names the field, the value and the range.
struct config {
  /// Event loops. Range 0..1024. 0: the CPUs this process may use, from its affinity mask and its
  /// cgroup quota rounded up.
  unsigned loops = 0;

  /// Threads of the CPU pool, which oneTBB starts when cpu(), parallel_for() or parallel_reduce()
  /// is first called. oneTBB has one set of threads in a process, which all runtimes share. Range
  /// 0..1024. 0: same rule as loops.
  unsigned cpu_threads = 0;

  /// Most threads of the blocking pool; further calls stand in line. Range 1..65536.
  unsigned max_blocking_threads = 512;

  /// How long a thread of the blocking pool idles before it ends. Range 0..1 h.
  std::chrono::nanoseconds blocking_keep_alive = std::chrono::seconds{10};

  /// Bytes of address space the stack of a pool thread takes. Range 16 KiB..1 GiB. oneTBB shares
  /// its threads among all that use it in the process: the largest size asked for holds, for
  /// threads that it starts from then on.
  std::size_t pool_stack_bytes = 8 * 1024 * 1024;

  /// Bind loop i to the i-th allowed CPU (modulo their number).
  bool pin_loops = false;

  /// Bytes of address space a fiber stack takes, guard page included; pages are committed when
  /// first touched. Range 16 KiB..1 GiB, rounded up to a power of two.
  std::size_t stack_bytes = 256 * 1024;

  /// A fiber that runs longer than this without suspending is reported to on_stall while it runs,
  /// and once more at ten times this: by a thread that looks at the loops at half this interval (1
  /// to 50 ms), and so may be late by two looks. Range 0..1 h; 0: never, and no such thread.
  /// heddle::run with one loop starts it only after a slow slice, which is reported when it is
  /// over, if the loop can tell.
  std::chrono::nanoseconds slow_slice = std::chrono::milliseconds{100};

  /// How long a loop searches for work before it parks. Range 0..10 ms.
  std::chrono::nanoseconds spin = std::chrono::microseconds{50};

  /// Install the signal handlers (SIGSEGV, SIGURG) that explain a stack overflow and show the stack
  /// of a slow fiber: one SIGURG for each such report ends the fiber's sleep or poll with EINTR.
  /// The only setting that touches anything process-wide, but for oneTBB's threads: cpu_threads and
  /// pool_stack_bytes.
  bool debug = false;

  /// Records in the event ring of each loop, for timelines; the ring keeps the newest. Range
  /// 0..2^24, rounded up to a power of two; 0: no ring, and slices are not timed.
  std::size_t trace_events = 0;

  /// Most stacks guarded by mprotect where the kernel lacks MADV_GUARD_INSTALL; stacks beyond it
  /// are unguarded, counted, and reported once. Range 0..1000000.
  std::size_t max_mprotect_guards = 30000;

  /// Called once for each error that nobody joins, on whatever fiber or thread finds that out; it
  /// may suspend there, shielded. Must not throw. Default: one line on stderr.
  std::function<void(const unhandled_error&)> on_unhandled;

  /// Called when something holds up the runtime, at most 5 times a minute for each kind of
  /// report, on the thread that finds it: a slow fiber on the watcher's ("name-watch";
  /// it looks no further meanwhile, and the runtime's destructor waits), anything else on a loop's,
  /// shielded, perhaps in the middle of a switch; by several threads at once, perhaps. Must neither
  /// throw nor suspend. Fibers that wait for one another's locks in a ring are reported at once, if
  /// they are at most 32; a longer ring only as a suspected deadlock, if nothing else goes on for a
  /// second. Default: one line on stderr, and the details.
  std::function<void(const stall_report&)> on_stall;

  /// Names the runtime's threads ("name-0", "name-1", ...) and its messages. At most 64 bytes.
  std::string name = "heddle";

  /// Returns the defaults with HEDDLE_LOOPS=4, HEDDLE_SLOW_SLICE=100ms, HEDDLE_STACK_BYTES=64K, ...
  /// put over them. Units: durations need ns, us, ms, s; sizes take K, M, G; booleans 0, 1, on,
  /// off. Errors: std::invalid_argument naming the variable, for a bad value. An unknown HEDDLE_*
  /// gets one warning on stderr with the nearest known name; HEDDLE_SEED and HEDDLE_TEST_* are
  /// testing's.
  static config from_env();

  /// Checks all ranges. Errors: std::invalid_argument naming the field.
  void validate() const;

  /// Returns a valid copy in which every 0 that means "choose" is replaced by the choice.
  config effective() const;
};

/// Prints the effective values, a line each: name, value, unit.
std::ostream& operator<<(std::ostream& out, const config& settings);

}  // namespace heddle
