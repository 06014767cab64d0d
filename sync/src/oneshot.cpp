// SPDX-License-Identifier: MIT
// oneshot: a word of flags, and the queue whose lock closes the gap between looking and parking.
#include <heddle/sync/oneshot.hpp>

#include <string>

namespace heddle::sync::detail {

namespace {
constexpr wait_kind oneshot_kind{"oneshot"};
}

void throw_no_oneshot(const char* end) {
  throw std::logic_error(std::string("heddle::sync::oneshot: this ") + end +
                         " has nothing (taken or moved from)");
}

void throw_broken_promise() {
  throw broken_promise("heddle::sync::oneshot: the promise went away without setting anything");
}

void throw_null_error() {
  throw std::invalid_argument("heddle::sync::oneshot::set_error: the error is null");
}

void oneshot_core::check_unset() const {
  if ((state_.load(std::memory_order_relaxed) & settled) != 0) {
    throw std::logic_error("heddle::sync::oneshot: the promise has set something before");
  }
}

bool oneshot_core::publish() noexcept {
  // order: release — the outcome; partner: ready().
  const unsigned before = state_.fetch_or(settled, std::memory_order_release);
  // The promise has not gone, so the state outlives this.
  waiting_.wake_one();
  return (before & future_gone) == 0;
}

bool oneshot_core::wanted() const noexcept {
  return (state_.load(std::memory_order_relaxed) & future_gone) == 0;
}

bool oneshot_core::ready() const noexcept {
  // order: acquire — partner: publish(): the outcome.
  return (state_.load(std::memory_order_acquire) & settled) != 0;
}

bool oneshot_core::wait(deadline limit) {
  cooperate();
  if (ready()) return true;
  const auto look = [this]() noexcept { return ready(); };
  return waiting_.wait_unless(look, limit, {oneshot_kind, this}) == wake_reason::event;
}

bool oneshot_core::promise_goes() noexcept {
  if (!ready()) publish();
  // order: acq_rel — whoever is second sees all that the other did, and frees.
  return (state_.fetch_or(promise_gone, std::memory_order_acq_rel) & future_gone) != 0;
}

bool oneshot_core::future_goes() noexcept {
  // order: acq_rel — as promise_goes().
  return (state_.fetch_or(future_gone, std::memory_order_acq_rel) & promise_gone) != 0;
}

}  // namespace heddle::sync::detail
