// SPDX-License-Identifier: MIT
// A random trade in values: fibers of two runtimes and plain threads send, receive and select on
// shared channels, under time-outs, closes and cancels that come from fibers and from a thread.
// Invariant: each value that was made is received once, or left in a channel, or kept by its
// sender. tests/sync/channel_conservation_test.cpp plays it in the small, stress/select_storm.cpp
// for long.
#pragma once

#include <heddle/runtime.hpp>
#include <heddle/sync/channel.hpp>
#include <heddle/sync/event.hpp>
#include <heddle/sync/select.hpp>

#include "runtime/support/random.hpp"
#include "sync/support/functions.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <thread>
#include <vector>

namespace heddle::test {

/// One market, for one play(): its channels, some of which close in the middle of it, and where
/// each value has ended.
class value_market {
 public:
  /// How turns have ended that were no mere hand-over.
  struct counts {
    std::uint64_t received = 0;
    std::uint64_t timed_out = 0;
    std::uint64_t found_closed = 0;
    std::uint64_t cancelled = 0;

    counts& operator+=(const counts& more) noexcept {
      received += more.received;
      timed_out += more.timed_out;
      found_closed += more.found_closed;
      cancelled += more.cancelled;
      return *this;
    }
  };

  explicit value_market(int turns)
      : turns_(turns), ended_(static_cast<std::size_t>(turns) * (fibers + threads)) {}

  /// Has everybody take their turns, with random numbers from `stream` on, and calls `tick` after
  /// each. Returns what is wrong then; null if nothing is.
  template <class Tick>
  const char* play(runtime& first, runtime& second, std::uint64_t stream, Tick tick) {
    std::thread passes([this, mine = ++stream] { cancel_in_passing(mine); });
    std::vector<task<void>> players;
    for (std::size_t n = 0; n < fibers; ++n) {
      runtime& home = n % 2 == 0 ? first : second;
      players.push_back(
          home.spawn([this, tick, n, mine = ++stream] { play_in_fiber(mine, shown_[n], tick); }));
    }
    std::vector<std::thread> others;
    for (std::size_t n = 0; n < threads; ++n) {
      others.emplace_back([this, tick, mine = ++stream] { play_in_thread(mine, tick); });
    }
    for (auto& each : players) each.join();
    for (auto& each : others) each.join();
    over_ = true;
    passes.join();
    return audit();
  }

  counts seen() const noexcept { return {received_, timed_out_, found_closed_, cancelled_}; }

 private:
  using value = std::unique_ptr<std::uint32_t>;
  using channel = sync::channel<value>;
  /// Where a player shows the scope of its turn to the thread that passes by.
  using shown_scope = std::atomic<cancel_scope*>;
  static constexpr std::size_t fibers = 16;
  static constexpr std::size_t threads = 2;

  void enter(const value& one) noexcept {
    if (one != nullptr) ended_[*one].fetch_add(1, std::memory_order_relaxed);
  }
  void enter_received(const std::optional<value>& got) noexcept {
    if (!got.has_value()) return;
    enter(*got);
    ++received_;
  }

  channel& any_channel(random_numbers& random) {
    return *channels_[random.below(static_cast<std::uint32_t>(channels_.size()))];
  }

  void send(random_numbers& random, value& mine) {
    channel& first = any_channel(random);
    channel& second = any_channel(random);
    const auto soon = std::chrono::microseconds(random.below(100));
    const auto late = [this] { ++timed_out_; };
    const auto enters = [this](const std::optional<value>& got) { enter_received(got); };
    switch (random.below(6)) {
      case 0:
        if (!first.send_for(mine, soon)) late();
        return;
      case 1:
        if (!first.send_until(mine, deadline::after(std::chrono::milliseconds(10)))) late();
        return;
      case 2:
        first.try_send(mine);
        return;
      case 3:
        sync::select(sync::on_send(first, mine, nothing), sync::on_send(second, mine, nothing),
                     sync::on_timeout(soon, late), sync::on_event(bell_, nothing));
        return;
      case 4:
        sync::select(sync::on_send(first, mine, nothing), sync::on_receive(first, enters),
                     sync::on_receive(second, enters), sync::on_timeout(soon, late));
        return;
      default:
        sync::select(sync::on_send(first, mine, nothing), sync::otherwise(nothing));
    }
  }

  void make_and_send(random_numbers& random) {
    auto mine = std::make_unique<std::uint32_t>(made_.fetch_add(1));
    try {
      send(random, mine);
    } catch (const sync::channel_closed&) {
      ++found_closed_;
    } catch (const cancelled&) {
      enter(mine);
      throw;
    }
    enter(mine);
  }

  void receive(random_numbers& random) {
    channel& first = any_channel(random);
    channel& second = any_channel(random);
    const auto soon = std::chrono::microseconds(random.below(100));
    const auto enters = [this](const std::optional<value>& got) { enter_received(got); };
    switch (random.below(4)) {
      case 0:
        return enter_received(first.receive_for(soon));
      case 1:
        return enter_received(first.try_receive());
      default:
        sync::select(sync::on_receive(first, enters), sync::on_receive(second, enters),
                     sync::on_timeout(soon, [this] { ++timed_out_; }));
    }
  }

  void take_turn(random_numbers& random) {
    if (random.once_in(64)) random.once_in(2) ? bell_.set() : bell_.reset();
    random.once_in(2) ? receive(random) : make_and_send(random);
  }

  /// A turn that a child cancels, at some moment.
  void turn_beside_a_canceller(random_numbers& random) {
    cancel_scope scope;
    auto canceller = spawn([&scope, wait = random.below(2'000)] {
      spin(wait);
      scope.cancel();
    });
    if (!scope.run([&] { take_turn(random); })) ++cancelled_;
    canceller.join();
  }

  /// A turn that the thread which passes by may cancel.
  void turn_in_sight(random_numbers& random, shown_scope& place) {
    cancel_scope scope;
    place.store(&scope);
    if (!scope.run([&] { take_turn(random); })) ++cancelled_;
    // Whoever took it out is about to cancel it, and puts it back.
    for (cancel_scope* mine = &scope; !place.compare_exchange_weak(mine, nullptr); mine = &scope) {
      this_fiber::yield();
    }
  }

  template <class Tick>
  void play_in_fiber(std::uint64_t stream, shown_scope& place, Tick& tick) {
    random_numbers random(stream);
    for (int n = 0; n < turns_; ++n) {
      if (n == turns_ / 2 && ++half_way_ == fibers / 2) close_some();
      random.once_in(4) ? turn_beside_a_canceller(random) : turn_in_sight(random, place);
      tick();
    }
  }

  template <class Tick>
  void play_in_thread(std::uint64_t stream, Tick& tick) {
    random_numbers random(stream);
    for (int n = 0; n < turns_; ++n) {
      take_turn(random);
      tick();
    }
  }

  void cancel_in_passing(std::uint64_t stream) {
    random_numbers random(stream);
    while (!over_) {
      shown_scope& place = shown_[random.below(fibers)];
      if (cancel_scope* const one = place.exchange(nullptr)) {
        one->cancel();
        place.store(one);
      }
      spin(random.below(5'000));
      std::this_thread::yield();
    }
  }

  /// Closes one channel of each kind, while everybody is at it.
  void close_some() {
    channels_[0]->close();
    channels_[2]->close();
  }

  const char* audit() {
    for (auto& each : channels_) {
      each->close();
      while (auto left = each->receive()) enter(*left);
    }
    for (std::uint32_t n = 0; n < made_; ++n) {
      if (ended_[n] == 0) return "a value was lost";
      if (ended_[n] != 1) return "a value came twice";
    }
    return nullptr;
  }

  int turns_;
  std::array<std::unique_ptr<channel>, 4> channels_{
      std::make_unique<channel>(0), std::make_unique<channel>(0), std::make_unique<channel>(1),
      std::make_unique<channel>(16)};
  sync::event bell_;
  std::array<shown_scope, fibers> shown_{};
  std::atomic<std::size_t> half_way_{0};
  std::atomic<bool> over_{false};
  std::atomic<std::uint32_t> made_{0};
  std::vector<std::atomic<std::uint8_t>> ended_;
  std::atomic<std::uint64_t> received_{0};
  std::atomic<std::uint64_t> timed_out_{0};
  std::atomic<std::uint64_t> found_closed_{0};
  std::atomic<std::uint64_t> cancelled_{0};
};

}  // namespace heddle::test
