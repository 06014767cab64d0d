// SPDX-License-Identifier: MIT
// One SSL object between two buffers of ciphertext. It computes and never waits.
// Invariants: (1) one thread at a time: the session's lock `state`; (2) the error queue is cleared
// before each call of OpenSSL and read after it; (3) bytes are fed only when it has none left; (4)
// a failure is final: every later call reports it; (5) buffers are freed when they are empty.
#pragma once

#include "session_cache.hpp"
#include "verdict.hpp"

#include <heddle/tls/stream.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <system_error>
#include <vector>

namespace heddle::tls::detail {

/// What one recv brings at most: a record of the longest kind, and its head.
constexpr std::size_t read_chunk_bytes = std::size_t{16} * 1024 + 256 + 5;

/// Plaintext that one write takes at most: four records.
constexpr std::size_t write_batch_bytes = std::size_t{64} * 1024;

enum class progress : std::uint8_t {
  done,
  wants_bytes,  ///< feed(), then call again
  ended,        ///< the peer has said close_notify
  failed
};

struct outcome {
  progress what = progress::done;
  std::size_t bytes = 0;
  std::error_code error = {};
};

class engine {
 public:
  /// Takes over an SSL object that knows its role. `cache` may be null.
  engine(owned<SSL> ssl, std::string host, std::shared_ptr<session_slot> slot);
  engine(const engine&) = delete;
  engine& operator=(const engine&) = delete;
  ~engine();

  /// Gives it ciphertext. Shape: not empty, and it has asked for bytes.
  void feed(std::unique_ptr<std::byte[]> chunk, std::size_t count);
  /// Says that no more will come.
  void feed_end() noexcept { at_end_ = true; }

  outcome handshake();
  outcome read(std::span<std::byte> into);
  /// Says what read() would, and takes nothing. bytes: 1 if there is something to read.
  outcome look();
  outcome write(std::span<const std::byte> from);
  /// Makes close_notify, once.
  void say_goodbye();
  /// Makes a KeyUpdate that asks for one in return. Errors: broken_pipe after say_goodbye();
  /// operation_not_supported below TLS 1.3.
  std::error_code renew_keys();

  /// Ends the connection for a reason of ours.
  outcome fail(std::error_code why, std::string reason = {});

  bool established() const noexcept { return known_.established; }
  bool failed() const noexcept { return static_cast<bool>(verdict_.code); }
  bool said_goodbye() const noexcept { return said_goodbye_; }
  const std::string& reason() const noexcept { return verdict_.reason; }

  std::size_t made_bytes() const noexcept { return made_.size(); }
  /// Moves what it has made to `into`, which is empty.
  void take_made(std::vector<std::byte>& into) noexcept { into.swap(made_); }

  negotiated agreed() const;
  std::optional<peer_certificate> peer() const;

 private:
  friend struct engine_bio;
  friend struct engine_callbacks;

  outcome judge(int result);

  owned<SSL> ssl_;
  evidence known_;
  verdict verdict_;
  std::shared_ptr<session_slot> slot_;
  std::unique_ptr<std::byte[]> arrived_;
  std::size_t arrived_count_ = 0;
  std::size_t used_count_ = 0;
  std::vector<std::byte> made_;
  bool at_end_ = false;
  bool said_goodbye_ = false;
};

/// OpenSSL's callbacks that need the engine of an SSL object.
struct engine_callbacks {
  static int verify(int preverified, X509_STORE_CTX* asked);
  static int new_session(SSL* ssl, SSL_SESSION* session);
};

}  // namespace heddle::tls::detail
