// SPDX-License-Identifier: MIT
// Two transports that are connected through memory: what one writes the other reads, in pieces of
// chosen sizes, through queues of chosen lengths. Works in fibers, also of a simulation.
// Invariant: as a socket does, it takes what there is room for, gives what there is, ends the calls
// under way when it is closed or aborted, and has lost nothing when a call is cancelled.
#pragma once

#include <heddle/runtime/park.hpp>
#include <heddle/runtime/wait_queue.hpp>

#include "connection/transport.hpp"

#include <algorithm>
#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <system_error>
#include <utility>

namespace heddle::test {

struct memory_stream_options {
  std::size_t queue_bytes = std::size_t{64} * 1024;  ///< in each direction
  std::size_t piece_bytes = std::size_t{64} * 1024;  ///< most that one call reads, or writes
};

/// What two memory_streams have in common. All of it is used under the lock of `changed`.
struct memory_link {
  struct direction {
    std::string bytes;
    bool ended = false;  // no more will be written
    bool reset = false;
    bool writer_closed = false;
  };

  explicit memory_link(const memory_stream_options& chosen) : options(chosen) {
    for (direction& way : ways) way.bytes.reserve(options.queue_bytes);
  }

  const memory_stream_options options;
  wait_queue changed;
  direction ways[2];  // NOLINT(modernize-avoid-c-arrays)
};

class memory_stream : public http::detail::transport {
 public:
  memory_stream(std::shared_ptr<memory_link> link, int side) : link_(std::move(link)), me_(side) {}
  ~memory_stream() override { memory_stream::close(); }

  std::size_t read_some(std::span<std::byte> into, std::error_code& error) override {
    std::size_t taken = 0;
    when_readable(error, [&] { taken = take(into); });
    if (taken != 0) link_->changed.wake_all();
    return taken;
  }

  std::size_t try_read_some(std::span<std::byte> into, std::error_code& error) override {
    std::size_t taken = 0;
    bool there = false;
    error.clear();
    change([&]() noexcept {
      there = can_tell(error);
      if (!error) taken = take(into);
    });
    if (!there) error = std::make_error_code(std::errc::operation_would_block);
    return taken;
  }

  bool is_readable() const noexcept override {
    bool there = false;
    std::error_code ignored;
    change([&]() noexcept { there = can_tell(ignored); });
    return there;
  }

  void wait_readable(std::error_code& error) override {
    when_readable(error, [] {});
  }

  std::size_t write_some(std::span<const std::byte> from, std::error_code& error) override {
    std::size_t taken = 0;
    wait_until(error, [&] { return (taken = put(from, error)) != 0 || error; });
    if (taken != 0) link_->changed.wake_all();
    return taken;
  }

  std::size_t try_write_some(std::span<const std::byte> from, std::error_code& error) override {
    std::size_t taken = 0;
    error.clear();
    link_->changed.wake_all(wake_reason::event, [&]() noexcept { taken = put(from, error); });
    if (taken == 0 && !error) error = std::make_error_code(std::errc::operation_would_block);
    return taken;
  }

  void shutdown_write(std::error_code& error) override {
    error.clear();
    change([&]() noexcept { outgoing().ended = true; });
  }

  void close() noexcept override {
    change([&]() noexcept { outgoing().ended = outgoing().writer_closed = true; });
  }

  void abort() noexcept override {
    change([&]() noexcept {
      outgoing().ended = outgoing().writer_closed = outgoing().reset = true;
      outgoing().bytes.clear();
    });
  }

  io::endpoint peer_endpoint() const override { return "127.0.0.1:7"; }
  bool is_encrypted() const noexcept override { return false; }

 private:
  memory_link::direction& incoming() const { return link_->ways[1 - me_]; }
  memory_link::direction& outgoing() const { return link_->ways[me_]; }

  std::size_t take(std::span<std::byte> into) {
    std::string& from = incoming().bytes;
    const std::size_t taken = std::min({into.size(), from.size(), link_->options.piece_bytes});
    std::copy_n(reinterpret_cast<const std::byte*>(from.data()), taken, into.begin());
    from.erase(0, taken);
    return taken;
  }

  /// Returns whether a read has something to tell: bytes, the end, or `error`.
  bool can_tell(std::error_code& error) const {
    return has_failed(incoming(), error) || !incoming().bytes.empty() || incoming().ended;
  }

  /// Takes what there is room for.
  std::size_t put(std::span<const std::byte> from, std::error_code& error) {
    std::string& to = outgoing().bytes;
    if (has_failed(outgoing(), error)) return 0;
    if (outgoing().ended || incoming().writer_closed) {
      error = std::make_error_code(std::errc::broken_pipe);
      return 0;
    }
    const std::size_t room = link_->options.queue_bytes - to.size();
    const std::size_t taken = std::min({from.size(), room, link_->options.piece_bytes});
    to.append(reinterpret_cast<const char*>(from.data()), taken);
    return taken;
  }

  template <class F>
  void change(F f) const noexcept {
    link_->changed.wake_all(wake_reason::event, f);
  }

  bool has_failed(const memory_link::direction& way, std::error_code& error) const {
    if (way.reset) error = std::make_error_code(std::errc::connection_reset);
    if (outgoing().writer_closed) error = std::make_error_code(std::errc::operation_canceled);
    return static_cast<bool>(error);
  }

  /// Calls `attempt` under the lock until it returns true.
  template <class Attempt>
  void wait_until(std::error_code& error, Attempt attempt) {
    error.clear();
    cooperate();
    bool done = false;
    while (!done) link_->changed.wait_unless([&] { return done = attempt(); });
  }

  template <class F>
  void when_readable(std::error_code& error, F f) {
    wait_until(error, [&] {
      const bool there = can_tell(error);
      if (there && !error) f();
      return there;
    });
  }

  const std::shared_ptr<memory_link> link_;
  const int me_;
};

struct memory_pair {
  std::unique_ptr<memory_stream> near;
  std::unique_ptr<memory_stream> far;
};

inline memory_pair connected_in_memory(const memory_stream_options& options = {}) {
  auto link = std::make_shared<memory_link>(options);
  return {std::make_unique<memory_stream>(link, 0), std::make_unique<memory_stream>(link, 1)};
}

}  // namespace heddle::test
