// SPDX-License-Identifier: MIT
// What every benchmark program needs: a watchdog, a check that the work was done, clocks, memory,
// and one way to report a number, which bench/run.py reads.
#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <ctime>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include <unistd.h>

namespace bench {

/// Ends the process by SIGALRM after `seconds`: no benchmark can hang.
inline void end_after(unsigned seconds) { ::alarm(seconds); }

/// Ends the process as failed unless `fact`: a number whose work was not done is never printed.
inline void require(bool fact, const char* what) {
  if (fact) return;
  std::fprintf(stderr, "benchmark failed: %s\n", what);
  std::fflush(stdout);
  std::_Exit(1);
}

/// Prints one measurement as a line of JSON. `tags` is "" or further members, as in ",\"loops\":2".
inline void report(const char* metric, double value, const std::string& tags = {}) {
  std::printf("{\"metric\":\"%s\",\"value\":%.9g%s}\n", metric, value, tags.c_str());
  std::fflush(stdout);
}

/// Returns the number that follows `name` on the command line, or `otherwise`.
inline long option(int argc, char** argv, const char* name, long otherwise) {
  for (int at = 1; at + 1 < argc; ++at) {
    if (std::strcmp(argv[at], name) == 0) return std::atol(argv[at + 1]);
  }
  return otherwise;
}

/// How often a program does its work, and on how many loops, or threads.
struct effort {
  long repeats;
  unsigned loops = 1;
};

/// Begins a program that does one piece of work again and again: as it does `by_default`, or as
/// --repeats and --loops say. Ends the process as end_after() does.
inline effort begin(int argc, char** argv, unsigned seconds, effort by_default) {
  end_after(seconds);
  return {.repeats = option(argc, argv, "--repeats", by_default.repeats),
          .loops = static_cast<unsigned>(option(argc, argv, "--loops", by_default.loops))};
}

/// Returns the CPU time that this process has used, all threads together.
inline std::chrono::nanoseconds cpu_time() {
  timespec used{};
  ::clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &used);
  return std::chrono::seconds(used.tv_sec) + std::chrono::nanoseconds(used.tv_nsec);
}

/// Measures wall and CPU time since it was made.
class stopwatch {
 public:
  double wall_ns() const {
    return std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - wall_)
        .count();
  }
  double cpu_ns() const {
    return std::chrono::duration<double, std::nano>(cpu_time() - cpu_).count();
  }

 private:
  std::chrono::steady_clock::time_point wall_ = std::chrono::steady_clock::now();
  std::chrono::nanoseconds cpu_ = cpu_time();
};

/// Calls `work()` so many times and reports each: the time of one of its `parts`.
template <class F>
void measure_each(long times, double parts, F&& work) {
  for (long n = 0; n < times; ++n) {
    const stopwatch since;
    work();
    const double wall = since.wall_ns();
    const double cpu = since.cpu_ns();
    report("wall_ns", wall / parts);
    report("cpu_ns", cpu / parts);
  }
}

/// Returns a size from /proc/self/status in bytes, as in status_bytes("VmRSS:").
inline double status_bytes(const std::string& field) {
  std::ifstream in("/proc/self/status");
  for (std::string word; in >> word;) {
    double kib = 0;
    if (word == field && in >> kib) return kib * 1024;
  }
  require(false, "no such field in /proc/self/status");
  return 0;
}

/// Returns how many memory mappings this process has.
inline long mappings() {
  std::ifstream in("/proc/self/maps");
  return std::count(std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>(), '\n');
}

/// Returns the value below which `share` of the samples lie. Shape: not empty; reorders them.
template <class T>
T quantile(std::vector<T>& samples, double share) {
  require(!samples.empty(), "no samples");
  const auto at = static_cast<std::ptrdiff_t>(share * static_cast<double>(samples.size() - 1));
  std::nth_element(samples.begin(), samples.begin() + at, samples.end());
  return samples[static_cast<std::size_t>(at)];
}

}  // namespace bench
