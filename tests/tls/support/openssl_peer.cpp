// SPDX-License-Identifier: MIT
// A loop over poll() and two buffers: it writes what it can, and reads what there is. OpenSSL
// cannot write to the socket itself: a key update that comes while a record is half out breaks it.
#include "tls/support/openssl_peer.hpp"

#include "tls/support/authority.hpp"

#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/ssl.h>

#include <algorithm>
#include <cerrno>
#include <memory>
#include <vector>

#include <poll.h>
#include <sys/socket.h>

namespace heddle::test {

namespace {

struct freed {
  void operator()(BIO* one) const { BIO_free(one); }
  void operator()(EVP_PKEY* one) const { EVP_PKEY_free(one); }
  void operator()(X509* one) const { X509_free(one); }
  void operator()(SSL_CTX* one) const { SSL_CTX_free(one); }
  void operator()(SSL* one) const { SSL_free(one); }
};
template <class T>
using held = std::unique_ptr<T, freed>;

held<BIO> reader(const std::string& text) {
  return held<BIO>(BIO_new_mem_buf(text.data(), static_cast<int>(text.size())));
}

held<SSL_CTX> context_of(openssl_role role) {
  const bool serves = role == openssl_role::server;
  held<SSL_CTX> made(SSL_CTX_new(serves ? TLS_server_method() : TLS_client_method()));
  SSL_CTX_set_mode(made.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  if (!serves) return made;
  const issued& who = test_server();
  const held<X509> own(PEM_read_bio_X509(reader(who.certificate).get(), nullptr, nullptr, nullptr));
  const held<EVP_PKEY> key(
      PEM_read_bio_PrivateKey(reader(who.key).get(), nullptr, nullptr, nullptr));
  SSL_CTX_use_certificate(made.get(), own.get());
  SSL_CTX_use_PrivateKey(made.get(), key.get());
  return made;
}

class peer {
 public:
  peer(int socket, const openssl_talk& how)
      : how_(how), context_(context_of(how.role)), ssl_(SSL_new(context_.get())), socket_(socket) {
    SSL_set_bio(ssl_.get(), BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    how.role == openssl_role::server ? SSL_set_accept_state(ssl_.get())
                                     : SSL_set_connect_state(ssl_.get());
  }

  openssl_report run() {
    while (found_.error.empty() && !(ended_ && peer_ended_ && is_sent())) {
      ERR_clear_error();
      const bool sent = send();
      const bool wrote = leaving_.empty() && !ended_ && write();
      const bool read = !peer_ended_ && this->read();
      const bool waits = !sent && !wrote && !read && (is_sent() || !leaving_.empty());
      if (waits && found_.error.empty()) wait();
    }
    if (!found_.error.empty()) ::shutdown(socket_, SHUT_RDWR);  // nobody waits for more
    return found_;
  }

 private:
  bool is_sent() const {
    return leaving_.empty() && BIO_ctrl_pending(SSL_get_wbio(ssl_.get())) == 0;
  }

  /// Returns whether that got anywhere, as do the others.
  bool send() {
    if (leaving_.empty()) {
      leaving_.resize(BIO_ctrl_pending(SSL_get_wbio(ssl_.get())));
      if (leaving_.empty()) return false;
      BIO_read(SSL_get_wbio(ssl_.get()), leaving_.data(), static_cast<int>(leaving_.size()));
    }
    const ssize_t count = ::send(socket_, leaving_.data(), leaving_.size(), MSG_NOSIGNAL);
    if (count < 0 && errno != EAGAIN) fail("send");
    if (count > 0) leaving_.erase(leaving_.begin(), leaving_.begin() + count);
    return count > 0;
  }

  bool write() {
    if (sent_ == how_.total_bytes) {
      SSL_do_handshake(ssl_.get());  // an answer to a key update that is due
      return ended_ = SSL_shutdown(ssl_.get()) >= 0;
    }
    const std::size_t size = std::min(block_.size(), how_.total_bytes - sent_);
    for (std::size_t at = 0; at < size; ++at) block_[at] = byte_at(sent_ + at, 'o');
    const int count = SSL_write(ssl_.get(), block_.data(), static_cast<int>(size));
    if (count <= 0) return note(count);
    sent_ += static_cast<std::size_t>(count);
    const bool due = sent_ / how_.renew_every > found_.renewals + found_.tickets;
    if (due && sent_ < how_.total_bytes) renew();
    return true;
  }

  /// Asks for new keys or, as a server in turns with that, hands out a ticket: not both at once.
  void renew() {
    if (how_.role == openssl_role::server && found_.tickets < found_.renewals) {
      ++found_.tickets;
      if (SSL_new_session_ticket(ssl_.get()) != 1) fail("a ticket");
    } else {
      ++found_.renewals;
      if (SSL_key_update(ssl_.get(), SSL_KEY_UPDATE_REQUESTED) != 1) fail("a key update");
    }
  }

  bool read() {
    const int count = SSL_read(ssl_.get(), room_.data(), static_cast<int>(room_.size()));
    for (int at = 0; at < count; ++at) {
      if (room_[static_cast<std::size_t>(at)] == byte_at(found_.received, 'h')) ++found_.received;
    }
    return count > 0 || note(count);
  }

  /// Sees why a call got nowhere. Returns whether it may get somewhere now.
  bool note(int result) {
    switch (SSL_get_error(ssl_.get(), result)) {
      case SSL_ERROR_WANT_READ:
        return receive();
      case SSL_ERROR_ZERO_RETURN:
        return peer_ended_ = true;
      default:
        fail("a call");
        return false;
    }
  }

  bool receive() {
    std::vector<char> piece(60'000);
    const ssize_t count = ::recv(socket_, piece.data(), piece.size(), 0);
    if (count < 0 && errno == EAGAIN) return false;
    if (count <= 0) fail("receive");
    return count > 0 &&
           BIO_write(SSL_get_rbio(ssl_.get()), piece.data(), static_cast<int>(count)) > 0;
  }

  void fail(const std::string& what) {
    const char* const why = ERR_reason_error_string(ERR_peek_error());
    if (found_.error.empty()) found_.error = what + " failed: " + (why != nullptr ? why : "?");
  }

  void wait() const {
    pollfd one{socket_, static_cast<short>(leaving_.empty() ? POLLIN : POLLIN | POLLOUT), 0};
    ::poll(&one, 1, -1);
  }

  const openssl_talk how_;
  const held<SSL_CTX> context_;
  const held<SSL> ssl_;
  const int socket_;
  std::vector<char> block_ = std::vector<char>(40'000);
  std::vector<char> room_ = std::vector<char>(40'000);
  std::vector<char> leaving_;  // ciphertext
  std::size_t sent_ = 0;
  bool ended_ = false;
  bool peer_ended_ = false;
  openssl_report found_;
};

}  // namespace

openssl_report talk_as_openssl(int socket, const openssl_talk& how) {
  return peer(socket, how).run();
}

}  // namespace heddle::test
