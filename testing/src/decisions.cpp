// SPDX-License-Identifier: MIT
// Asking, recording, and what the end of a run means.
#include "decisions.hpp"

#include <heddle/testing/simulation.hpp>

#include <algorithm>
#include <array>
#include <cstdio>
#include <mutex>
#include <stdexcept>
#include <utility>

namespace heddle::testing::detail {

void decisions::begin(std::unique_ptr<chooser> who) {
  chooser_ = std::move(who);
  now_ = start();
  wire_.begin();
  records_.clear();
  dropped_ = digest_ = turns_ = turns_in_a_row_ = questions_ = 0;
  answers_.clear();
  last_ = 0;
  passed_over_.clear();
  stopped_.reset();
  stopped_fibers_.clear();
  abandoned_fibers_.clear();
  left_behind_.clear();
  timers_left_ = 0;
}

void decisions::pass_time(clock::time_point when) noexcept {
  now_ = std::max(now_, when);
  turns_in_a_row_ = 0;
}

std::uint32_t decisions::answered(std::uint32_t value) {
  if (value != 0) answers_.push_back({questions_, value});
  ++questions_;
  return value;
}

std::uint32_t decisions::choose(std::uint32_t bound) noexcept {
  return bound < 2 ? 0 : answered(chooser_->choose(bound));
}

/// Returns the loop whose turn it is because it could have had many. No core is slow for ever: a
/// program that polls may rely on that.
std::optional<unsigned> decisions::starved(std::span<const unsigned> ready) {
  constexpr std::uint64_t patience = 1000;
  passed_over_.resize(std::max<std::size_t>(passed_over_.size(), ready.back() + 1));
  for (const unsigned each : ready) ++passed_over_[each];
  const auto longest = std::max_element(ready.begin(), ready.end(), [this](unsigned a, unsigned b) {
    return passed_over_[a] < passed_over_[b];
  });
  if (passed_over_[*longest] <= patience) return std::nullopt;
  return *longest;
}

unsigned decisions::choose_loop(std::span<const unsigned> ready) noexcept {
  ++turns_;
  ++turns_in_a_row_;
  if (const auto hungry = starved(ready)) {
    passed_over_[*hungry] = 0;
    return last_ = *hungry;
  }
  order_.assign(ready.begin(), ready.end());
  const auto last = std::find(order_.begin(), order_.end(), last_);
  const bool went_on = last != order_.end();
  if (went_on) std::rotate(order_.begin(), last, last + 1);
  const std::uint32_t at = order_.size() < 2 ? 0 : answered(chooser_->choose_loop(order_, went_on));
  last_ = order_[at];
  passed_over_[last_] = 0;
  return last_;
}

void decisions::between_turns() noexcept {
  // What has arrived need not be seen at once: the network is as slow as the seed wants.
  while (wire_.next_event() <= now_ && choose(2) == 0) wire_.run_event();
}

void decisions::mix(std::uint64_t value) noexcept {
  // After FNV-1a (Fowler, Noll and Vo): over words, and with a shift, so that high bits count too.
  digest_ = (digest_ ^ value) * 0x100000001B3U;
  digest_ ^= digest_ >> 29;
}

void decisions::note(unsigned loop, trace_kind what, fiber_id who, std::uint32_t arg) noexcept {
  const record one{elapsed(), who, arg, static_cast<std::uint8_t>(loop), what};
  mix(static_cast<std::uint64_t>(one.when.count()));
  mix(static_cast<std::uint64_t>(who));
  mix(std::uint64_t{arg} << 16 | std::uint64_t{one.loop} << 8 | static_cast<std::uint64_t>(what));
  records_.push_back(one);
  if (records_.size() <= limits_.most_records) return;
  records_.pop_front();
  ++dropped_;
}

void decisions::stopped(stop_kind why, std::string fibers) noexcept {
  stopped_ = why;
  stopped_after_ = dropped_ + records_.size();
  turns_in_a_row_ = 0;  // they are given as many to unwind
  stopped_fibers_ = std::move(fibers);
}

void decisions::abandoned(std::string fibers, void* rest) noexcept {
  // So that a leak checker finds what is left, and says nothing of it.
  static std::mutex lock;
  static std::vector<void*> all;
  const std::lock_guard guard(lock);
  all.push_back(rest);
  abandoned_fibers_ = std::move(fibers);
}

void decisions::finish(bool touched) {
  if (touched) {
    throw std::logic_error(
        "heddle::testing::simulation: another thread has woken a fiber of the simulation or "
        "spawned one: when that happens no seed decides");
  }
  if (!stopped_) return;
  if (!abandoned_fibers_.empty()) {
    stopped_fibers_ +=
        "cancelled, these do not end either (shielded?); they are abandoned:\n" + abandoned_fibers_;
  }
  if (*stopped_ == stop_kind::deadlock) {
    throw deadlock(
        "heddle::testing::simulation: deadlock: nothing can go on (another thread is not waited "
        "for)\n" +
        stopped_fibers_);
  }
  throw endless("heddle::testing::simulation: " + std::to_string(limits_.most_turns) +
                " turns, and no time has passed: a fiber yields or polls for ever\n" +
                stopped_fibers_);
}

void decisions::append(std::string& text, const record& one) {
  const auto seconds = std::chrono::duration_cast<std::chrono::seconds>(one.when);
  std::array<char, 128> line{};
  std::snprintf(line.data(), line.size(), "%lld.%09lld loop %u ",
                static_cast<long long>(seconds.count()),
                static_cast<long long>((one.when - seconds).count()), one.loop);
  text += line.data();
  const std::string fiber = "fiber #" + std::to_string(static_cast<std::uint64_t>(one.who));
  switch (one.what) {
    case trace_kind::slice_begin:
      text += "runs " + fiber + (one.arg != 0 ? ", stolen" : "");
      break;
    case trace_kind::slice_end:
      text += "leaves " + fiber;
      break;
    case trace_kind::park:
      text += "falls asleep";
      break;
    case trace_kind::unpark:
      text += "wakes";
      break;
    case trace_kind::steal:
      text += "steals from loop " + std::to_string(one.arg);
      break;
  }
  text += '\n';
}

std::string decisions::trace() const {
  std::string text;
  if (dropped_ != 0) text = "(" + std::to_string(dropped_) + " earlier records not kept)\n";
  std::uint64_t at = dropped_;
  for (const record& each : records_) {
    if (stopped_ && at++ == stopped_after_) text += "(it cannot end; all fibers are cancelled)\n";
    append(text, each);
  }
  return text;
}

}  // namespace heddle::testing::detail
