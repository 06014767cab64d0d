// SPDX-License-Identifier: MIT
// Ways to do one job: plain calls, fibers, the CPU pool, threads. Each counts the same primes; they
// differ in who may run when. Not here: how long they take (contrast.hpp).
#pragma once

#include "global_lock.hpp"
#include "primes.hpp"

#include <cstddef>
#include <cstdint>

namespace lab {

/// Does the pieces one after the other, on the calling thread.
std::uint64_t one_after_another(const prime_job& job);

/// Does each piece in a fiber. Nothing here says on how many loops: one after the other on one, at
/// the same time on several. Inside a fiber.
std::uint64_t with_fibers(const prime_job& job);

/// Does each piece in a fiber, but no more than `at_once` at a time. Inside a fiber.
std::uint64_t with_few_fibers(const prime_job& job, std::size_t at_once);

/// Computes on the CPU pool and waits in fibers. Inside a fiber.
std::uint64_t with_cpu_pool(const prime_job& job);

/// Does the pieces on so many threads, of which only the lock's holder computes.
std::uint64_t with_lock(const prime_job& job, unsigned threads, global_lock& lock);

/// Does each piece on a thread of its own, all at the same time.
std::uint64_t with_thread_each(const prime_job& job);

}  // namespace lab
