// SPDX-License-Identifier: MIT
// Two signals, and then no more.
#include <heddle/io/graceful.hpp>

#include <heddle/io/signal_set.hpp>
#include <heddle/runtime/task.hpp>

#include <optional>
#include <span>
#include <string>

namespace heddle::io::detail {

class stop_watch::state {
 public:
  state(cancel_scope& body, drain_stop& draining, const stop_options& options)
      : body_(body),
        draining_(draining),
        set_(std::in_place, std::span<const int>(options.signals)) {
    report_.signals.reserve(2);
    watcher_ = spawn({.name = "wait for signals to stop"}, [this] { watch(); });
  }

  stop_report finish() {
    watcher_.cancel();
    try {
      watcher_.join();
    } catch (const task_cancelled&) {
      return report_;  // as asked
    }
    return report_;
  }

 private:
  void watch() {
    report_.signals.push_back(set_->wait());
    report_.how = stop_kind::drained;
    body_.cancel("asked to stop by signal " + std::to_string(report_.signals.front()));
    report_.signals.push_back(set_->wait());
    report_.how = stop_kind::at_once;
    draining_.stop_now();
    set_.reset();
  }

  cancel_scope& body_;
  drain_stop& draining_;
  std::optional<signal_set> set_;
  stop_report report_;
  task<void> watcher_;  // ends first: it uses all the rest
};

stop_watch::stop_watch(cancel_scope& body, drain_stop& draining, const stop_options& options)
    : state_(std::make_unique<state>(body, draining, options)) {}
stop_watch::~stop_watch() = default;

stop_report stop_watch::finish() { return state_->finish(); }

}  // namespace heddle::io::detail
