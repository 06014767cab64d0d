// SPDX-License-Identifier: MIT
// The sessions of a client, by server and by age.
#include "session_cache.hpp"

#include <exception>
#include <utility>

namespace heddle::tls::detail {

bool session_cache::put(const std::string& server, SSL_SESSION* session) noexcept {
  if (most_ == 0 || SSL_SESSION_is_resumable(session) != 1) return false;
  try {
    const std::lock_guard lock(lock_);
    const auto found = entries_.find(server);
    if (found != entries_.end()) {
      by_age_.splice(by_age_.end(), by_age_, found->second.age);
      found->second.session.reset(session);
      return true;
    }
    if (entries_.size() >= most_) {
      entries_.erase(by_age_.front());
      by_age_.pop_front();
    }
    by_age_.push_back(server);
    try {
      entries_.emplace(server, entry{nullptr, std::prev(by_age_.end())});
    } catch (...) {
      by_age_.pop_back();
      throw;
    }
    entries_.find(server)->second.session.reset(session);
    return true;
  } catch (const std::exception&) {
    return false;  // no memory: no resumption
  }
}

owned<SSL_SESSION> session_cache::take(const std::string& server) {
  const std::lock_guard lock(lock_);
  const auto found = entries_.find(server);
  if (found == entries_.end()) return nullptr;
  SSL_SESSION* const kept = found->second.session.get();
  if (SSL_SESSION_get_protocol_version(kept) < TLS1_3_VERSION) {
    SSL_SESSION_up_ref(kept);  // the server may give no new one
    return owned<SSL_SESSION>(kept);
  }
  owned<SSL_SESSION> last = std::move(found->second.session);
  by_age_.erase(found->second.age);
  entries_.erase(found);
  return last;
}

}  // namespace heddle::tls::detail
