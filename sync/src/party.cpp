// SPDX-License-Identifier: MIT
// Waiting as a party (S3 to S5, with one case), and waking one (T1, T3, T4): the steps are those of
// sync/src/README.md.
#include <heddle/sync/detail/party.hpp>

#include <thread>
#include <utility>

namespace heddle::sync::detail {

party* party_list::claim_first(handover& woken, settlement how) noexcept {
  while (party* const oldest = first()) {
    party& one = *oldest;
    remove(one);
    one.woken_ = one.self_->claim(wake_reason::event, one.tag_);
    if (one.woken_) {
      one.how_ = how;
      woken.add(one);
      return &one;
    }
  }
  return nullptr;
}

void party_list::claim_all(handover& woken, settlement how) noexcept {
  while (claim_first(woken, how) != nullptr) {
  }
}

void handover::add(party& one) noexcept {
  one.next = nullptr;
  (last_ != nullptr ? last_->next : first_) = &one;
  last_ = &one;
}

void handover::finish() noexcept {
  while (first_ != nullptr) {
    party& one = *first_;
    first_ = one.next;
    const resumption woken = std::move(one.woken_);
    // order: release — partner: party::settled(): the value that was handed over.
    one.outcome_.store(one.how_, std::memory_order_release);
  }
}

settlement party::await_settlement() const noexcept {
  constexpr int looks_before_the_core_is_given_away = 64;
  for (int looks = 0;; ++looks) {
    // order: acquire — as in settled().
    const settlement how = outcome_.load(std::memory_order_acquire);
    if (how != settlement::open) return how;
    if (looks >= looks_before_the_core_is_given_away) std::this_thread::yield();
  }
}

wake_reason wait_as(party& self, party_list& list, std::unique_lock<spinlock>& guard,
                    deadline limit, wait_subject about) noexcept {
  waiter here(about);
  self.begin(here, 0, self.place());
  list.append(self);
  guard.unlock();
  const wake_reason reason = here.wait(limit);
  if (reason != wake_reason::event) {
    guard.lock();
    list.remove(self);
    guard.unlock();
  } else {
    self.settled();
  }
  return reason;
}

}  // namespace heddle::sync::detail
