// SPDX-License-Identifier: MIT
// Waits for several things at once: values, room in channels, events, tasks that end, time. Exactly
// one case happens, and its function is called. Invariants: (1) what did not happen has had no
// effect: no value is taken or sent, no task is joined; (2) functions are called when all lists are
// left and no lock is held: they may do what they like, also select again; (3) of the cases that
// are possible at once each has the same chance. Not here: how that is proven (src/README.md).
// Source: Go's select, runtime/select.go; guarded commands, Hoare 1978, doi:10.1145/359576.359585.
#pragma once

#include <heddle/runtime/deadline.hpp>
#include <heddle/runtime/park.hpp>
#include <heddle/runtime/task.hpp>
#include <heddle/sync/channel.hpp>
#include <heddle/sync/detail/party.hpp>
#include <heddle/sync/detail/select_case.hpp>
#include <heddle/sync/event.hpp>

#include <array>
#include <chrono>
#include <concepts>
#include <cstddef>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>
#include <vector>

namespace heddle::sync {

namespace detail {

template <class T, class Fn>
class receive_case final : public select_case {
 public:
  receive_case(channel<T>& from, Fn fn) : from_(&from), fn_(std::move(fn)) {}

  spinlock* lock() const noexcept override { return &from_->lock_; }
  bool ready() noexcept override {
    return from_->count_ > 0 || from_->closed_ || !from_->senders_.empty();
  }
  bool take(handover& woken) override {
    got_.reset();
    return from_->take(got_, woken) || from_->closed_;
  }
  void enlist(waiter& self, std::uint16_t tag) noexcept override {
    got_.reset();
    self_.begin(self, tag, &got_);
    from_->receivers_.append(self_);
  }
  void leave() noexcept override {
    const std::lock_guard locked(from_->lock_);
    from_->receivers_.remove(self_);
  }
  bool happened() override { return self_.settled() != settlement::failed; }
  void finish() override { std::invoke(fn_, std::move(got_)); }

 private:
  channel<T>* from_;
  std::optional<T> got_;
  party self_;
  Fn fn_;
};

/// `Value`: T& for an lvalue, else T.
template <class Value, class T, class Fn>
class send_case final : public select_case {
 public:
  template <class U>
  send_case(channel<T>& to, U&& value, Fn fn)
      : to_(&to), value_(std::forward<U>(value)), fn_(std::move(fn)) {}

  spinlock* lock() const noexcept override { return &to_->lock_; }
  bool ready() noexcept override {
    return to_->count_ < to_->capacity_ || to_->closed_ || !to_->receivers_.empty();
  }
  bool take(handover& woken) override { return to_->give(value_, woken); }
  void enlist(waiter& self, std::uint16_t tag) noexcept override {
    self_.begin(self, tag, std::addressof(value_));
    to_->senders_.append(self_);
  }
  void leave() noexcept override {
    const std::lock_guard locked(to_->lock_);
    to_->senders_.remove(self_);
  }
  bool happened() override {
    const settlement how = self_.settled();
    if (how == settlement::closed) throw_channel_closed();
    if (how == settlement::failed) std::rethrow_exception(self_.error());
    return true;
  }
  void finish() override { std::invoke(fn_); }

 private:
  channel<T>* to_;
  Value value_;
  party self_;
  Fn fn_;
};

class event_case_base : public select_case {
 public:
  explicit event_case_base(event& of) noexcept : of_(&of.flag_) {}

  spinlock* lock() const noexcept override { return &of_->lock_; }
  bool ready() noexcept override { return of_->is_set(); }
  bool take(handover&) override { return true; }
  void enlist(waiter& self, std::uint16_t tag) noexcept override;
  void leave() noexcept override;
  bool happened() override;

 private:
  flag* of_;
  party self_;
};

template <class Fn>
class event_case final : public event_case_base {
 public:
  event_case(event& of, Fn fn) : event_case_base(of), fn_(std::move(fn)) {}
  void finish() override { std::invoke(fn_); }

 private:
  Fn fn_;
};

template <class T, class Fn>
class join_case final : public select_case {
 public:
  join_case(task<T>& of, Fn fn) : of_(&of), fn_(std::move(fn)) {}

  bool ready() override { return of_->done(); }
  bool take(handover&) override { return true; }
  bool watch(waiter& self) override {
    watching_ = true;
    return of_->watch_end(self);
  }
  void leave() noexcept override {
    if (std::exchange(watching_, false)) of_->unwatch_end();
  }
  void finish() override {
    if constexpr (std::is_void_v<T>) {
      of_->join();
      std::invoke(fn_);
    } else {
      std::invoke(fn_, of_->join());
    }
  }

 private:
  task<T>* of_;
  Fn fn_;
  bool watching_ = false;
};

template <class Fn>
class time_case final : public select_case {
 public:
  time_case(std::chrono::nanoseconds after, deadline when, Fn fn)
      : after_(after), when_(when), fn_(std::move(fn)) {}

  deadline limit() const override { return when_.is_never() ? deadline::after(after_) : when_; }
  void finish() override { std::invoke(fn_); }

 private:
  std::chrono::nanoseconds after_;
  deadline when_;
  Fn fn_;
};

template <class Fn>
class otherwise_case final : public select_case {
 public:
  explicit otherwise_case(Fn fn) : fn_(std::move(fn)) {}

  bool is_otherwise() const noexcept override { return true; }
  void finish() override { std::invoke(fn_); }

 private:
  Fn fn_;
};

/// An lvalue of T is used where it is; anything else must make a T.
template <class U, class T>
concept sendable = std::same_as<U, T&> || std::constructible_from<T, U>;

template <class Fn, class... Args>
concept callable = std::invocable<std::add_lvalue_reference_t<std::decay_t<Fn>>, Args...>;

template <class C>
concept case_like = std::derived_from<std::remove_cvref_t<C>, select_case>;

template <class R>
concept range_of_cases =
    std::ranges::forward_range<R&> && case_like<std::ranges::range_reference_t<R&>> &&
    std::is_lvalue_reference_v<std::ranges::range_reference_t<R&>>;

template <class C>
void add_cases(std::vector<select_case*>& all, C& more) {
  if constexpr (case_like<C>) {
    all.push_back(&more);
  } else {
    for (auto& each : more) all.push_back(&each);
  }
}

}  // namespace detail

/// A case of select(): a value can be received from `from`, or it is closed and drained. `fn` takes
/// the std::optional<T>. Errors of select: what moving the value throws; it stays in the channel.
template <class T, class Fn>
requires std::invocable < std::decay_t<Fn>
&, std::optional < T >> auto on_receive(channel<T>& from, Fn&& fn) {
  return detail::receive_case<T, std::decay_t<Fn>>(from, std::forward<Fn>(fn));
}

/// A case of select(): `value` can be sent to `to`. An lvalue of type T is moved from only if it
/// was sent; anything else is held by the case. `fn` takes nothing. Errors of select:
/// channel_closed, which is a thing that can happen like others; what moving the value throws.
template <class T, detail::sendable<T> U, detail::callable Fn>
auto on_send(channel<T>& to, U&& value, Fn&& fn) {
  using held = std::conditional_t<std::is_same_v<U, T&>, T&, T>;
  return detail::send_case<held, T, std::decay_t<Fn>>(to, std::forward<U>(value),
                                                      std::forward<Fn>(fn));
}

/// A case of select(): `of` is set. `fn` takes nothing.
template <detail::callable Fn>
auto on_event(event& of, Fn&& fn) {
  return detail::event_case<std::decay_t<Fn>>(of, std::forward<Fn>(fn));
}

/// A case of select(): `of` has ended. The task is joined if this case happens, and only then; `fn`
/// takes what it returned, nothing if that is void. Errors of select: what join() throws; also
/// std::logic_error for a handle without a task, or if the task selects its own end.
template <class T, class Fn>
auto on_join(task<T>& of, Fn&& fn) {
  return detail::join_case<T, std::decay_t<Fn>>(of, std::forward<Fn>(fn));
}

/// A case of select(): nothing else has happened for `after`, counted from the call of select().
/// `fn` takes nothing. Of several the earliest counts.
template <class Rep, class Period, detail::callable Fn>
auto on_timeout(std::chrono::duration<Rep, Period> after, Fn&& fn) {
  constexpr auto longest = std::chrono::nanoseconds::max();
  // Compared as long double, which does not overflow; what is too long is for ever.
  const bool fits = std::chrono::duration<long double, std::nano>(after) <
                    std::chrono::duration<long double, std::nano>(longest);
  return detail::time_case<std::decay_t<Fn>>(
      fits ? std::chrono::ceil<std::chrono::nanoseconds>(after) : longest, deadline::never(),
      std::forward<Fn>(fn));
}

/// A case of select(): nothing else has happened until `when`. Otherwise as on_timeout().
template <detail::callable Fn>
auto on_deadline(deadline when, Fn&& fn) {
  return detail::time_case<std::decay_t<Fn>>(std::chrono::nanoseconds::max(), when,
                                             std::forward<Fn>(fn));
}

/// A case of select(): none of the others is possible now. `fn` takes nothing.
template <detail::callable Fn>
auto otherwise(Fn&& fn) {
  return detail::otherwise_case<std::decay_t<Fn>>(std::forward<Fn>(fn));
}

/// Waits until one of the cases is possible, does it, and calls its function. Each argument is a
/// case, or a range (of lvalues) of cases, which count as if they stood there one by one. A case
/// may be used again after the call, by one select at a time. Returns: which case it was, from 0.
/// Errors: those of the case that happened; what its function throws; `cancelled`: then none has
/// happened; std::invalid_argument if there is no case, or more than 65,534. Suspends: yes,
/// cancel-safe; with `otherwise` only to yield now and then. Order: as the operation that happened.
/// Cost: the locks of all channels and events in it, once if a case is possible, twice if not;
/// allocates, before it waits, only if there is a range.
template <class... Cases>
requires(sizeof...(Cases) > 0 &&
         ((detail::case_like<Cases> || detail::range_of_cases<Cases>)&&...)) std::size_t
    select(Cases&&... cases) {
  if constexpr ((detail::case_like<Cases> && ...)) {
    const std::array<detail::select_case*, sizeof...(Cases)> all{std::addressof(cases)...};
    std::array<detail::select_case*, sizeof...(Cases)> scratch;
    return detail::select_one(all, scratch);
  } else {
    std::vector<detail::select_case*> all;
    (detail::add_cases(all, cases), ...);
    std::vector<detail::select_case*> scratch(all.size());
    return detail::select_one(all, scratch);
  }
}

}  // namespace heddle::sync
