// SPDX-License-Identifier: MIT
// In a fiber each attempt is a child of a group; on a plain thread, which has no children, they
// take turns.
#include "net/connect_first.hpp"

#include <heddle/runtime/task_group.hpp>
#include <heddle/runtime/this_fiber.hpp>
#include <heddle/runtime/wait_queue.hpp>

#include <algorithm>
#include <atomic>
#include <utility>

namespace heddle::io::detail {

namespace {

constexpr wait_kind attempts_kind{"attempts to connect"};

/// The attempts of one connect_first(), and who waits for news of them.
class attempts {
 public:
  attempts(const std::vector<endpoint>& addresses, const connect_step& step,
           const attempt_plan& plan)
      : addresses_(addresses), step_(step), plan_(plan), errors_(addresses.size()) {}

  attempts_outcome run() {
    task_group all;
    for (std::size_t n = 0; n < addresses_.size() && may_begin(); ++n) {
      all.spawn({.name = "connect to " + addresses_[n].to_string()}, [this, n] { attempt(n); });
      ++begun_;
      wait(std::min(plan_.limit, deadline::after(plan_.next_after)));
    }
    while (!wait({})) continue;
    all.cancel();
    all.join();
    errors_.resize(begun_);
    return {std::move(winner_), std::move(errors_)};
  }

 private:
  bool may_begin() const noexcept { return begun_ == 0 || (!won() && !plan_.limit.passed()); }

  void attempt(std::size_t n) {
    std::error_code error;
    tcp_stream stream = step_(addresses_[n], plan_.limit, error);
    errors_[n] = error;
    news_.wake_all(wake_reason::event, [&]() noexcept {
      if (error) {
        failed_.fetch_add(1, std::memory_order_relaxed);
      } else if (!won()) {
        won_.store(true, std::memory_order_relaxed);
        winner_ = std::move(stream);
      }
    });
  }

  bool won() const noexcept { return won_.load(std::memory_order_relaxed); }
  bool decided() const noexcept {
    return won() || failed_.load(std::memory_order_relaxed) == begun_;
  }

  /// Waits for news. Returns: whether somebody has won, or all that were begun have failed.
  bool wait(deadline limit) {
    news_.wait_unless([this]() noexcept { return decided(); }, limit, {attempts_kind, this});
    return decided();
  }

  const std::vector<endpoint>& addresses_;
  const connect_step& step_;
  const attempt_plan plan_;
  std::vector<std::error_code> errors_;  // each attempt has its own place
  std::size_t begun_ = 0;

  wait_queue news_;
  // Written under the queue's lock; the winner is read when all have been joined.
  std::atomic<std::size_t> failed_{0};
  std::atomic<bool> won_{false};
  tcp_stream winner_;
};

/// Each has an equal share of the time that is left.
attempts_outcome one_after_the_other(const std::vector<endpoint>& addresses,
                                     const connect_step& step, const attempt_plan& plan) {
  attempts_outcome outcome;
  for (std::size_t n = 0; n < addresses.size() && (n == 0 || !plan.limit.passed()); ++n) {
    deadline share = plan.limit;
    if (!share.is_never()) {
      const auto left = plan.limit.when() - clock::now();
      share = deadline::after(left / static_cast<std::int64_t>(addresses.size() - n));
    }
    std::error_code error;
    outcome.winner = step(addresses[n], share, error);
    if (!error) return outcome;
    outcome.errors.push_back(error);
  }
  return outcome;
}

int weight(const std::error_code& error) {
  if (!error) return 0;
  if (error == std::errc::network_unreachable || error == std::errc::host_unreachable ||
      error == std::errc::address_not_available ||
      error == std::errc::address_family_not_supported) {
    return 1;
  }
  return error == std::errc::timed_out ? 2 : 3;
}

}  // namespace

std::error_code attempts_outcome::telling() const {
  const auto most = std::max_element(
      errors.begin(), errors.end(),
      [](const std::error_code& a, const std::error_code& b) { return weight(a) < weight(b); });
  return most == errors.end() || !*most ? std::make_error_code(std::errc::timed_out) : *most;
}

std::vector<endpoint> in_turns(const std::vector<endpoint>& addresses) {
  std::vector<endpoint> ipv6;
  std::vector<endpoint> others;
  for (const endpoint& each : addresses) {
    (each.kind() == endpoint::family::ipv6 ? ipv6 : others).push_back(each);
  }
  std::vector<endpoint> turns;
  turns.reserve(addresses.size());
  for (std::size_t n = 0; n < std::max(ipv6.size(), others.size()); ++n) {
    if (n < ipv6.size()) turns.push_back(std::move(ipv6[n]));
    if (n < others.size()) turns.push_back(std::move(others[n]));
  }
  return turns;
}

attempts_outcome connect_first(const std::vector<endpoint>& addresses, const connect_step& step,
                               const attempt_plan& plan) {
  if (addresses.size() == 1 || !this_fiber::exists()) {
    return one_after_the_other(addresses, step, plan);
  }
  return attempts(addresses, step, plan).run();
}

std::string describe(const std::vector<endpoint>& addresses,
                     const std::vector<std::error_code>& errors) {
  constexpr std::size_t most = 8;
  std::string text;
  for (std::size_t n = 0; n < errors.size() && n < most; ++n) {
    if (n != 0) text += "; ";
    text += addresses[n].to_string() + ": ";
    text += errors[n] ? errors[n].message() : "given up";
  }
  if (errors.size() > most) text += "; and " + std::to_string(errors.size() - most) + " more";
  return text;
}

}  // namespace heddle::io::detail
