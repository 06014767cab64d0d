// SPDX-License-Identifier: MIT
// Moves ciphertext between an engine and its socket, for readers, writers and closers on different
// threads. The locks, the steps named R, W, P and T, and the proof: README.md.
#pragma once

#include "engine.hpp"

#include <heddle/io/tcp.hpp>
#include <heddle/runtime/deadline.hpp>
#include <heddle/runtime/task.hpp>
#include <heddle/sync/mutex.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <system_error>
#include <vector>

namespace heddle::tls::detail {

/// Answers that may wait because the peer does not read, beside a writer's batch: some 600 key
/// updates.
constexpr std::size_t unsent_reply_bytes = std::size_t{16} * 1024;

/// Reads that is_readable() makes at most to get past what is no application's.
constexpr std::size_t looked_at_chunks = 8;

class session : public std::enable_shared_from_this<session> {
 public:
  enum class ending : std::uint8_t { graceful, reset };

  /// What the callbacks of the SSL object need lives as long as `keeps`.
  session(io::tcp_stream over, std::unique_ptr<engine> with, std::shared_ptr<const void> keeps,
          std::chrono::nanoseconds handshake_timeout);
  session(const session&) = delete;
  session& operator=(const session&) = delete;

  void handshake(std::error_code& error);
  std::size_t read_some(std::span<std::byte> into, std::error_code& error);
  void wait_readable(std::error_code& error);
  bool is_readable() noexcept;
  std::size_t write_some(std::span<const std::byte> from, std::error_code& error);
  std::size_t try_write_some(std::span<const std::byte> from, std::error_code& error);
  void shutdown_write(std::error_code& error);
  void renew_keys(std::error_code& error);
  void end(ending how) noexcept;
  /// Waits, shielded, for the courier. After end().
  void join_courier() noexcept;

  bool is_open() const noexcept { return over_.is_open(); }
  const io::tcp_stream& over() const noexcept { return over_; }

  /// Calls `look(engine)` under the lock.
  template <class Look>
  auto with_engine(Look look) const {
    const std::lock_guard lock(state_);
    return look(std::as_const(*engine_));
  }

 private:
  enum class sending_mode : std::uint8_t { wait, try_once };

  void shake(std::error_code& error);
  void shake_in_time(std::error_code& error);
  bool begin_shaking(std::error_code& error);
  void fail(std::error_code why);

  template <class Step>
  std::size_t advance(Step step, std::error_code& error);
  void receive(std::uint64_t seen, deadline limit, std::error_code& error);
  bool await_bytes(deadline limit, std::error_code& error);
  bool look_now();
  bool receive_now(std::error_code& error);
  bool feed_what_has_come(std::error_code& error);
  void feed(std::unique_ptr<std::byte[]> chunk, std::size_t count);

  bool send(sending_mode how, std::error_code& error);
  bool next_batch();
  void drop_unsent() noexcept;
  void push();
  void settle(bool unsent);
  bool has_unsent() const;
  void start_courier();
  void carry();

  io::tcp_stream over_;
  const std::shared_ptr<const void> keeps_;
  const std::chrono::nanoseconds handshake_timeout_;

  sync::mutex shaking_;
  deadline limit_;  // of the handshake
  bool begun_ = false;

  sync::mutex receiving_;

  sync::mutex sending_;
  std::vector<std::byte> leaving_;
  std::size_t sent_count_ = 0;
  std::error_code send_error_;

  mutable std::mutex state_;
  std::unique_ptr<engine> engine_;
  std::uint64_t fed_ = 0;    // how often the engine was fed
  bool rest_waits_ = false;  // somebody gave up with a rest in leaving_
  bool closed_ = false;
  bool courier_runs_ = false;
  task<void> courier_;
};

}  // namespace heddle::tls::detail
