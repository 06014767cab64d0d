// SPDX-License-Identifier: MIT
// Waiting as a party, and waking one: the steps P and C of README.md.
#include <heddle/sync/detail/party.hpp>

#include <cstdio>
#include <cstdlib>

namespace heddle::sync::detail {

void party_list::append(party& one) noexcept {
  one.linked_ = true;
  one.next_ = nullptr;
  one.previous_ = last_;
  (last_ != nullptr ? last_->next_ : first_) = &one;
  last_ = &one;
}

void party_list::unlink(party& one) noexcept {
  (one.previous_ != nullptr ? one.previous_->next_ : first_) = one.next_;
  (one.next_ != nullptr ? one.next_->previous_ : last_) = one.previous_;
  one.linked_ = false;
}

void party_list::remove(party& one) noexcept {
  if (one.linked_) unlink(one);
}

party* party_list::claim_first(resumption& woken) noexcept {
  while (first_ != nullptr) {
    party& one = *first_;
    unlink(one);
    woken = one.self_->claim(wake_reason::event, one.tag_);
    if (woken) return &one;
  }
  return nullptr;
}

void party_list::claim_all(settlement how, resumption_list& woken) noexcept {
  resumption next;
  while (party* const one = claim_first(next)) {
    woken.add(std::move(next));
    one->settle(how);
  }
}

wake_reason wait_as(party& self, party_list& list, std::unique_lock<spinlock>& guard,
                    deadline limit, wait_subject about) noexcept {
  waiter here(about);
  self.begin(here, 0, self.place());
  list.append(self);
  spinlock& lock = *guard.mutex();
  guard.unlock();
  const wake_reason reason = here.wait(limit);
  if (reason != wake_reason::event) {
    guard.lock();
    list.remove(self);
    guard.unlock();
  } else {
    self.settled(lock);
  }
  return reason;
}

void check_nobody_waits(const party_list& list, const char* what) noexcept {
  if (list.empty()) [[likely]]
    return;
  std::fprintf(stderr, "heddle::sync::%s: destroyed while somebody waits for it\n", what);
  std::abort();
}

}  // namespace heddle::sync::detail
