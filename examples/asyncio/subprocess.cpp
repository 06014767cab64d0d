// SPDX-License-Identifier: MIT
// In asyncio: create_subprocess_exec for several commands, communicate() with all of them at the
// same time by gather, and kill the one that takes too long. Here the time-out does that: a child
// ends with whoever waits for it.
#include <heddle/io.hpp>
#include <heddle/runtime.hpp>

#include <chrono>
#include <iostream>
#include <string>
#include <utility>
#include <vector>

using namespace std::chrono_literals;

namespace {

void tell(const heddle::io::process_result& ended) {
  std::cout << "returned " << ended.status.code << ", said " << ended.out;
}

}  // namespace

int main() {
  heddle::run([] {
    auto [sorted, failed] =
        heddle::gather([] { return heddle::io::run_process({"sort"}, "pear\napple\n"); },
                       [] {
                         return heddle::io::run_process({"sh", "-c", "echo no; exit 3"});
                       });
    tell(sorted);
    tell(failed);

    const bool ended = heddle::move_on_after(20ms, [] {
      (void)heddle::io::run_process({"sleep", "1000"});
    });
    std::cout << (ended ? "it slept\n" : "it slept too long, and is gone\n");
  });
}
