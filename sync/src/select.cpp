// SPDX-License-Identifier: MIT
// The choice among the cases of a select: sync/src/README.md, steps S1 to S6.
#include <heddle/sync/select.hpp>

#include <heddle/runtime/choice.hpp>

#include <algorithm>
#include <cstdint>
#include <exception>
#include <functional>
#include <limits>
#include <mutex>
#include <optional>
#include <stdexcept>

namespace heddle::sync::detail {

void event_case_base::enlist(waiter& self, std::uint16_t tag) noexcept {
  self_.begin(self, tag, nullptr);
  of_->waiting_.append(self_);
}

void event_case_base::leave() noexcept {
  const std::lock_guard locked(of_->lock_);
  of_->waiting_.remove(self_);
}

bool event_case_base::happened() {
  self_.settled();
  return true;
}

void throw_sent_before() {
  throw std::logic_error(
      "heddle::sync::select: an on_send case that holds its value was used again after it was "
      "sent");
}

namespace {

constexpr wait_kind select_kind{"one of several cases", wait_kind::object::none};
// Tag 0 is a task's end, which cannot say which task's (task::watch_end).
constexpr std::uint16_t watched = 0;
constexpr std::size_t most_cases = std::numeric_limits<std::uint16_t>::max() - 1;
constexpr std::size_t nowhere = std::numeric_limits<std::size_t>::max();

std::uint16_t tag_of(std::size_t at) noexcept { return static_cast<std::uint16_t>(at + 1); }

[[noreturn]] void throw_used_twice() {
  throw std::logic_error(
      "heddle::sync::select: a case is in this select twice, or in another one that waits");
}

/// The locks of all cases, each once, taken in the order of their addresses.
class all_locks {
 public:
  /// Errors: std::logic_error if a case is there twice.
  all_locks(std::span<select_case* const> cases, std::span<select_case*> scratch) {
    const auto has_lock = [](const select_case* one) { return one->lock() != nullptr; };
    const auto end = std::copy_if(cases.begin(), cases.end(), scratch.begin(), has_lock);
    ordered_ = scratch.first(static_cast<std::size_t>(end - scratch.begin()));
    const auto same = [](const select_case* a, const select_case* b) {
      return a->lock() == b->lock();
    };
    std::sort(ordered_.begin(), ordered_.end(),
              [&same](const select_case* a, const select_case* b) {
                return same(a, b) ? std::less<>()(a, b) : std::less<>()(a->lock(), b->lock());
              });
    if (std::adjacent_find(ordered_.begin(), ordered_.end()) != ordered_.end()) throw_used_twice();
    const auto last = std::unique(ordered_.begin(), ordered_.end(), same);
    ordered_ = ordered_.first(static_cast<std::size_t>(last - ordered_.begin()));
  }
  void lock() noexcept {
    for (select_case* const each : ordered_) each->lock()->lock();
  }
  void unlock() noexcept {
    for (select_case* const each : ordered_) each->lock()->unlock();
  }

 private:
  std::span<select_case*> ordered_;
};

/// Which case's time is over first, and when; none: there is no such case.
struct first_limit {
  deadline when;
  std::size_t at = nowhere;
};

first_limit find_limit(std::span<select_case* const> cases) {
  first_limit first;
  for (std::size_t at = 0; at < cases.size(); ++at) {
    const deadline when = cases[at]->limit();
    if (when < first.when) first = {when, at};
  }
  return first;
}

/// S2: does one of the cases that are possible now, each with the same chance. Returns which;
/// nowhere if none is. Under all locks.
std::size_t take_any(std::span<select_case* const> cases, handover& woken) {
  for (;;) {
    const auto count = static_cast<std::size_t>(
        std::count_if(cases.begin(), cases.end(), [](select_case* one) { return one->ready(); }));
    if (count == 0) return nowhere;
    std::size_t skip = count == 1 ? 0 : choose_below(static_cast<std::uint32_t>(count));
    for (std::size_t at = 0; at < cases.size(); ++at) {
      if (!cases[at]->ready() || skip-- > 0) continue;
      if (cases[at]->take(woken)) return at;
      break;  // those who waited there have just left, and are out of its list: it is not ready now
    }
  }
}

/// S4 to S6: waits in the lists that it is in, and leaves them. Returns which case a claim has
/// ended; nowhere: the time is over.
std::size_t wait_in_all(std::span<select_case* const> cases, waiter& self, deadline limit) {
  std::exception_ptr misuse;
  const auto watch = [&](select_case* one) {
    try {
      if (one->watch(self)) return true;
    } catch (const std::logic_error&) {
      misuse = std::current_exception();
    }
    // It has ended already. Should the claim lose, another case has happened: then that one
    // counts.
    if (!self.claim(wake_reason::event, watched)) misuse = nullptr;
    return false;
  };
  std::all_of(cases.begin(), cases.end(), watch);
  const wake_reason reason = self.wait(limit);
  const std::uint16_t tag = self.tag();
  const std::size_t won =
      reason == wake_reason::event && tag != watched ? tag - std::size_t{1} : nowhere;
  for (std::size_t at = 0; at < cases.size(); ++at) {
    if (at != won) cases[at]->leave();  // that one was taken out to be claimed
  }
  if (misuse != nullptr) std::rethrow_exception(misuse);
  throw_if_cancelled(reason);
  if (reason != wake_reason::event) return nowhere;
  if (won != nowhere) return won;
  const auto ended = std::find_if(cases.begin(), cases.end(), [](select_case* one) {
    return one->lock() == nullptr && one->ready();
  });
  return static_cast<std::size_t>(ended - cases.begin());
}

/// Waits until a case has happened, which it returns, or the first limit has passed.
std::size_t find_case(std::span<select_case* const> cases, std::span<select_case*> scratch,
                      std::size_t otherwise) {
  all_locks locks(cases, scratch);
  std::optional<first_limit> first;
  for (;;) {
    handover woken;
    std::unique_lock locked(locks);
    if (const std::size_t taken = take_any(cases, woken); taken != nowhere) return taken;
    if (otherwise != nowhere) return otherwise;
    if (!woken.empty())
      continue;  // senders whose values failed to move hear of it before this waits
    if (!first) first = find_limit(cases);  // reading the clock is for those who wait
    if (std::ranges::any_of(cases, &select_case::is_enlisted)) throw_used_twice();
    waiter self(wait_subject{select_kind});
    for (std::size_t at = 0; at < cases.size(); ++at) cases[at]->enlist(self, tag_of(at));
    locked.unlock();
    const std::size_t chosen = wait_in_all(cases, self, first->when);
    if (chosen == nowhere) return first->at;
    if (cases[chosen]->happened()) return chosen;
  }
}

}  // namespace

std::size_t select_one(std::span<select_case* const> cases, std::span<select_case*> scratch) {
  if (cases.empty()) throw std::invalid_argument("heddle::sync::select: there are no cases");
  if (cases.size() > most_cases) {
    throw std::invalid_argument("heddle::sync::select: more than 65534 cases");
  }
  cooperate();
  const auto otherwise = std::find_if(cases.begin(), cases.end(),
                                      [](const select_case* one) { return one->is_otherwise(); });
  const std::size_t index = find_case(
      cases, scratch,
      otherwise == cases.end() ? nowhere : static_cast<std::size_t>(otherwise - cases.begin()));
  cases[index]->finish();
  return index;
}

}  // namespace heddle::sync::detail
