// SPDX-License-Identifier: MIT
// The BIO between OpenSSL and the two buffers, and each call of OpenSSL that a connection makes.
#include "engine.hpp"

#include "certificate.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <new>
#include <stdexcept>
#include <utility>

namespace heddle::tls::detail {

/// The BIO through which OpenSSL reads `arrived_` and appends to `made_`.
struct engine_bio {
  static int read(BIO* bio, char* into, std::size_t room, std::size_t* count) {
    engine& self = *static_cast<engine*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    *count = std::min(room, self.arrived_count_ - self.used_count_);
    if (*count == 0) {
      if (!self.at_end_) BIO_set_retry_read(bio);
      return 0;
    }
    std::memcpy(into, self.arrived_.get() + self.used_count_, *count);
    self.used_count_ += *count;
    if (self.used_count_ == self.arrived_count_) {
      self.arrived_.reset();
      self.used_count_ = self.arrived_count_ = 0;
    }
    return 1;
  }

  static int write(BIO* bio, const char* from, std::size_t size, std::size_t* count) noexcept {
    engine& self = *static_cast<engine*>(BIO_get_data(bio));
    BIO_clear_retry_flags(bio);
    const auto* const first = reinterpret_cast<const std::byte*>(from);
    try {
      self.made_.insert(self.made_.end(), first, first + size);
    } catch (const std::bad_alloc&) {
      return 0;  // no exception may cross OpenSSL: it sees a broken pipe
    }
    *count = size;
    return 1;
  }

  static long control(BIO* bio, int command, long, void*) {
    const engine& self = *static_cast<engine*>(BIO_get_data(bio));
    if (command == BIO_CTRL_EOF) return self.at_end_ && self.arrived_count_ == 0 ? 1 : 0;
    return command == BIO_CTRL_FLUSH ? 1 : 0;
  }

  static owned<BIO_METHOD> make_method() {
    owned<BIO_METHOD> made(BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "heddle"));
    if (made == nullptr) throw std::bad_alloc();
    BIO_meth_set_read_ex(made.get(), &read);
    BIO_meth_set_write_ex(made.get(), &write);
    BIO_meth_set_ctrl(made.get(), &control);
    return made;
  }

  static BIO* make(engine* self) {
    static const owned<BIO_METHOD> method = make_method();  // immutable
    BIO* const bio = BIO_new(method.get());
    if (bio == nullptr) throw std::bad_alloc();
    BIO_set_data(bio, self);
    BIO_set_init(bio, 1);
    return bio;
  }
};

int engine_callbacks::verify(int preverified, X509_STORE_CTX* asked) {
  if (preverified != 0) return 1;
  const auto* const ssl = static_cast<const SSL*>(
      X509_STORE_CTX_get_ex_data(asked, SSL_get_ex_data_X509_STORE_CTX_idx()));
  try {
    remember_refusal(static_cast<engine*>(SSL_get_app_data(ssl))->known_, asked);
  } catch (const std::bad_alloc&) {
    // Refused all the same, in fewer words.
  }
  return 0;
}

int engine_callbacks::new_session(SSL* ssl, SSL_SESSION* session) {
  const engine& self = *static_cast<engine*>(SSL_get_app_data(ssl));
  if (self.slot_ == nullptr) return 0;
  return self.slot_->put(session) ? 1 : 0;
}

engine::engine(owned<SSL> ssl, std::string host, std::shared_ptr<session_slot> slot)
    : ssl_(std::move(ssl)), slot_(std::move(slot)) {
  known_.host = std::move(host);
  SSL_set_app_data(ssl_.get(), this);
  BIO* const bio = engine_bio::make(this);
  SSL_set_bio(ssl_.get(), bio, bio);
  ERR_clear_error();
  if (slot_ != nullptr) slot_->offer(ssl_.get());
}

engine::~engine() = default;

void engine::feed(std::unique_ptr<std::byte[]> chunk, std::size_t count) {
  if (arrived_count_ != 0) throw std::logic_error("tls::engine::feed: it has bytes left");
  if (known_.first_count == 0) {
    known_.first_count = std::min(count, known_.first.size());
    std::memcpy(known_.first.data(), chunk.get(), known_.first_count);
  }
  arrived_ = std::move(chunk);
  arrived_count_ = count;
}

outcome engine::judge(int result) {
  switch (SSL_get_error(ssl_.get(), result)) {
    case SSL_ERROR_WANT_READ:
      return {progress::wants_bytes};
    case SSL_ERROR_ZERO_RETURN:
      return {progress::ended};
    default:
      verdict_ = detail::judge(known_);
      return {progress::failed, 0, verdict_.code};
  }
}

outcome engine::fail(std::error_code why, std::string reason) {
  if (!failed()) verdict_ = {why, std::move(reason)};
  return {progress::failed, 0, verdict_.code};
}

outcome engine::handshake() {
  if (failed()) return {progress::failed, 0, verdict_.code};
  ERR_clear_error();
  const int result = SSL_do_handshake(ssl_.get());
  if (result != 1) return judge(result);
  known_.established = true;
  return {};
}

outcome engine::read(std::span<std::byte> into) {
  if (failed()) return {progress::failed, 0, verdict_.code};
  ERR_clear_error();
  std::size_t count = 0;
  const int result = SSL_read_ex(ssl_.get(), into.data(), into.size(), &count);
  return result == 1 ? outcome{progress::done, count} : judge(result);
}

outcome engine::look() {
  if (failed()) return {progress::failed, 0, verdict_.code};
  ERR_clear_error();
  std::byte one{};
  std::size_t count = 0;
  const int result = SSL_peek_ex(ssl_.get(), &one, 1, &count);
  return result == 1 ? outcome{progress::done, count} : judge(result);
}

outcome engine::write(std::span<const std::byte> from) {
  if (failed()) return {progress::failed, 0, verdict_.code};
  if (said_goodbye_) {
    return {progress::failed, 0, std::make_error_code(std::errc::broken_pipe)};
  }
  from = from.first(std::min(from.size(), write_batch_bytes));
  outcome all;
  while (all.bytes < from.size()) {
    const auto rest = from.subspan(all.bytes);
    ERR_clear_error();
    std::size_t count = 0;
    const int result = SSL_write_ex(ssl_.get(), rest.data(), rest.size(), &count);
    if (result != 1) {
      const outcome why = judge(result);
      if (all.bytes > 0) return all;  // the next call fails
      if (why.what == progress::failed) return why;
      return fail(tls_errc::protocol_error, "the peer has begun a handshake anew");
    }
    all.bytes += count;
  }
  return all;
}

void engine::say_goodbye() {
  if (said_goodbye_ || failed() || !known_.established) return;
  said_goodbye_ = true;
  ERR_clear_error();
  // New keys that were asked for and have not been told count as a handshake: they go first.
  if (SSL_in_init(ssl_.get()) != 0) SSL_do_handshake(ssl_.get());
  SSL_shutdown(ssl_.get());
  ERR_clear_error();
}

std::error_code engine::renew_keys() {
  if (said_goodbye_) return std::make_error_code(std::errc::broken_pipe);
  if (SSL_get_key_update_type(ssl_.get()) != SSL_KEY_UPDATE_NONE) return {};  // not told yet
  ERR_clear_error();
  const bool asked = SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_REQUESTED) == 1;
  ERR_clear_error();
  return asked ? std::error_code() : std::make_error_code(std::errc::operation_not_supported);
}

negotiated engine::agreed() const {
  if (!known_.established) {
    throw std::logic_error("tls::stream::agreed: the handshake is not done");
  }
  negotiated all;
  all.spoken = SSL_version(ssl_.get()) == TLS1_3_VERSION ? version::tls_1_3 : version::tls_1_2;
  all.cipher = SSL_get_cipher_name(ssl_.get());
  const unsigned char* protocol = nullptr;
  unsigned length = 0;
  SSL_get0_alpn_selected(ssl_.get(), &protocol, &length);
  all.alpn.assign(reinterpret_cast<const char*>(protocol), length);
  const char* const name = SSL_get_servername(ssl_.get(), TLSEXT_NAMETYPE_host_name);
  if (name != nullptr) all.server_name = name;
  all.resumed = SSL_session_reused(ssl_.get()) == 1;
  return all;
}

std::optional<peer_certificate> engine::peer() const {
  if (!known_.established) return std::nullopt;
  const X509* const presented = SSL_get0_peer_certificate(ssl_.get());
  if (presented == nullptr) return std::nullopt;
  return describe(presented);
}

}  // namespace heddle::tls::detail
