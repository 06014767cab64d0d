// SPDX-License-Identifier: MIT
// Queues between those who produce work and those who do it, that know when all of it is done: in
// order of arrival, the newest first, or the least first. Invariants: (1) while somebody waits to
// get, the queue is empty; while somebody waits to put, it is full; so what is put goes to the
// oldest getter, and what is got lets the oldest putter in: nobody is passed; (2) items put = got +
// dropped + in the queue; (3) unfinished = put - task_done() - dropped, but never below 0, should
// task_done() have been called for items that are dropped later; join() waits for 0; (4) the lock
// is held while an item is moved or compared, for nothing else of the user's. Not here:
// channels, which close, can have no room at all, and can be selected on (channel.hpp). Source:
// asyncio.Queue; shutdown() as in Python 3.13.
#pragma once

#include <heddle/runtime/deadline.hpp>
#include <heddle/runtime/park.hpp>
#include <heddle/runtime/spinlock.hpp>
#include <heddle/sync/detail/queue_store.hpp>
#include <heddle/sync/detail/wait_list.hpp>

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>
#include <mutex>
#include <optional>
#include <stdexcept>
#include <type_traits>
#include <utility>

namespace heddle::sync {

/// Thrown by a queue that was shut down: by put(), and by get() once nothing is left.
struct queue_shut_down : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// The size of a queue that only memory bounds: to be spelled out by whoever knows what bounds it.
inline constexpr std::size_t unbounded = std::numeric_limits<std::size_t>::max() / 2;

/// What becomes of the items that are in a queue when it is shut down.
enum class shutdown_mode : std::uint8_t { drain, now };

namespace detail {

[[noreturn]] void throw_no_order();
extern const wait_kind queue_item_kind;
extern const wait_kind queue_room_kind;
extern const wait_kind queue_join_kind;
void check_queue_size(std::size_t maxsize);
[[noreturn]] void throw_queue_shut_down(const char* operation);
[[noreturn]] void throw_too_many_done();

}  // namespace detail

/// What all three queues do. T: move-constructible without exceptions; moving it must not suspend.
/// Misuse and failures of a call leave the queue, and the item, as they were. Destroyed while
/// somebody waits, the process stops with a message.
template <class T, class Store>
class basic_queue {
  static_assert(std::is_nothrow_move_constructible_v<T>,
                "items are moved under a lock: their move constructor must be noexcept");

 public:
  /// Makes a queue for at most `maxsize` items. Shape: 1 <= maxsize <= unbounded. Errors:
  /// std::invalid_argument. Memory is taken as the queue fills, and kept.
  explicit basic_queue(std::size_t maxsize) : maxsize_(maxsize) {
    detail::check_queue_size(maxsize);
  }
  basic_queue(const basic_queue&) = delete;
  basic_queue& operator=(const basic_queue&) = delete;
  ~basic_queue() {
    detail::check_nobody_waits(getters_.empty() && putters_.empty() && joiners_.empty(), "queue");
  }

  /// Puts an item in, waiting in FIFO order for room. Errors: throws `cancelled` (the item was not
  /// put), queue_shut_down, std::bad_alloc. Suspends: yes, cancel-safe. Order: happens before the
  /// get() that returns the item. Cost: no wait: one short lock.
  void put(T item) { put_until(item, deadline::never()); }
  /// As put(), for at most `wait`. Returns: false, and has not moved from `item`, if it took
  /// longer.
  template <class Rep, class Period>
  bool put_for(T& item, std::chrono::duration<Rep, Period> wait) {
    return put_until(item, deadline::after(wait));
  }
  /// As put(). Returns: false, and has not moved from `item`, if `limit` passed first.
  bool put_until(T& item, deadline limit);
  /// Puts an item in if there is room. Returns: false, and has not moved from `item`, if there is
  /// none. Errors: queue_shut_down, std::bad_alloc. Suspends: no.
  bool try_put(T& item);
  bool try_put(T&& item) { return try_put(item); }

  /// Takes the next item, waiting in FIFO order for one. Errors: throws `cancelled` (nothing was
  /// taken); queue_shut_down if it was shut down and is empty. Suspends: yes, cancel-safe. Cost: no
  /// wait: one short lock, and a wake-up if somebody waits to put.
  T get() { return std::move(*get_until(deadline::never())); }
  /// As get(), for at most `wait`. Returns: nothing if it took longer.
  template <class Rep, class Period>
  std::optional<T> get_for(std::chrono::duration<Rep, Period> wait) {
    return get_until(deadline::after(wait));
  }
  /// As get(). Returns: nothing if `limit` passed first.
  std::optional<T> get_until(deadline limit);
  /// Takes the next item, if there is one. Errors: queue_shut_down if it was shut down and is
  /// empty. Suspends: no.
  std::optional<T> try_get();

  /// Says that one item that was got has been dealt with; the last one releases join(). Errors:
  /// std::logic_error if none is left to be. Suspends: no.
  void task_done();

  /// Waits until every item that was put has been dealt with. Errors: throws `cancelled`. Suspends:
  /// yes, cancel-safe. Order: the task_done()s happen before the return.
  void join() { join_until(deadline::never()); }
  /// As join(), for at most `wait`. Returns: false if it took longer.
  template <class Rep, class Period>
  bool join_for(std::chrono::duration<Rep, Period> wait) {
    return join_until(deadline::after(wait));
  }
  /// As join(). Returns: false if `limit` passed first.
  bool join_until(deadline limit);

  /// Ends the queue: from now on put() throws queue_shut_down; get() goes on until the queue is
  /// empty, then throws, too; whoever waits is woken with it. `now`: the items in the queue are
  /// dropped, as if they had been got and dealt with. Again: `now` drops what is left. Suspends:
  /// no.
  void shutdown(shutdown_mode how = shutdown_mode::drain) noexcept;

  /// Returns how many items are in the queue, now. Suspends: no; nor do those below.
  std::size_t size() const noexcept {
    const std::lock_guard guard(lock_);
    return store_.size();
  }
  bool empty() const noexcept { return size() == 0; }
  bool full() const noexcept { return size() >= maxsize_; }
  /// Returns how many there may be.
  std::size_t maxsize() const noexcept { return maxsize_; }
  bool is_shut_down() const noexcept {
    const std::lock_guard guard(lock_);
    return shut_down_;
  }

 protected:
  template <class Order>
  basic_queue(std::size_t maxsize, Order&& order)
      : maxsize_(maxsize), store_(std::forward<Order>(order)) {
    detail::check_queue_size(maxsize);
  }

 private:
  using memory = typename Store::memory;
  enum class attempt : std::uint8_t { done, full, no_memory_yet, shut_down };
  struct getter : detail::wait_entry {
    getter(const basic_queue* of, std::optional<T>& into) noexcept
        : wait_entry(wait_subject(detail::queue_item_kind, of)), got(&into) {}
    std::optional<T>* got;
  };
  struct putter : detail::wait_entry {
    putter(const basic_queue* of, T& mine) noexcept
        : wait_entry(wait_subject(detail::queue_room_kind, of)), item(&mine) {}
    T* item;
  };

  attempt put_locked(T& item, resumption_list& woken) noexcept;
  attempt put_growing(T& item, resumption_list& woken, std::unique_lock<spinlock>& guard,
                      memory& spare);
  bool get_locked(std::optional<T>& got, resumption_list& woken) noexcept;

  mutable spinlock lock_;
  const std::size_t maxsize_;
  bool shut_down_ = false;
  std::size_t unfinished_ = 0;
  Store store_;
  detail::wait_list getters_;
  detail::wait_list putters_;
  detail::wait_list joiners_;
};

/// First in, first out. Equal to asyncio.Queue.
template <class T>
class queue : public basic_queue<T, detail::fifo_store<T>> {
  using basic_queue<T, detail::fifo_store<T>>::basic_queue;
};

/// Last in, first out. Equal to asyncio.LifoQueue.
template <class T>
class lifo_queue : public basic_queue<T, detail::lifo_store<T>> {
  using basic_queue<T, detail::lifo_store<T>>::basic_queue;
};

/// The least item first, as in asyncio.PriorityQueue and unlike std::priority_queue: a comes before
/// b if Compare()(a, b); of equal items the older one. Compare must neither throw nor suspend; it
/// is called some 2 log2(size) times under the lock. Items that wait for room have no priority yet:
/// they come in in FIFO order.
template <class T, class Compare = std::less<>>
class priority_queue : public basic_queue<T, detail::priority_store<T, Compare>> {
  using base = basic_queue<T, detail::priority_store<T, Compare>>;

 public:
  /// As basic_queue's. Shape: `before` is callable. Errors: std::invalid_argument, also for an
  /// empty std::function or a null pointer.
  explicit priority_queue(std::size_t maxsize, Compare before = Compare())
      : base(maxsize, checked(std::move(before))) {}

 private:
  static Compare checked(Compare before) {
    if constexpr (requires { before == nullptr; } &&
                  std::is_constructible_v<Compare, std::nullptr_t>) {
      if (before == nullptr) detail::throw_no_order();
    }
    return before;
  }
};

template <class T, class Store>
auto basic_queue<T, Store>::put_locked(T& item, resumption_list& woken) noexcept -> attempt {
  if (shut_down_) return attempt::shut_down;
  if (auto* const first = static_cast<getter*>(getters_.claim_first(woken))) {
    first->got->emplace(std::move(item));
  } else if (store_.size() >= maxsize_) {
    return attempt::full;
  } else if (store_.size() >= store_.capacity()) {
    return attempt::no_memory_yet;
  } else {
    store_.push(std::move(item));
  }
  ++unfinished_;
  return attempt::done;
}

/// As put_locked(), and takes memory, without the lock, if there is too little. `spare` is given
/// the old memory, to be freed after unlocking.
template <class T, class Store>
auto basic_queue<T, Store>::put_growing(T& item, resumption_list& woken,
                                        std::unique_lock<spinlock>& guard, memory& spare)
    -> attempt {
  constexpr std::size_t least = 8;
  attempt result = put_locked(item, woken);
  while (result == attempt::no_memory_yet) {
    const std::size_t wanted = std::min(maxsize_, std::max(least, 2 * store_.capacity()));
    guard.unlock();
    memory larger(wanted);
    spare.swap(larger);
    guard.lock();
    if (store_.capacity() < spare.capacity()) store_.move_into(spare);
    result = put_locked(item, woken);
  }
  return result;
}

template <class T, class Store>
bool basic_queue<T, Store>::put_until(T& item, deadline limit) {
  cooperate();
  memory spare;
  resumption_list woken;
  std::unique_lock guard(lock_);
  const attempt result = put_growing(item, woken, guard, spare);
  wake_reason reason = wake_reason::event;
  if (result == attempt::full) {
    putter self(this, item);
    reason = detail::wait_in(putters_, self, guard, limit);
  }
  guard.unlock();
  woken.resume_all();
  if (result == attempt::shut_down || reason == wake_reason::closed) {
    detail::throw_queue_shut_down("put");
  }
  throw_if_cancelled(reason);
  // NOLINTNEXTLINE(clang-analyzer-core.StackAddressEscape): wait_in() takes the entry out
  return reason == wake_reason::event;
}

template <class T, class Store>
bool basic_queue<T, Store>::try_put(T& item) {
  memory spare;
  resumption_list woken;
  std::unique_lock guard(lock_);
  const attempt result = put_growing(item, woken, guard, spare);
  guard.unlock();
  woken.resume_all();
  if (result == attempt::shut_down) detail::throw_queue_shut_down("try_put");
  return result == attempt::done;
}

template <class T, class Store>
bool basic_queue<T, Store>::get_locked(std::optional<T>& got, resumption_list& woken) noexcept {
  if (store_.size() == 0) return false;
  got.emplace(store_.pop());
  // Whoever waits for room found the store full: it has the memory for that item.
  if (auto* const first = static_cast<putter*>(putters_.claim_first(woken))) {
    store_.push(std::move(*first->item));
    ++unfinished_;
  }
  return true;
}

template <class T, class Store>
std::optional<T> basic_queue<T, Store>::get_until(deadline limit) {
  cooperate();
  resumption_list woken;
  std::optional<T> got;
  std::unique_lock guard(lock_);
  wake_reason reason = wake_reason::event;
  if (!get_locked(got, woken)) {
    reason = wake_reason::closed;
    if (!shut_down_) {
      getter self(this, got);
      reason = detail::wait_in(getters_, self, guard, limit);
    }
  }
  guard.unlock();
  woken.resume_all();
  if (reason == wake_reason::closed) detail::throw_queue_shut_down("get");
  throw_if_cancelled(reason);
  return got;
}

template <class T, class Store>
std::optional<T> basic_queue<T, Store>::try_get() {
  resumption_list woken;
  std::optional<T> got;
  std::unique_lock guard(lock_);
  const bool ended = !get_locked(got, woken) && shut_down_;
  guard.unlock();
  woken.resume_all();
  if (ended) detail::throw_queue_shut_down("try_get");
  return got;
}

template <class T, class Store>
void basic_queue<T, Store>::task_done() {
  resumption_list woken;
  std::unique_lock guard(lock_);
  const bool any = unfinished_ > 0;
  if (any && --unfinished_ == 0) joiners_.claim_all(woken);
  guard.unlock();
  if (!any) detail::throw_too_many_done();
  woken.resume_all();
}

template <class T, class Store>
bool basic_queue<T, Store>::join_until(deadline limit) {
  cooperate();
  std::unique_lock guard(lock_);
  if (unfinished_ == 0) return true;
  detail::wait_entry self{wait_subject(detail::queue_join_kind, this)};
  const wake_reason reason = detail::wait_in(joiners_, self, guard, limit);
  guard.unlock();
  throw_if_cancelled(reason);
  return reason == wake_reason::event;
}

template <class T, class Store>
void basic_queue<T, Store>::shutdown(shutdown_mode how) noexcept {
  memory dropped;
  resumption_list woken;
  {
    const std::lock_guard guard(lock_);
    shut_down_ = true;
    if (how == shutdown_mode::now) {
      store_.swap(dropped);
      // task_done() may have been called for items that nobody got.
      unfinished_ -= std::min(unfinished_, dropped.size());
      if (unfinished_ == 0) joiners_.claim_all(woken);
    }
    putters_.claim_all(woken, wake_reason::closed);
    getters_.claim_all(woken, wake_reason::closed);
  }
  woken.resume_all();
}

}  // namespace heddle::sync
