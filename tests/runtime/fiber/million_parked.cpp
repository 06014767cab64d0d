// SPDX-License-Identifier: MIT
// A million parked fibers: what each of them costs in memory, page tables included, and how many
// mappings they take. The main fiber spawns them, each parks, and all are woken again.
#include <heddle/runtime.hpp>

#include "runtime/support/loops.hpp"
#include "runtime/support/process_counts.hpp"

#include <cstdio>
#include <cstdlib>
#include <vector>

#include <sys/mman.h>

namespace {

using namespace heddle;

constexpr std::size_t fibers = 1'000'000;
constexpr std::size_t most_bytes_each = 5'000;
constexpr std::size_t most_mappings = 5'000;

bool at_most(const char* what, std::size_t measured, std::size_t most) {
  std::printf("%s: %zu, at most %zu\n", what, measured, most);
  return measured <= most;
}

/// Whether there is MADV_GUARD_INSTALL: Linux 6.13 and later.
bool kernel_guards_without_mappings() {
  void* const page =
      ::mmap(nullptr, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  return page != MAP_FAILED && ::madvise(page, 4096, 102) == 0;
}

bool park_and_wake() {
  test::gate finish;
  std::atomic<std::size_t> running{0};
  std::vector<task<void>> all;
  all.reserve(fibers);
  const std::size_t resident = test::resident_bytes();
  const std::size_t tables = test::page_table_bytes();
  const std::size_t mappings = test::process_counts::now().mappings;
  for (std::size_t n = 0; n < fibers; ++n) {
    all.push_back(spawn([&] {
      ++running;
      finish.wait();
      --running;
    }));
  }
  test::yield_until([&] { return running == fibers; });
  test::let_all_run();
  const std::size_t bytes = test::resident_bytes() - resident + test::page_table_bytes() - tables;
  bool passed = at_most("bytes a parked fiber", bytes / fibers, most_bytes_each);
  if (kernel_guards_without_mappings()) {
    passed &= at_most("mappings", test::process_counts::now().mappings - mappings, most_mappings);
    passed &= at_most("unguarded stacks", runtime::current().stats().unguarded_stacks, 0);
  }
  finish.open();
  for (auto& each : all) each.join();
  return passed && running == 0;
}

}  // namespace

int main() {
  const bool passed = heddle::run(heddle::test::with_loops(1), park_and_wake);
  const bool again = heddle::run(heddle::test::with_loops(2), [] { return true; });
  return passed && again ? EXIT_SUCCESS : EXIT_FAILURE;
}
