// SPDX-License-Identifier: MIT
// The face of a runtime: checks, and hands over to the scheduler.
#include <heddle/runtime/runtime.hpp>

#include <heddle/runtime/choice.hpp>
#include <heddle/runtime/socket_calls.hpp>

#include "base/assert.hpp"
#include "debug/dump.hpp"
#include "debug/stack_overflow.hpp"
#include "debug/watchdog.hpp"
#include "pool/pool_thread.hpp"
#include "pool/pools.hpp"
#include "sched/scheduler.hpp"

#include <cstdio>
#include <ostream>
#include <stdexcept>
#include <string>
#include <utility>

namespace heddle {

clock::time_point clock::now() noexcept {
  if (const detail::worker* const here = detail::worker::current()) {
    if (detail::policy* const choices = here->owner().choices()) [[unlikely]]
      return choices->now();
  }
  return std::chrono::steady_clock::now();
}

std::uint32_t choose_below(std::uint32_t bound) noexcept {
  if (detail::worker* const here = detail::worker::current()) return here->choose(bound);
  // Source: the mix of splitmix64, doi:10.1145/2660193.2660195.
  auto mixed = static_cast<std::uint64_t>(clock::now().time_since_epoch().count());
  mixed = (mixed + 0x9E3779B97F4A7C15U) * 0xBF58476D1CE4E5B9U;
  mixed = (mixed ^ mixed >> 27) * 0x94D049BB133111EBU;
  return static_cast<std::uint32_t>((mixed >> 32) * bound >> 32);
}

socket_calls* simulated_sockets() noexcept {
  const detail::worker* const here = detail::worker::current();
  detail::policy* const choices = here == nullptr ? nullptr : here->owner().choices();
  return choices == nullptr ? nullptr : &choices->sockets();
}

namespace {

using detail::scheduler;

void destroy(scheduler* one) noexcept {
  if (!one->is_abandoned()) delete one;
}

void close(detail::pools* all) noexcept { delete all; }

/// `how`: which loop has no thread of its own, or the policy that simulates all of them.
template <class How>
std::unique_ptr<scheduler, void (*)(scheduler*)> start(config settings, How&& how, runtime& face) {
  settings.validate();
  settings = settings.effective();
  auto started =
      std::make_unique<scheduler>(std::move(settings), std::forward<How>(how),
                                  scheduler::identity{face, &detail::describe_some_fibers});
  detail::watch_slices(*started);
  return {started.release(), &destroy};
}

}  // namespace

runtime::runtime(owned<scheduler> started)
    : pools_(new detail::pools(started->settings(), started->face()), &close),
      scheduler_(std::move(started)) {
  scheduler_->attached_pools = pools_.get();
  if (scheduler_->settings().debug) detail::explain_stack_overflows(*scheduler_);
}

runtime::runtime(config settings)
    : runtime(start(std::move(settings), scheduler::loop_zero::own_thread, *this)) {}

runtime::runtime(config settings, adopt_calling_thread)
    : runtime(start(std::move(settings), scheduler::loop_zero::calling_thread, *this)) {}

runtime::runtime(config settings, detail::policy& decides)
    : runtime(start(std::move(settings), decides, *this)) {}

runtime::~runtime() {
  const detail::worker* const here = detail::worker::current();
  HEDDLE_ASSERT(here == nullptr || &here->owner() != scheduler_.get(),
                "a runtime is destroyed by one of its own fibers, which it would have to wait for");
  const detail::pool_thread* const works = detail::pool_thread::current();
  HEDDLE_ASSERT(works == nullptr || works->owner != pools_.get(),
                "a runtime is destroyed by a call on one of its pools, which it would have to wait "
                "for");
  if (scheduler_->is_inherited()) {
    // The threads that would have to end are the parent's: all there is stays as it is.
    static_cast<void>(pools_.release());
    static_cast<void>(scheduler_.release());
    return;
  }
  if (scheduler_->settings().debug) detail::stop_explaining(*scheduler_);
}

void runtime::drive(detail::task_core& main_task) { scheduler_->drive(main_task); }

void runtime::require_plain_thread(const char* operation) {
  if (detail::worker::current() == nullptr) return;
  throw std::logic_error(std::string("heddle::") + operation +
                         " inside a fiber: it would block the loop; use spawn and join");
}

bool runtime::shutdown(std::chrono::nanoseconds grace) {
  require_plain_thread("runtime::shutdown");
  if (scheduler_->is_inherited()) scheduler_->throw_inherited();
  if (scheduler_->shut_down(grace)) return true;
  std::string survivors = detail::describe_fibers(*scheduler_);
  std::fputs(survivors.c_str(), stderr);
  return false;
}

runtime_stats runtime::stats() const { return scheduler_->stats(); }

void runtime::dump(std::ostream& out) const { out << detail::describe_fibers(*scheduler_); }

std::vector<std::vector<trace_record>> runtime::trace() const {
  std::vector<std::vector<trace_record>> rings;
  for (std::size_t n = 0; n < scheduler_->loops(); ++n) {
    const detail::event_ring* const ring = scheduler_->loop(n).ring();
    rings.push_back(ring == nullptr ? std::vector<trace_record>{} : ring->copy());
  }
  return rings;
}

const config& runtime::settings() const noexcept { return scheduler_->settings(); }

runtime& runtime::current() {
  if (const detail::worker* const here = detail::worker::current()) return here->owner().face();
  if (const detail::pool_thread* const works = detail::pool_thread::current()) {
    return works->owner->face;
  }
  throw std::logic_error("heddle::runtime::current outside a fiber, and outside cpu and blocking");
}

}  // namespace heddle
