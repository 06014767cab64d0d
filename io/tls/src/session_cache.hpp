// SPDX-License-Identifier: MIT
// A client's sessions for resumption, by the server they were made with.
// Invariants: (1) a session of TLS 1.3 is offered once (RFC 8446, C.4), and any only to the host
// and port it came from; (2) there are at most `most` servers; the one that was put longest ago
// goes first.
#pragma once

#include "owned.hpp"

#include <cstddef>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace heddle::tls::detail {

class session_cache {
 public:
  explicit session_cache(std::size_t most) : most_(most) {}

  /// Keeps `session` as the newest of `server`. Takes it over if it returns true.
  bool put(const std::string& server, SSL_SESSION* session) noexcept;
  /// Returns the session of `server`, which then has none any more, unless it is one of TLS 1.2;
  /// null if there is none.
  owned<SSL_SESSION> take(const std::string& server);

 private:
  struct entry {
    owned<SSL_SESSION> session;
    std::list<std::string>::iterator age;
  };

  const std::size_t most_;
  std::mutex lock_;  // for a few instructions
  std::list<std::string> by_age_;
  std::unordered_map<std::string, entry> entries_;
};

/// One connection's view of the cache.
class session_slot {
 public:
  session_slot(std::shared_ptr<session_cache> cache, std::string server)
      : cache_(std::move(cache)), server_(std::move(server)) {}

  bool put(SSL_SESSION* session) noexcept { return cache_->put(server_, session); }
  void offer(SSL* to) {
    if (const owned<SSL_SESSION> last = cache_->take(server_)) SSL_set_session(to, last.get());
  }

 private:
  std::shared_ptr<session_cache> cache_;
  std::string server_;
};

}  // namespace heddle::tls::detail
