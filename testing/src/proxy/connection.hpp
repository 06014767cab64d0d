// SPDX-License-Identifier: MIT
// One connection of a proxy: two streams, and a lane for each direction between them.
// Six fibers: one reads into each lane's backlog and one writes out of it, one looks whether the
// plan or somebody outside ends the connection, one waits for whoever ends it first. Invariants:
// (1) all of them run on the proxy's only loop, so that lanes need no lock; what others set (plan_,
// asked_) is under lock_; (2) streams are ended by run() alone, when no other fiber is left;
// (3) after vanished_ was set nothing is forwarded.
#pragma once

#include "proxy/backlog.hpp"
#include "proxy/board.hpp"
#include "proxy/notifier.hpp"
#include "proxy/shaper.hpp"

#include <heddle/io/tcp.hpp>
#include <heddle/testing/fault_proxy.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

namespace heddle::testing::detail {

class connection {
 public:
  using shared_plan = std::shared_ptr<const proxy_plan>;

  connection(std::uint64_t number, io::tcp_stream client, shared_plan plan,
             const fault_proxy_options& options, board& counters);

  /// Connects to `target`, forwards until the connection ends, ends both streams. On a fiber of the
  /// proxy, once.
  void run(const io::endpoint& target);

  // From any fiber or thread:
  void set_plan(shared_plan plan);
  void end(proxy_ending how);

 private:
  /// How the connection ends, and as what it counts, if as anything.
  struct verdict {
    proxy_ending how;
    std::uint64_t proxy_stats::*counter;
  };

  struct lane {
    lane(io::tcp_stream& source, io::tcp_stream& sink, direction_plan proxy_plan::*rules,
         direction_stats proxy_stats::*counts, std::size_t buffer_bytes, std::uint64_t salt)
        : from(source), to(sink), plan(rules), stats(counts), waiting(buffer_bytes), shape(salt) {}

    bool finished() const noexcept { return waiting.ended() && waiting.empty(); }

    io::tcp_stream& from;
    io::tcp_stream& to;
    direction_plan proxy_plan::*plan;
    direction_stats proxy_stats::*stats;
    backlog waiting;
    shaper shape;
    notifier changes;        // in waiting, in the plan
    bool broken = false;     // its end was an error
    bool sink_gone = false;  // nobody is there to write to, and `from` is not told
    bool end_passed_on = false;
    bool end_kept_back = false;
    std::optional<std::uint64_t> delayed_at = {};  // the last offset that was counted
  };

  verdict carry_or_fail(const io::endpoint& target);
  verdict carry(const io::endpoint& target);
  verdict forward_all(const io::endpoint& target);
  verdict control();
  verdict intake(lane& in);
  verdict outlet(lane& out);

  std::optional<verdict> asked();
  std::optional<verdict> ended_by(proxy_ending how);
  void await_room(lane& in);
  void discard(lane& out, std::size_t bytes);
  bool forward(lane& out, const direction_plan& rules, std::size_t bytes);
  std::optional<verdict> conclude(lane& out, const direction_plan& rules);
  void note_delay(lane& out);
  void finish(const verdict& last);

  std::shared_ptr<const direction_plan> rules_of(const lane& of) const;
  bool passes_on(const lane& of) const;
  lane& opposite(const lane& of) noexcept { return &of == &up_ ? down_ : up_; }

  const fault_proxy_options& options_;
  board& board_;
  io::tcp_stream client_;
  io::tcp_stream target_;
  lane up_;
  lane down_;
  bool vanished_ = false;

  mutable std::mutex lock_;  // held for a few instructions, in which nobody suspends
  shared_plan plan_;
  std::optional<proxy_ending> asked_;
  notifier requests_;
};

}  // namespace heddle::testing::detail
