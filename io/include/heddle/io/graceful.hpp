// SPDX-License-Identifier: MIT
// How a server ends when it is asked to by a signal: the first drains, the second stops.
//
//   const auto report = io::stop_on_signals([&](io::drain_stop& now) {
//     io::serve(listener, handler, {.cut_short = &now});
//   });
//
// Invariants: (1) the first signal cancels the body, which then refuses new clients and finishes
// what it has accepted, as serve() does; (2) the second ends draining: handlers are cancelled; (3)
// from the third on signals do what they did before this was called, which is to end the process by
// default: a handler that ignores its cancellation does not make it immortal. Not here: waiting for
// signals for other ends (signal_set.hpp). Source: loop.add_signal_handler of asyncio.
#pragma once

#include <heddle/io/serve.hpp>
#include <heddle/runtime/cancel.hpp>

#include <csignal>
#include <cstdint>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace heddle::io {

enum class stop_kind : std::uint8_t {
  by_itself,  ///< the body ended before any signal came
  drained,    ///< after one signal
  at_once,    ///< after two
};

struct stop_report {
  stop_kind how = stop_kind::by_itself;
  std::vector<int> signals = {};  ///< that came, in order; two at most
};

struct stop_options {
  /// What asks to stop. Shape: as of signal_set.
  std::vector<int> signals = {SIGTERM, SIGINT};
};

namespace detail {

/// The fiber that waits for the signals.
class stop_watch {
 public:
  stop_watch(cancel_scope& body, drain_stop& draining, const stop_options& options);
  ~stop_watch();
  stop_watch(const stop_watch&) = delete;
  stop_watch& operator=(const stop_watch&) = delete;

  /// Stops watching. Suspends: yes.
  stop_report finish();

 private:
  class state;
  const std::unique_ptr<state> state_;
};

}  // namespace detail

/// Runs `body(drain_stop&)` until it ends or is asked to end: SIGTERM or SIGINT cancels it, another
/// one calls drain_stop::stop_now(), which the body gives to serve(). Both signals at the same time
/// are two; two of a kind that come before this has run once are one, as the kernel has it. Signals
/// do what they did before as soon as this is left. Returns: how it ended, also if the body
/// returned normally after a signal; what the body returns is dropped. Errors: what the body
/// throws; `cancelled` if the caller is; std::invalid_argument that names a signal; io_error;
/// std::logic_error on a plain thread. Suspends: yes.
template <class Body>
stop_report stop_on_signals(Body&& body, const stop_options& options = {}) {
  drain_stop draining;
  cancel_scope scope;
  detail::stop_watch watch(scope, draining, options);
  static_cast<void>(scope.run([&] { static_cast<void>(std::invoke(body, draining)); }));
  return watch.finish();
}

}  // namespace heddle::io
