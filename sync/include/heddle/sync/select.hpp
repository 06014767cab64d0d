// SPDX-License-Identifier: MIT
// Waits for several things at once: values, room in channels, events, tasks that end, time. Exactly
// one case happens, and its function is called. Invariants: (1) what did not happen has had no
// effect: no value is taken or sent, no task is joined; (2) functions are called when all lists are
// left and no lock is held: they may do what they like, also select again; (3) of the cases that
// are possible at once each has the same chance. Not here: how that is proven
// (sync/src/README.md). Source: Go's select, runtime/select.go; guarded commands, Hoare 1978,
// doi:10.1145/359576.359585.
#pragma once

#include <heddle/runtime/deadline.hpp>
#include <heddle/runtime/task.hpp>
#include <heddle/sync/channel.hpp>
#include <heddle/sync/detail/select_case.hpp>
#include <heddle/sync/detail/select_cases.hpp>
#include <heddle/sync/event.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>
#include <vector>

namespace heddle::sync {

/// A case of select(): a value can be received from `from`, or it is closed and drained. `fn` takes
/// the std::optional<T>, which is an rvalue that the case holds. Errors of select: what moving the
/// value out of the channel throws; it stays there. When fn is called it has left the channel: if
/// moving it on can throw, have fn take the std::optional<T>&& by reference, and move it where it
/// may be lost; taken by value it is moved before fn begins, and lost with the case should that
/// throw.
template <class T, detail::takes_received<T> Fn>
auto on_receive(channel<T>& from, Fn&& fn) {
  return detail::receive_case<T, std::decay_t<Fn>>(from, std::forward<Fn>(fn));
}

/// A case of select(): `value` can be sent to `to`. An lvalue of type T is moved from only if it
/// was sent; anything else is held by the case, until it was sent: then the case cannot be used
/// again. `fn` takes nothing. Errors of select: channel_closed, which is a thing that can happen
/// like others; what moving the value throws; std::logic_error for a case whose value was sent.
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
template <class T, detail::takes_joined<T> Fn>
auto on_join(task<T>& of, Fn&& fn) {
  return detail::join_case<T, std::decay_t<Fn>>(of, std::forward<Fn>(fn));
}

/// A case of select(): nothing else has happened for `after`, counted from when none of the others
/// was possible. `fn` takes nothing. Of several the earliest counts. What is too long to be told is
/// for ever; what is negative, or not a number, is at once.
template <class Rep, class Period, detail::callable Fn>
auto on_timeout(std::chrono::duration<Rep, Period> after, Fn&& fn) {
  using duration = std::chrono::duration<Rep, Period>;
  return detail::timeout_case<duration, std::decay_t<Fn>>(after, std::forward<Fn>(fn));
}

/// A case of select(): nothing else has happened until `when`. Otherwise as on_timeout().
template <detail::callable Fn>
auto on_deadline(deadline when, Fn&& fn) {
  return detail::deadline_case<std::decay_t<Fn>>(when, std::forward<Fn>(fn));
}

/// A case of select(): none of the others is possible now. `fn` takes nothing.
template <detail::callable Fn>
auto otherwise(Fn&& fn) {
  return detail::otherwise_case<std::decay_t<Fn>>(std::forward<Fn>(fn));
}

/// Waits until one of the cases is possible, does it, and calls its function. Each argument is a
/// case, or a range (of lvalues) of cases, which count as if they stood there one by one. A case
/// may be used again after the call, but for on_send of a value that it held and has sent; it is in
/// one select at a time, and there once. Returns: which case it was, from 0.
/// Errors: those of the case that happened; what its function throws; `cancelled`: then none has
/// happened; std::invalid_argument if there is no case, or more than 65,534; std::logic_error if a
/// channel's or an event's case is there twice, or in another select that waits. Suspends: yes,
/// cancel-safe; with `otherwise` only to yield now and then. Order: as the operation that happened.
/// Cost: the locks of all channels and events in it, once if a case is possible, twice if not;
/// allocates, before it waits, only if there is a range.
template <detail::case_or_range First, detail::case_or_range... More>
std::size_t select(First&& first, More&&... more) {
  if constexpr (detail::case_like<First> && (detail::case_like<More> && ...)) {
    const std::array<detail::select_case*, 1 + sizeof...(More)> all{std::addressof(first),
                                                                    std::addressof(more)...};
    std::array<detail::select_case*, 1 + sizeof...(More)> scratch;
    return detail::select_one(all, scratch);
  } else {
    std::vector<detail::select_case*> all;
    detail::add_cases(all, first);
    (detail::add_cases(all, more), ...);
    std::vector<detail::select_case*> scratch(all.size());
    return detail::select_one(all, scratch);
  }
}

}  // namespace heddle::sync
