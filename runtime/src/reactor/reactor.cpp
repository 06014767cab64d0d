// SPDX-License-Identifier: MIT
// epoll calls and the slot table.
#include "reactor/reactor.hpp"

#include <heddle/runtime/detail/policy.hpp>
#include <heddle/runtime/error.hpp>

#include "reactor/registration.hpp"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <mutex>
#include <span>
#include <string>
#include <system_error>

namespace heddle::detail {

namespace {

[[noreturn]] void exhausted(const char* call) {
  throw resource_exhausted(std::string("heddle: a loop needs a descriptor: ") + call + ": " +
                           std::strerror(errno));
}

void watch(int epoll, int fd, std::uint32_t events, std::uint64_t tag) {
  epoll_event interest{};
  interest.events = events;
  interest.data.u64 = tag;
  if (::epoll_ctl(epoll, EPOLL_CTL_ADD, fd, &interest) != 0) exhausted("epoll_ctl");
}

/// How long to sleep, for epoll_pwait2: rounded up to its nanoseconds, never negative.
timespec relative(deadline until) noexcept {
  const auto left = until.when() - clock::now();
  const clock::rep nanoseconds = left.count() > 0 ? left.count() : 0;
  return {static_cast<time_t>(nanoseconds / 1'000'000'000),
          static_cast<long>(nanoseconds % 1'000'000'000)};
}

int sleep_and_wait(int epoll, epoll_event* events, int most, deadline until) noexcept {
  if (until.is_never()) return ::epoll_wait(epoll, events, most, -1);
  const timespec left = relative(until);
  const int count = ::epoll_pwait2(epoll, events, most, &left, nullptr);
  if (count >= 0 || errno != ENOSYS) return count;
  // Linux before 5.11: whole milliseconds, rounded up so that no timer makes the loop spin.
  const long long milliseconds = left.tv_sec * 1000LL + (left.tv_nsec + 999'999) / 1'000'000;
  return ::epoll_wait(epoll, events, most, static_cast<int>(std::min(milliseconds, 3'600'000LL)));
}

}  // namespace

reactor::reactor(const tick_timer& tick, policy* decides)
    : decides_(decides),
      wake_up_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)),
      epoll_(::epoll_create1(EPOLL_CLOEXEC)) {
  if (!wake_up_) exhausted("eventfd");
  if (!epoll_) exhausted("epoll_create1");
  watch(epoll_.get(), wake_up_.get(), EPOLLIN | EPOLLET, wake_up_tag);
  watch(epoll_.get(), tick.fd(), EPOLLIN | EPOLLET | EPOLLEXCLUSIVE, tick_tag);
}

reactor::harvest reactor::poll(deadline sleep_until, resumption_list& ready) noexcept {
  std::array<epoll_event, events_per_poll> events;
  const bool sleeps = sleep_until.is_never() || sleep_until.when() > clock::time_point::min();
  const int most = static_cast<int>(events.size());
  const int count = sleeps ? sleep_and_wait(epoll_.get(), events.data(), most, sleep_until)
                           : ::epoll_wait(epoll_.get(), events.data(), most, 0);
  harvest result;
  if (count <= 0) return result;
  std::lock_guard guard(lock_);
  for (int n = 0; n < count; ++n) {
    const std::uint64_t tag = events[static_cast<std::size_t>(n)].data.u64;
    if (tag == wake_up_tag) {
      // Edge-triggered and never read: each write is an edge of its own.
      result.woken = true;
    } else if (tag == tick_tag) {
      result.tick = true;
    } else {
      look_ahead(std::span(events).first(static_cast<std::size_t>(count)),
                 static_cast<std::size_t>(n));
      const auto slot = static_cast<std::uint32_t>(tag);
      const entry_slot& at = slots_[slot];
      if (at.entry == nullptr || at.generation != static_cast<std::uint32_t>(tag >> 32)) continue;
      at.entry->fire(events[static_cast<std::size_t>(n)].events, ready);
      ++result.events;
    }
  }
  return result;
}

void reactor::look_ahead(std::span<const epoll_event> events, std::size_t at) const noexcept {
  const auto entry_of = [&](std::size_t n) -> const registration* {
    if (n >= events.size() || events[n].data.u64 >= tick_tag) return nullptr;
    return slots_[static_cast<std::uint32_t>(events[n].data.u64)].entry;
  };
  if (const registration* const soon = entry_of(at + 4)) __builtin_prefetch(soon, 1);
}

void reactor::wake_up() noexcept { ::eventfd_write(wake_up_.get(), 1); }

std::uint64_t reactor::take_slot(registration& entry) {
  std::lock_guard guard(lock_);
  if (free_slots_.empty()) {
    // Both vectors grow here, where an error has done nothing yet; remove() then never allocates.
    free_slots_.reserve(slots_.size() + 1);
    slots_.emplace_back();
    free_slots_.push_back(static_cast<std::uint32_t>(slots_.size() - 1));
  }
  entry.slot_ = free_slots_.back();
  free_slots_.pop_back();
  entry_slot& at = slots_[entry.slot_];
  at.entry = &entry;
  watched_.fetch_add(1, std::memory_order_relaxed);
  return std::uint64_t{at.generation} << 32 | entry.slot_;
}

std::error_code reactor::add(registration& entry) {
  if (is_simulated(entry.fd())) {
    if (decides_ == nullptr) return std::make_error_code(std::errc::bad_file_descriptor);
    decides_->watch(entry.fd(), entry);
    return {};
  }
  if (made_in_.was_left()) end_forked_child();
  epoll_event interest{};
  interest.events = EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET;
  interest.data.u64 = take_slot(entry);
  if (::epoll_ctl(epoll_.get(), EPOLL_CTL_ADD, entry.watched_fd(), &interest) == 0) return {};
  const std::error_code error(errno, std::generic_category());
  release_slot(entry);
  return error;
}

void reactor::release_slot(registration& entry) noexcept {
  std::lock_guard guard(lock_);
  entry_slot& at = slots_[entry.slot_];
  if (at.entry != &entry) return;
  at.entry = nullptr;
  ++at.generation;
  free_slots_.push_back(entry.slot_);
  watched_.fetch_sub(1, std::memory_order_relaxed);
}

void reactor::remove(registration& entry) noexcept {
  if (is_simulated(entry.fd())) {
    if (decides_ != nullptr) decides_->unwatch(entry.fd());
    return;
  }
  release_slot(entry);
  std::lock_guard guard(
      lock_);  // so that the epoll set is not closed, and its number reused, meanwhile
  // Fails if the descriptor was closed first; there is nothing to undo then. A child of fork()
  // would end what its parent waits for.
  if (epoll_ && !made_in_.was_left())
    ::epoll_ctl(epoll_.get(), EPOLL_CTL_DEL, entry.watched_fd(), nullptr);
}

void reactor::shut_down() noexcept {
  resumption_list woken;  // fibers of other runtimes; resumed after the lock is released
  std::lock_guard guard(lock_);
  decides_ = nullptr;
  epoll_.reset();
  wake_up_.reset();
  for (const entry_slot& each : slots_) {
    if (each.entry != nullptr) each.entry->forget_reactor(woken);
  }
}

}  // namespace heddle::detail
