// SPDX-License-Identifier: MIT
// The two fibers of a lane. An error of one peer, where its end is passed on, ends the connection;
// where it is not, the error is the end of that peer's side, and what is sent to it is lost.
#include "proxy/connection.hpp"

#include <algorithm>
#include <span>
#include <system_error>
#include <utility>
#include <vector>

namespace heddle::testing::detail {

namespace {

constexpr std::size_t read_bytes = 65536;

constexpr wait_kind room_kind{"room to read into, as a fault_proxy"};
constexpr wait_kind bytes_kind{"bytes that may leave, as a fault_proxy"};

}  // namespace

/// Reads, as long as there is room and the plan does not hold the lane.
connection::verdict connection::intake(lane& in) {
  std::vector<std::byte> piece(read_bytes);
  for (;;) {
    await_room(in);
    const std::size_t most = std::min(in.waiting.room(), piece.size());
    std::error_code error;
    const std::size_t bytes = in.from.read_some(std::span(piece).first(most), error);
    if (bytes == 0) {
      in.broken = static_cast<bool>(error);
      break;
    }
    in.waiting.add(std::span(piece).first(bytes), clock::now());
    board_.update([&](proxy_stats& counts) { (counts.*in.stats).received += bytes; });
    in.changes.changed();
  }
  in.waiting.end();
  in.changes.changed();
  if (in.broken && passes_on(in)) return {proxy_ending::reset, &proxy_stats::resets_passed_on};
  for (;;) in.changes.wait(in.changes.version(), {}, wait_subject(room_kind, this));
}

void connection::await_room(lane& in) {
  bool counted = false;
  for (;;) {
    const auto seen = in.changes.version();
    const bool held = rules_of(in)->flow == byte_flow::hold;
    if (!held && in.waiting.room() != 0) return;
    if (held && !std::exchange(counted, true)) {
      board_.update([](proxy_stats& counts) { ++counts.held; });
    }
    in.changes.wait(seen, {}, wait_subject(room_kind, this));
  }
}

/// Does with the backlog what the plan says.
connection::verdict connection::outlet(lane& out) {
  for (;;) {
    const auto seen = out.changes.version();
    const auto rules = rules_of(out);
    const shaper::step step = out.shape.next(*rules, out.waiting, clock::now());
    switch (step.what) {
      case shaper::action::end:
        if (const auto last = ended_by(step.ending)) return *last;
        break;
      case shaper::action::discard:
        discard(out, step.bytes);
        break;
      case shaper::action::forward:
        if (!forward(out, *rules, step.bytes)) {
          return {proxy_ending::reset, &proxy_stats::resets_passed_on};
        }
        break;
      case shaper::action::wait:
        if (const auto last = conclude(out, *rules)) return *last;
        if (!step.until.is_never()) note_delay(out);
        out.changes.wait(seen, step.until, wait_subject(bytes_kind, this));
        break;
    }
  }
}

void connection::discard(lane& out, std::size_t bytes) {
  out.waiting.remove(bytes);
  out.shape.skipped(bytes);
  board_.update([&](proxy_stats& counts) { (counts.*out.stats).dropped += bytes; });
  out.changes.changed();
}

/// Writes one piece. Returns: false if the peer is gone and the other one shall be told.
bool connection::forward(lane& out, const direction_plan& rules, std::size_t bytes) {
  const auto first = out.waiting.bytes().first(bytes);
  std::vector<std::byte> piece(first.begin(), first.end());
  const std::size_t changed = out.shape.corrupt(rules, piece);
  // Before the write: what a peer has read is counted.
  board_.update([&](proxy_stats& counts) {
    direction_stats& mine = counts.*out.stats;
    mine.forwarded += bytes;
    mine.corrupted += changed;
    ++mine.pieces;
  });
  std::error_code error;
  const std::size_t written = out.to.write_all(piece, error);
  if (error) {
    board_.update([&](proxy_stats& counts) { (counts.*out.stats).forwarded -= bytes - written; });
    if (passes_on(opposite(out))) return false;
    out.sink_gone = true;
    return true;
  }
  out.waiting.remove(bytes);
  out.shape.left(rules, bytes, clock::now());
  out.changes.changed();
  return true;
}

/// Passes the end on, when everything before it has left. Returns: how the connection ends, if it
/// does.
std::optional<connection::verdict> connection::conclude(lane& out, const direction_plan& rules) {
  if (!out.finished() || rules.flow == byte_flow::hold) return std::nullopt;
  if (passes_on(out)) {
    if (out.broken) return verdict{proxy_ending::reset, &proxy_stats::resets_passed_on};
    if (!std::exchange(out.end_passed_on, true)) {
      std::error_code gone_already;
      out.to.shutdown_write(gone_already);
    }
  } else if (!std::exchange(out.end_kept_back, true)) {
    board_.update([](proxy_stats& counts) { ++counts.ends_kept_back; });
  }
  if (opposite(out).finished()) return verdict{proxy_ending::close, nullptr};
  return std::nullopt;
}

void connection::note_delay(lane& out) {
  const std::uint64_t at = out.shape.offset();
  if (out.delayed_at == at) return;
  out.delayed_at = at;
  board_.update([](proxy_stats& counts) { ++counts.delayed; });
}

}  // namespace heddle::testing::detail
