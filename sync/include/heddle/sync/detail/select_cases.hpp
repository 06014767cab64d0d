// SPDX-License-Identifier: MIT
// The kinds of cases of a select, each with the user's function: what select_case.hpp asks of them.
// No API: they are made by the functions of select.hpp.
#pragma once

#include <heddle/runtime/deadline.hpp>
#include <heddle/runtime/park.hpp>
#include <heddle/runtime/spinlock.hpp>
#include <heddle/runtime/task.hpp>
#include <heddle/sync/channel.hpp>
#include <heddle/sync/detail/party.hpp>
#include <heddle/sync/detail/select_case.hpp>
#include <heddle/sync/event.hpp>

#include <concepts>
#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <ranges>
#include <type_traits>
#include <utility>
#include <vector>

namespace heddle::sync::detail {

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
  bool is_enlisted() const noexcept override { return self_.waits(); }
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

[[noreturn]] void throw_sent_before();

/// `Value`: T& for an lvalue, else T.
template <class Value, class T, class Fn>
class send_case final : public select_case {
 public:
  template <class U>
  send_case(channel<T>& to, U&& value, Fn fn)
      : to_(&to), value_(std::forward<U>(value)), fn_(std::move(fn)) {}

  spinlock* lock() const noexcept override { return &to_->lock_; }
  bool ready() override {
    if (gone_) throw_sent_before();
    return to_->count_ < to_->capacity_ || to_->closed_ || !to_->receivers_.empty();
  }
  bool take(handover& woken) override { return to_->give(value_, woken); }
  bool is_enlisted() const noexcept override { return self_.waits(); }
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
  void finish() override {
    gone_ = !std::is_reference_v<Value>;
    std::invoke(fn_);
  }

 private:
  channel<T>* to_;
  Value value_;
  bool gone_ = false;  // the value that it held was sent
  party self_;
  Fn fn_;
};

class event_case_base : public select_case {
 public:
  explicit event_case_base(event& of) noexcept : of_(&of.flag_) {}

  spinlock* lock() const noexcept override { return &of_->lock_; }
  bool ready() noexcept override { return of_->is_set(); }
  bool take(handover&) override { return true; }
  bool is_enlisted() const noexcept override { return self_.waits(); }
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
    const bool runs = of_->watch_end(self);
    watching_ = true;  // not before: it throws if the caller is that task, which has a joiner
    return runs;
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

template <class Duration, class Fn>
class timeout_case final : public select_case {
 public:
  timeout_case(Duration after, Fn fn) : after_(after), fn_(std::move(fn)) {}

  deadline limit() const override { return deadline::after(after_); }
  void finish() override { std::invoke(fn_); }

 private:
  Duration after_;
  Fn fn_;
};

template <class Fn>
class deadline_case final : public select_case {
 public:
  deadline_case(deadline when, Fn fn) : when_(when), fn_(std::move(fn)) {}

  deadline limit() const override { return when_; }
  void finish() override { std::invoke(fn_); }

 private:
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
concept case_like = std::convertible_to<std::add_pointer_t<C>, select_case*>;

template <class R>
concept range_of_cases =
    std::ranges::forward_range<R&> && case_like<std::ranges::range_reference_t<R&>> &&
    std::is_lvalue_reference_v<std::ranges::range_reference_t<R&>>;

template <class C>
concept case_or_range = case_like<C> || range_of_cases<C>;

/// What on_receive() calls, and on_join().
template <class Fn, class T>
concept takes_received = callable<Fn, std::optional<T>>;
template <class Fn, class T>
concept takes_joined = (std::is_void_v<T> && callable<Fn>) || callable<Fn, T>;

template <class C>
void add_cases(std::vector<select_case*>& all, C& more) {
  if constexpr (case_like<C>) {
    all.push_back(&more);
  } else {
    for (auto& each : more) all.push_back(&each);
  }
}

}  // namespace heddle::sync::detail
