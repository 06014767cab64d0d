// SPDX-License-Identifier: MIT
// semaphore: a number and a queue under one short lock. A word with a compare-and-swap would cost
// as much (one locked instruction each way) and more to get right.
#include <heddle/sync/semaphore.hpp>

#include <mutex>
#include <stdexcept>
#include <string>
#include <utility>

namespace heddle::sync {

namespace {

constexpr wait_kind permit_kind{"permits of semaphore"};

struct acquirer : detail::wait_entry {
  acquirer(const semaphore* of, std::ptrdiff_t n) noexcept
      : wait_entry(wait_subject(permit_kind, of)), wanted(n) {}
  std::ptrdiff_t wanted;
};

[[noreturn]] void throw_bad_count(const char* operation, std::ptrdiff_t n, std::ptrdiff_t most) {
  throw std::invalid_argument(std::string("heddle::sync::semaphore::") + operation + ": " +
                              std::to_string(n) + " permits, must be 1 to " + std::to_string(most));
}

[[noreturn]] void throw_too_many(std::ptrdiff_t most) {
  throw std::logic_error("heddle::sync::semaphore::release: more than " + std::to_string(most) +
                         " permits: some were released twice");
}

}  // namespace

semaphore::semaphore(std::ptrdiff_t initial, std::ptrdiff_t most)
    : available_(initial), most_(most) {
  if (most >= 1 && 0 <= initial && initial <= most) return;
  throw std::invalid_argument("heddle::sync::semaphore: " + std::to_string(initial) +
                              " of at most " + std::to_string(most) +
                              " permits: must be at least 0 of at least 1");
}

semaphore::~semaphore() { detail::check_nobody_waits(waiters_.empty(), "semaphore"); }

void semaphore::check(const char* operation, std::ptrdiff_t n) const {
  if (n < 1 || n > most_) throw_bad_count(operation, n, most_);
}

bool semaphore::try_acquire(std::ptrdiff_t n) {
  check("try_acquire", n);
  const std::lock_guard guard(lock_);
  if (!waiters_.empty() || available_ < n) return false;
  available_ -= n;
  return true;
}

bool semaphore::acquire_until(deadline limit, std::ptrdiff_t n) {
  check("acquire", n);
  cooperate();
  std::unique_lock guard(lock_);
  if (waiters_.empty() && available_ >= n) {
    available_ -= n;
    return true;
  }
  acquirer self(this, n);
  const wake_reason reason = detail::wait_in(waiters_, self, guard, limit);
  if (reason == wake_reason::event) return true;
  resumption_list woken;
  serve(woken);  // what was too little for this one may do for the next
  guard.unlock();
  woken.resume_all();
  throw_if_cancelled(reason);
  return false;
}

void semaphore::release(std::ptrdiff_t n) {
  check("release", n);
  const std::ptrdiff_t most = most_;  // read here: the semaphore may end once it is unlocked
  resumption_list woken;
  std::unique_lock guard(lock_);
  const bool fits = available_ <= most - n;
  if (fits) {
    available_ += n;
    serve(woken);
  }
  guard.unlock();
  if (!fits) throw_too_many(most);
  woken.resume_all();
}

std::ptrdiff_t semaphore::available() const noexcept {
  const std::lock_guard guard(lock_);
  return available_;
}

void semaphore::serve(resumption_list& woken) noexcept {
  while (detail::wait_entry* const first = waiters_.first()) {
    const std::ptrdiff_t wanted = static_cast<acquirer*>(first)->wanted;
    if (wanted > available_) return;
    waiters_.remove(*first);
    if (resumption claimed = first->who.claim()) {
      available_ -= wanted;
      woken.add(std::move(claimed));
    }
  }
}

}  // namespace heddle::sync
