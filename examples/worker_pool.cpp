// SPDX-License-Identifier: MIT
// A pool of workers between two channels: one brings the jobs, the other takes the results away.
// Both are bounded, so whoever is too quick waits for the others. A job that fails ends all of it.
#include <heddle/heddle.hpp>

#include <chrono>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

using heddle::sync::channel;

int work_on(int job) {
  if (job < 0) throw std::runtime_error("job " + std::to_string(job) + " cannot be done");
  heddle::this_fiber::sleep_for(std::chrono::milliseconds{1});
  return job * job;
}

/// Takes jobs until there are no more.
void run_workers(int count, channel<int>& jobs, channel<int>& results) {
  heddle::task_group workers;
  for (int n = 0; n < count; ++n) {
    workers.spawn([&] {
      for (const int job : jobs) results.send(work_on(job));
    });
  }
  workers.join();
  results.close();
}

int sum_of_squares(const std::vector<int>& numbers) {
  channel<int> jobs(4);  // the channels end after the group, whose children use them
  channel<int> results(4);
  int sum = 0;
  heddle::task_group pool;
  pool.run([&] {
    pool.spawn([&] { run_workers(3, jobs, results); });
    pool.spawn([&] {
      for (const int number : numbers) jobs.send(number);
      jobs.close();
    });
    for (const int square : results) sum += square;  // left by `cancelled` if a child fails
  });
  return sum;
}

}  // namespace

int main() {
  heddle::run([] {
    std::cout << "sum: " << sum_of_squares({1, 2, 3, 4, 5, 6, 7, 8, 9, 10}) << '\n';
    try {
      sum_of_squares({1, 2, -3, 4});
    } catch (const std::exception& error) {
      std::cout << error.what() << '\n';
    }
  });
}
