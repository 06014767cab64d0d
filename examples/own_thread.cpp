// SPDX-License-Identifier: MIT
// A call that blocks its thread, made on a thread of its own: the fiber waits for the answer, and
// its loop goes on with others.
#include <heddle/heddle.hpp>

#include <chrono>
#include <exception>
#include <iostream>
#include <string>
#include <thread>
#include <utility>

namespace {

/// Stands for a library that knows nothing of fibers.
std::string slow_library_call(const std::string& question) {
  std::this_thread::sleep_for(std::chrono::milliseconds{20});
  return question + " is 42";
}

std::string ask(const std::string& question) {
  heddle::sync::oneshot<std::string> answer;
  std::thread([question, promise = std::move(answer.promise)]() mutable {
    try {
      promise.set_value(slow_library_call(question));
    } catch (...) {
      promise.set_error(std::current_exception());
    }
  }).detach();  // it owns all that it uses: a fiber that is cancelled does not wait for it
  return answer.future.get();
}

}  // namespace

int main() {
  heddle::run([] {
    auto other = heddle::spawn([] { std::cout << "other fibers run\n"; });
    std::cout << ask("6 times 7") << '\n';
    other.join();
  });
}
