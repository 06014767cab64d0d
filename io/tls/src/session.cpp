// SPDX-License-Identifier: MIT
// Handshake, reading, writing, the courier and the end: the steps that README.md names.
#include "session.hpp"

#include <heddle/runtime/cancel.hpp>
#include <heddle/runtime/lock_owner.hpp>
#include <heddle/runtime/park.hpp>
#include <heddle/runtime/readiness.hpp>
#include <heddle/tls/error.hpp>

#include <algorithm>
#include <utility>

namespace heddle::tls::detail {

session::session(io::tcp_stream over, std::unique_ptr<engine> with,
                 std::shared_ptr<const void> keeps, std::chrono::nanoseconds handshake_timeout)
    : over_(std::move(over)),
      keeps_(std::move(keeps)),
      handshake_timeout_(handshake_timeout),
      engine_(std::move(with)) {}

// --- the handshake

void session::handshake(std::error_code& error) {
  error.clear();
  if (!begin_shaking(error)) return;
  const std::lock_guard shaking(shaking_);
  if (!begin_shaking(error)) return;
  if (!begun_) limit_ = deadline::after(handshake_timeout_);
  begun_ = true;
  shake_in_time(error);
}

/// Returns: false if there is nothing to do, or nothing to be done: `error`.
bool session::begin_shaking(std::error_code& error) {
  const std::lock_guard lock(state_);
  if (closed_) {
    error = std::make_error_code(std::errc::bad_file_descriptor);
  } else if (engine_->failed()) {
    error = engine_->fail({}).error;
  }
  return !error && !engine_->established();
}

void session::shake_in_time(std::error_code& error) {
  if (is_plain_thread(caller_id())) {
    shake(error);  // receive() keeps the time
  } else if (!move_on_at(limit_, [&] { shake(error); })) {
    fail(tls_errc::handshake_timeout);
    error = tls_errc::handshake_timeout;
  }
}

void session::shake(std::error_code& error) {
  for (;;) {
    outcome step;
    std::uint64_t seen = 0;
    {
      const std::lock_guard lock(state_);
      step = engine_->handshake();
      seen = fed_;
    }
    if (step.what == progress::failed) {
      push();  // the alert
      error = step.error;
      return;
    }
    {
      const std::lock_guard sending(sending_);
      std::error_code unsent;  // a peer that ended may have said why: read on
      send(sending_mode::wait, unsent);
    }
    settle(false);
    if (step.what == progress::done) return;
    receive(seen, limit_, error);
    if (error) return;
  }
}

void session::fail(std::error_code why) {
  const std::lock_guard lock(state_);
  engine_->fail(why);
}

// --- reading

/// Calls `step(engine)` until it is done, feeding the engine. Steps R1 to R6.
template <class Step>
std::size_t session::advance(Step step, std::error_code& error) {
  error.clear();
  for (;;) {
    cooperate();
    outcome now;
    std::uint64_t seen = 0;
    bool established = false;
    bool made = false;
    {
      const std::lock_guard lock(state_);
      if (closed_) {
        error = std::make_error_code(std::errc::bad_file_descriptor);
        return 0;
      }
      established = engine_->established();
      if (established) now = step(*engine_);
      if (engine_->made_bytes() > write_batch_bytes + unsent_reply_bytes) {
        now = engine_->fail(tls_errc::flooded);
      }
      seen = fed_;
      made = engine_->made_bytes() > 0;
    }
    if (!established) {
      handshake(error);
      if (error) return 0;
      continue;
    }
    if (made) push();
    if (now.what == progress::done) return now.bytes;
    if (now.what == progress::ended) return 0;
    if (now.what == progress::failed) {
      error = now.error;
      return 0;
    }
    receive(seen, {}, error);
    if (error) return 0;
  }
}

std::size_t session::read_some(std::span<std::byte> into, std::error_code& error) {
  if (into.empty()) {
    error.clear();
    return 0;
  }
  return advance([&](engine& with) { return with.read(into); }, error);
}

void session::wait_readable(std::error_code& error) {
  advance(
      [](engine& with) {
        const outcome seen = with.look();
        // The read will report it.
        return seen.what == progress::wants_bytes ? seen : outcome{};
      },
      error);
}

/// Returns: false with an error, or if `limit` passed first.
bool session::await_bytes(deadline limit, std::error_code& error) {
  if (!limit.is_never() && is_plain_thread(caller_id()) &&
      !heddle::wait_readable(over_.native_handle(), limit)) {
    fail(tls_errc::handshake_timeout);
    error = tls_errc::handshake_timeout;
    return false;
  }
  over_.wait_readable(error);
  return !error;
}

/// Feeds the engine once, unless somebody has since it asked. Steps R4 to R6.
void session::receive(std::uint64_t seen, deadline limit, std::error_code& error) {
  const std::lock_guard receiving(receiving_);
  {
    const std::lock_guard lock(state_);
    if (fed_ != seen) return;
  }
  // Who waits holds no buffer, and the wait may end for what has been read by then.
  while (await_bytes(limit, error) && !feed_what_has_come(error) && !error) continue;
}

/// Returns: false if nothing has come, or with an error. The caller holds receiving_.
bool session::feed_what_has_come(std::error_code& error) {
  auto chunk = std::make_unique_for_overwrite<std::byte[]>(read_chunk_bytes);
  const std::size_t count = over_.try_read_some(std::span(chunk.get(), read_chunk_bytes), error);
  if (error == std::errc::operation_would_block) {
    error.clear();
    return false;
  }
  if (!error) feed(std::move(chunk), count);
  return !error;
}

/// The caller holds receiving_.
void session::feed(std::unique_ptr<std::byte[]> chunk, std::size_t count) {
  const std::lock_guard lock(state_);
  ++fed_;
  if (count == 0) {
    engine_->feed_end();
  } else {
    engine_->feed(std::move(chunk), count);
  }
}

bool session::is_readable() noexcept {
  try {
    return look_now();
  } catch (...) {
    return true;  // no memory to find out: the read will tell
  }
}

/// Takes in what has come, as a reader would, but waits for nothing.
bool session::look_now() {
  for (std::size_t chunks = 0; chunks < looked_at_chunks; ++chunks) {
    progress found = progress::failed;
    bool made = false;
    {
      const std::lock_guard lock(state_);
      if (closed_) return true;
      if (!engine_->failed() && !engine_->established()) return over_.is_readable();
      found = engine_->look().what;
      made = engine_->made_bytes() > 0;
    }
    if (made) push();
    if (found != progress::wants_bytes) return true;
    std::error_code error;
    if (!receive_now(error)) return static_cast<bool>(error);
  }
  return true;  // somebody keeps us busy
}

/// Feeds the engine once with what has come. Returns: false if nothing has, somebody else reads, or
/// there was an error.
bool session::receive_now(std::error_code& error) {
  const std::unique_lock receiving(receiving_, std::try_to_lock);
  if (!receiving.owns_lock() || !over_.is_readable()) return false;
  {
    const std::lock_guard lock(state_);
    if (engine_->look().what != progress::wants_bytes) return true;  // somebody has fed it
  }
  return feed_what_has_come(error);
}

// --- writing

/// Takes what the engine has made, once all before it has left. Returns: false if that is nothing.
/// The caller holds sending_.
bool session::next_batch() {
  if (sent_count_ < leaving_.size()) return true;
  leaving_ = {};
  sent_count_ = 0;
  const std::lock_guard lock(state_);
  rest_waits_ = false;
  engine_->take_made(leaving_);
  return !leaving_.empty();
}

/// Sends all there is. Returns: false if that would have to wait. The caller holds sending_.
/// Suspends: in mode `wait`; a rest stays in leaving_.
bool session::send(sending_mode how, std::error_code& error) {
  error = send_error_;
  while (next_batch()) {
    if (error) {
      drop_unsent();
      continue;
    }
    const auto rest = std::span<const std::byte>(leaving_).subspan(sent_count_);
    const std::size_t count = how == sending_mode::wait ? over_.write_some(rest, error)
                                                        : over_.try_write_some(rest, error);
    if (error == std::errc::operation_would_block && how == sending_mode::try_once) {
      error.clear();
      const std::lock_guard lock(state_);
      rest_waits_ = true;
      return false;
    }
    send_error_ = error;
    sent_count_ += count;
  }
  return true;
}

void session::drop_unsent() noexcept { sent_count_ = leaving_.size(); }

bool session::has_unsent() const {
  const std::lock_guard lock(state_);
  return engine_->made_bytes() > 0 || rest_waits_;
}

/// Sends without waiting; what has no room is left to the courier. Step P.
void session::push() {
  do {
    std::unique_lock sending(sending_, std::try_to_lock);
    if (!sending.owns_lock()) return;  // the holder looks again after its unlock
    std::error_code ignored;           // the next writer is told
    const bool all = send(sending_mode::try_once, ignored);
    sending.unlock();
    if (!all) return start_courier();
  } while (has_unsent());
}

/// After sending_ was unlocked: sees to what came meanwhile. Step T.
void session::settle(bool unsent) {
  if (unsent) {
    start_courier();
  } else if (has_unsent()) {
    push();
  }
}

std::size_t session::write_some(std::span<const std::byte> from, std::error_code& error) {
  error.clear();
  if (from.empty()) return 0;
  cooperate();
  handshake(error);
  if (error) return 0;
  bool unsent = false;
  outcome taken;
  {
    const std::lock_guard sending(sending_);
    send(sending_mode::wait, error);
    if (error) return 0;
    {
      const std::lock_guard lock(state_);
      taken = engine_->write(from);
    }
    try {
      std::error_code later;  // kept for the next writer: these bytes are taken
      send(sending_mode::wait, later);
    } catch (...) {
      // Cancelled, most likely; the next suspension point says so again.
      const std::lock_guard lock(state_);
      unsent = rest_waits_ = true;
    }
  }
  settle(unsent);
  error = taken.error;
  return taken.bytes;
}

std::size_t session::try_write_some(std::span<const std::byte> from, std::error_code& error) {
  error.clear();
  if (from.empty()) return 0;
  const bool wait = begin_shaking(error);
  if (error) return 0;
  const auto would_block = std::make_error_code(std::errc::operation_would_block);
  std::unique_lock sending(sending_, std::defer_lock);
  if (wait || !sending.try_lock()) {
    error = would_block;
    return 0;
  }
  bool all = send(sending_mode::try_once, error);
  outcome taken;
  if (!all) {
    taken.error = would_block;
  } else if (error) {
    taken.error = error;
  } else {
    {
      const std::lock_guard lock(state_);
      taken = engine_->write(from);
    }
    all = send(sending_mode::try_once, error);
  }
  sending.unlock();
  settle(!all);
  error = taken.error;
  return taken.bytes;
}

void session::shutdown_write(std::error_code& error) {
  handshake(error);
  if (error) return;
  {
    const std::lock_guard sending(sending_);
    send(sending_mode::wait, error);
    if (error) return;
    {
      const std::lock_guard lock(state_);
      engine_->say_goodbye();
    }
    send(sending_mode::wait, error);
    if (!error) over_.shutdown_write(error);
  }
  settle(false);
}

void session::renew_keys(std::error_code& error) {
  handshake(error);
  if (error) return;
  const std::lock_guard lock(state_);
  error = engine_->renew_keys();
}

// --- the courier

void session::start_courier() {
  if (is_plain_thread(caller_id())) return;
  task<void> last;  // ends here, outside of the lock
  {
    const std::lock_guard lock(state_);
    if (closed_ || courier_runs_) return;
    courier_runs_ = true;
    last = std::move(courier_);
  }
  try {
    task<void> next =
        spawn({.name = "tls courier"}, [self = shared_from_this()] { self->carry(); });
    const std::lock_guard lock(state_);
    // It may have ended already, and the next one be there.
    if (!closed_ && !courier_.joinable()) courier_ = std::move(next);
  } catch (...) {
    const std::lock_guard lock(state_);  // no stack: the next writer sends it
    courier_runs_ = false;
  }
}

void session::carry() {
  for (bool more = true; more;) {
    {
      const std::lock_guard sending(sending_);
      std::error_code kept;
      send(sending_mode::wait, kept);
    }
    // What came since the last look is this fiber's, too: it cannot end to make room for another.
    const std::lock_guard lock(state_);
    more = engine_->made_bytes() > 0 || rest_waits_;
    courier_runs_ = more;
  }
}

void session::join_courier() noexcept {
  task<void> last;
  const std::lock_guard lock(state_);
  last = std::move(courier_);
}

// --- the end

void session::end(ending how) noexcept {
  {
    const std::lock_guard lock(state_);
    if (std::exchange(closed_, true)) return;
    if (how == ending::graceful) engine_->say_goodbye();
  }
  if (how == ending::reset) return over_.abort();
  try {
    const std::unique_lock sending(sending_, std::try_to_lock);
    std::error_code ignored;
    if (sending.owns_lock()) send(sending_mode::try_once, ignored);
  } catch (...) {
    // No memory for close_notify: the peer will say truncated.
  }
  over_.close();
}

}  // namespace heddle::tls::detail
