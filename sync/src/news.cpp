// SPDX-License-Identifier: MIT
// news, and what broadcast and watch say in errors.
#include <heddle/sync/broadcast.hpp>
#include <heddle/sync/detail/news.hpp>
#include <heddle/sync/watch.hpp>

#include <mutex>
#include <string>
#include <utility>

namespace heddle::sync {

namespace detail {

constexpr wait_kind broadcast_kind{"a value of broadcast"};
constexpr wait_kind watch_kind{"a change of watch"};

news::~news() { check_nobody_waits(readers_.empty(), "broadcast or watch"); }

void news::close() noexcept {
  resumption_list woken;
  {
    const std::lock_guard guard(lock_);
    closed_ = true;
    readers_.claim_all(woken);
  }
  woken.resume_all();
}

bool news::closed() const noexcept {
  const std::lock_guard guard(lock_);
  return closed_;
}

void news::publish(lock& guard) noexcept {
  resumption_list woken;
  ++published_;
  readers_.claim_all(woken);
  guard.unlock();
  woken.resume_all();
}

bool news::wait_for_more(lock& guard, std::uint64_t seen, deadline limit, wait_subject about) {
  if (published_ != seen || closed_) return published_ != seen;
  wait_entry self{about};
  const wake_reason reason = wait_in(readers_, self, guard, limit);
  if (reason == wake_reason::cancelled) {
    guard.unlock();
    throw_if_cancelled(reason);
  }
  return published_ != seen;
}

void throw_no_receiver(const char* what) {
  throw std::logic_error(std::string("heddle::sync::") + what + ": a moved-from receiver is used");
}

void check_broadcast_capacity(std::size_t capacity) {
  if (capacity == 0) throw std::invalid_argument("heddle::sync::broadcast: capacity 0");
}

}  // namespace detail

lagged::lagged(std::uint64_t missed)
    : std::runtime_error("heddle::sync::broadcast: a slow receiver has missed " +
                         std::to_string(missed) + " values"),
      missed_(missed) {}

}  // namespace heddle::sync
