// SPDX-License-Identifier: MIT
// One decision after the other. A rate is kept by slots: each piece pushes the next one's back by
// the time it is worth, and `burst` is what an idle direction may make up for.
#include "proxy/shaper.hpp"

#include "splitmix.hpp"

#include <algorithm>

namespace heddle::testing::detail {

namespace {

constexpr std::chrono::milliseconds burst{10};

std::uint64_t left_of_limit(const direction_plan& plan, std::uint64_t offset) {
  return plan.limit ? plan.limit->bytes - offset : ~std::uint64_t{0};
}

std::size_t shorter(std::size_t bytes, std::uint64_t most) {
  return static_cast<std::size_t>(std::min<std::uint64_t>(bytes, most));
}

/// What may go out in one piece at a rate.
std::uint64_t rate_piece(std::uint64_t bytes_per_second) {
  return std::max<std::uint64_t>(1, bytes_per_second / 100);
}

}  // namespace

std::uint64_t shaper::random(std::uint64_t offset) const noexcept {
  return splitmix(salt_, offset + 1);
}

shaper::step shaper::next(const direction_plan& plan, const backlog& waiting,
                          clock::time_point now) {
  if (plan.limit && offset_ >= plan.limit->bytes) {
    return {.what = action::end, .ending = plan.limit->then};
  }
  if (waiting.empty()) return {.what = action::wait};
  if (plan.on_data) return {.what = action::end, .ending = *plan.on_data};
  if (plan.flow == byte_flow::hold) return {.what = action::wait};
  if (plan.flow == byte_flow::drop) {
    return {.what = action::discard,
            .bytes = shorter(waiting.size(), left_of_limit(plan, offset_))};
  }
  const ripeness found = ripe(plan, waiting, now);
  if (found.bytes == 0 || collecting(plan, waiting, found, now)) {
    deadline until = found.more;
    if (found.bytes != 0) {
      const auto first = waiting.arrivals().front().when;
      until = std::min(until, deadline(first + plan.delay + plan.merge_for));
    }
    return {.what = action::wait, .until = until};
  }
  if (slot(plan) > now) return {.what = action::wait, .until = slot(plan)};
  return {.what = action::forward, .bytes = cut(plan, found.bytes)};
}

shaper::ripeness shaper::ripe(const direction_plan& plan, const backlog& waiting,
                              clock::time_point now) {
  const std::size_t enough = std::max(most_piece_bytes, plan.merge_bytes);
  ripeness found{0, deadline::never()};
  for (const backlog::arrival& each : waiting.arrivals()) {
    if (each.when + plan.delay > now) {
      found.more = each.when + plan.delay;
      break;
    }
    found.bytes += each.bytes;
    if (found.bytes >= enough) break;
  }
  return found;
}

/// Returns whether what is ripe waits for more. If not, all of it is one batch.
bool shaper::collecting(const direction_plan& plan, const backlog& waiting, const ripeness& found,
                        clock::time_point now) {
  if (plan.merge_bytes == 0 || offset_ < batch_end_) return false;
  const auto longest = waiting.arrivals().front().when + plan.delay + plan.merge_for;
  const bool last = found.bytes == waiting.size() && (waiting.ended() || waiting.room() == 0);
  if (found.bytes < plan.merge_bytes && !last && now < longest) return true;
  batch_end_ = offset_ + found.bytes;
  return false;
}

clock::time_point shaper::slot(const direction_plan& plan) const {
  clock::time_point next{};
  if (plan.bytes_per_second != 0) next = rate_slot_;
  if (plan.pause.count() != 0) next = std::max(next, pause_slot_);
  return next;
}

std::size_t shaper::cut(const direction_plan& plan, std::size_t bytes) const {
  std::size_t size = std::min(bytes, most_piece_bytes);
  size = shorter(size, left_of_limit(plan, offset_));
  if (plan.merge_bytes != 0) size = shorter(size, batch_end_ - offset_);
  if (plan.bytes_per_second != 0) size = shorter(size, rate_piece(plan.bytes_per_second));
  if (plan.piece_bytes != 0) size = shorter(size, plan.piece_bytes - offset_ % plan.piece_bytes);
  const auto split = std::upper_bound(plan.split_at.begin(), plan.split_at.end(), offset_);
  if (split != plan.split_at.end()) size = shorter(size, *split - offset_);
  for (std::size_t at = 1; plan.mean_piece_bytes != 0 && at < size; ++at) {
    if (random(offset_ + at) % plan.mean_piece_bytes == 0) size = at;
  }
  return size;
}

std::size_t shaper::corrupt(const direction_plan& plan, std::span<std::byte> piece) const {
  std::size_t changed = 0;
  const auto change = [&](std::uint64_t at) {
    // Never 0, so that the byte is another one.
    piece[static_cast<std::size_t>(at - offset_)] ^= static_cast<std::byte>(1 + random(at) % 255);
    ++changed;
  };
  const std::uint64_t end = offset_ + piece.size();
  const auto& chosen = plan.corrupt_at;
  auto at = std::lower_bound(chosen.begin(), chosen.end(), offset_);
  for (; at != chosen.end() && *at < end; ++at) change(*at);
  if (const std::uint64_t every = plan.corrupt_every; every != 0) {
    for (std::uint64_t next = offset_ + every - 1 - offset_ % every; next < end; next += every) {
      if (!std::binary_search(chosen.begin(), chosen.end(), next)) change(next);
    }
  }
  return changed;
}

void shaper::left(const direction_plan& plan, std::size_t bytes, clock::time_point now) {
  offset_ += bytes;
  pause_slot_ = now + plan.pause;
  if (plan.bytes_per_second == 0) return;
  const std::uint64_t worth = bytes * std::uint64_t{1'000'000'000} / plan.bytes_per_second;
  rate_slot_ = std::max(rate_slot_, now - burst) + std::chrono::nanoseconds(worth);
}

}  // namespace heddle::testing::detail
