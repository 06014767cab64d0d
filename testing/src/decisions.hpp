// SPDX-License-Identifier: MIT
// The policy of a simulated runtime: virtual time, the questions of a chooser, and a record of what
// was answered and what happened. Invariant: two runs with the same answers to the same program
// give the same records.
#pragma once

#include <heddle/runtime/detail/policy.hpp>

#include "chooser.hpp"
#include "network/wire.hpp"
#include "schedule.hpp"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace heddle::testing::detail {

class decisions : public heddle::detail::policy {
 public:
  struct limits {
    std::uint64_t most_turns;
    std::size_t most_records;
  };
  explicit decisions(limits these) : limits_(these) {}

  /// Forgets the last run.
  void begin(std::unique_ptr<chooser> who);

  std::string trace() const;
  std::uint64_t digest() const noexcept { return digest_; }
  std::uint64_t turns() const noexcept { return turns_; }
  std::chrono::nanoseconds elapsed() const noexcept { return now_ - start(); }
  const std::string& left_behind() const noexcept { return left_behind_; }
  wire& net() noexcept { return wire_; }
  std::size_t timers_left() const noexcept { return timers_left_; }
  /// Returns whether the program could not end, and all of it was cancelled.
  bool was_stopped() const noexcept { return stopped_.has_value(); }
  /// Returns the answers that were not 0.
  const std::vector<schedule::answer>& answers() const noexcept { return answers_; }

  clock::time_point now() noexcept override { return now_; }
  void pass_time(clock::time_point when) noexcept override;
  std::uint32_t choose(std::uint32_t bound) noexcept override;
  unsigned choose_loop(std::span<const unsigned> ready) noexcept override;
  void note(unsigned loop, trace_kind what, fiber_id who, std::uint32_t arg) noexcept override;
  bool is_endless() noexcept override { return turns_in_a_row_ >= limits_.most_turns; }
  void stopped(stop_kind why, std::string fibers) noexcept override;
  void abandoned(std::string fibers, void* rest) noexcept override;
  void suspension_point(heddle::detail::task_core& /*who*/,
                        wait_subject /*what*/) noexcept override {}
  void between_turns() noexcept override;
  socket_calls& sockets() noexcept override { return wire_; }
  void watch(int fd, heddle::detail::registration& entry) override { wire_.watch(fd, entry); }
  void unwatch(int fd) noexcept override { wire_.unwatch(fd); }
  clock::time_point next_event() noexcept override { return wire_.next_event(); }
  bool run_event() noexcept override { return wire_.run_event(); }
  void left_behind(std::string fibers, std::size_t timers) noexcept override {
    left_behind_ = std::move(fibers);
    timers_left_ = timers;
  }
  void finish(bool touched) override;

 private:
  struct record {
    std::chrono::nanoseconds when;
    fiber_id who;
    std::uint32_t arg;
    std::uint8_t loop;
    trace_kind what;
  };
  static clock::time_point start() noexcept { return clock::time_point(std::chrono::hours{1}); }
  static void append(std::string& text, const record& one);
  std::uint32_t answered(std::uint32_t value);
  std::optional<unsigned> starved(std::span<const unsigned> ready);
  void mix(std::uint64_t value) noexcept;

  limits limits_;
  wire wire_{*this};
  std::unique_ptr<chooser> chooser_;
  clock::time_point now_ = start();
  std::deque<record> records_;
  std::uint64_t dropped_ = 0;
  std::uint64_t digest_ = 0;
  std::uint64_t turns_ = 0;
  std::uint64_t turns_in_a_row_ = 0;  // since time passed last
  std::uint64_t questions_ = 0;
  std::vector<schedule::answer> answers_;
  std::vector<unsigned> order_;  // the loops of a question, the one that went last in front
  unsigned last_ = 0;
  std::vector<std::uint64_t> passed_over_;  // by loop: in so many questions that it could have won
  std::optional<stop_kind> stopped_;
  std::uint64_t stopped_after_ = 0;  // so many records
  std::string stopped_fibers_;
  std::string abandoned_fibers_;
  std::string left_behind_;
  std::size_t timers_left_ = 0;
};

}  // namespace heddle::testing::detail
