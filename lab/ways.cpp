// SPDX-License-Identifier: MIT
// One job, written in every way.
#include "ways.hpp"

#include <heddle/runtime/cpu_pool.hpp>
#include <heddle/runtime/map.hpp>
#include <heddle/runtime/parallel.hpp>
#include <heddle/runtime/task_group.hpp>
#include <heddle/runtime/this_fiber.hpp>

#include <atomic>
#include <functional>
#include <numeric>
#include <thread>
#include <vector>

namespace lab {
namespace {

std::uint64_t piece_in_fiber(const prime_job& job, unsigned piece) {
  if (job.wait.count() > 0) heddle::this_fiber::sleep_for(job.wait);
  return count_primes(piece_of(job, piece));
}

std::uint64_t piece_on_thread(const prime_job& job, unsigned piece) {
  if (job.wait.count() > 0) std::this_thread::sleep_for(job.wait);
  return count_primes(piece_of(job, piece));
}

/// Returns 0, 1, ...: ranges::iota_view would do, but not with clang 14.
std::vector<unsigned> all_pieces(const prime_job& job) {
  std::vector<unsigned> all(job.pieces);
  std::iota(all.begin(), all.end(), 0U);
  return all;
}

std::uint64_t sum_of(const std::vector<std::uint64_t>& counts) {
  return std::accumulate(counts.begin(), counts.end(), std::uint64_t{0});
}

/// All that computes and nothing that waits: a loop, cut up over the pool's threads.
std::uint64_t compute_on_pool(const prime_job& job) {
  return heddle::parallel_reduce(
      all_pieces(job), std::uint64_t{0},
      [&job](std::uint64_t sum, unsigned n) { return sum + count_primes(piece_of(job, n)); },
      std::plus<>());
}

/// Waits in a fiber, and only what computes goes to the pool.
std::uint64_t wait_and_compute_on_pool(const prime_job& job) {
  return sum_of(heddle::map(all_pieces(job), job.pieces, [&job](unsigned n) {
    heddle::this_fiber::sleep_for(job.wait);
    return heddle::cpu([&job, n] { return count_primes(piece_of(job, n)); });
  }));
}

/// Runs `work(n)` on threads 0, 1, ... and adds up what it returns.
template <class Work>
std::uint64_t on_threads(unsigned threads, const Work& work) {
  std::vector<std::uint64_t> counts(threads);
  std::vector<std::jthread> all;
  for (unsigned n = 0; n < threads; ++n) {
    all.emplace_back([&counts, &work, n] { counts[n] = work(n); });
  }
  all.clear();  // joins
  return sum_of(counts);
}

}  // namespace

std::uint64_t one_after_another(const prime_job& job) {
  std::uint64_t found = 0;
  for (unsigned n = 0; n < job.pieces; ++n) found += piece_on_thread(job, n);
  return found;
}

std::uint64_t with_fibers(const prime_job& job) {
  heddle::task_group group;
  std::vector<heddle::subtask<std::uint64_t>> pieces;
  for (unsigned n = 0; n < job.pieces; ++n) {
    pieces.push_back(group.spawn([&job, n] { return piece_in_fiber(job, n); }));
  }
  group.join();
  std::uint64_t found = 0;
  for (auto& piece : pieces) found += piece.get();
  return found;
}

std::uint64_t with_few_fibers(const prime_job& job, std::size_t at_once) {
  return sum_of(
      heddle::map(all_pieces(job), at_once, [&job](unsigned n) { return piece_in_fiber(job, n); }));
}

std::uint64_t with_cpu_pool(const prime_job& job) {
  return job.wait.count() > 0 ? wait_and_compute_on_pool(job) : compute_on_pool(job);
}

std::uint64_t with_lock(const prime_job& job, unsigned threads, global_lock& lock) {
  std::atomic<unsigned> next{0};
  return on_threads(threads, [&](unsigned) {
    std::unique_lock held(lock);
    std::uint64_t found = 0;
    for (unsigned n; (n = next.fetch_add(1, std::memory_order_relaxed)) < job.pieces;) {
      if (job.wait.count() > 0) {
        held.unlock();
        std::this_thread::sleep_for(job.wait);
        held.lock();
      }
      found += count_primes(piece_of(job, n), [&lock] { lock.give_way(); });
    }
    return found;
  });
}

std::uint64_t with_thread_each(const prime_job& job) {
  return on_threads(job.pieces, [&job](unsigned n) { return piece_on_thread(job, n); });
}

}  // namespace lab
