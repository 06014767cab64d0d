// SPDX-License-Identifier: MIT
// How clients and servers of TLS behave, and with which certificates.
// Invariants: (1) a config is complete and checked once it is constructed: certificates and keys
// are read, and fit each other; (2) it is immutable but for server_config::reload(), and copies
// share what they hold, so that threads may share it too; (3) nothing below TLS 1.2 is spoken, no
// cipher without forward secrecy and authentication of the data, no compression, no renegotiation.
// Not here: what OpenSSL makes of it (src/context.hpp).
#pragma once

#include <heddle/io/endpoint.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

namespace heddle::tls {

namespace detail {
struct config_access;
class client_context;
class server_cell;
}  // namespace detail

/// Certificates or a key, in PEM: the text itself or the file that has it. Default: none.
class pem {
 public:
  pem() noexcept = default;
  static pem text(std::string content) { return {std::move(content), from::text}; }
  static pem file(std::string path) { return {std::move(path), from::file}; }

  bool empty() const noexcept { return value_.empty(); }
  bool is_file() const noexcept { return from_ == from::file; }
  /// Returns the text, or the path.
  const std::string& value() const noexcept { return value_; }

 private:
  enum class from : std::uint8_t { text, file };
  pem(std::string value, from kind) : value_(std::move(value)), from_(kind) {}

  std::string value_;
  from from_ = from::text;
};

/// Who one is: a certificate, followed by the ones between it and the authority, and its key.
struct identity {
  pem certificate = {};
  pem key = {};  ///< not encrypted
};

enum class version : std::uint8_t { tls_1_2, tls_1_3 };

enum class verification : std::uint8_t {
  full,                   ///< chain and host
  insecure_any_host,      ///< the chain only: every holder of a trusted certificate can pose
  insecure_trust_anybody  ///< nothing: everybody on the way can read and change all
};

/// Which authorities are trusted.
enum class trust : std::uint8_t {
  system_and_ca,  ///< the system's, and `ca` besides
  only_ca
};

struct client_options {
  verification verify = verification::full;
  trust trusted = trust::system_and_ca;
  /// More authorities. Without any, only_ca trusts nobody.
  pem ca = {};

  /// Presented to servers that ask for a certificate.
  identity client_identity = {};

  /// Application protocols, the preferred one first, such as {"h2", "http/1.1"}. A server that
  /// chooses none of them goes on without. Shape: names of 1..255 bytes.
  std::vector<std::string> alpn = {};

  version lowest = version::tls_1_2;
  version highest = version::tls_1_3;

  /// From the first step of the handshake to its end. Range 1 ms..1 h.
  std::chrono::nanoseconds handshake_timeout = std::chrono::seconds{10};

  /// Sessions kept for resumption, of different servers, at most. 0: none, no resumption.
  std::size_t session_cache_size = 256;
};

/// What a client needs to connect. Making one reads the files: keep it, and use it for many
/// connections, which then share sessions.
class client_config {
 public:
  /// Errors: tls_error (bad_credentials) or io_error that names the file, or what is wrong;
  /// std::invalid_argument naming an option. Suspends: if files are to be read (blocking pool),
  /// those of the system's authorities among them; cancel-safe. Cost: some milliseconds for these.
  client_config() : client_config(client_options{}) {}
  client_config(const client_options& options);

  /// Returns one that offers other application protocols, as client_options::alpn, and shares all
  /// else with this: files are not read again, sessions are kept in common. Errors:
  /// std::invalid_argument. Suspends: no.
  client_config with_alpn(const std::vector<std::string>& names) const;

 private:
  friend struct detail::config_access;
  std::shared_ptr<const detail::client_context> context_;
  std::vector<unsigned char> alpn_;  // as it goes over the wire
};

/// Whether a server asks its clients for certificates.
enum class client_certificates : std::uint8_t {
  ignored,
  requested,  ///< one that is presented must verify
  required
};

/// Says that somebody connected, but no TLS came of it.
struct handshake_failure {
  io::endpoint peer = {};
  std::error_code error = {};
  std::string reason = {};  ///< in words
};

struct server_options {
  pem certificate = {};  ///< and the ones between it and the authority
  pem key = {};          ///< not encrypted

  /// For clients that ask for another name (SNI): the first whose certificate has it. Others, and
  /// those that ask for none, get `certificate`.
  std::vector<identity> more = {};

  client_certificates clients = client_certificates::ignored;
  /// Whose clients are trusted. Needed unless clients are ignored.
  pem client_ca = {};

  /// Application protocols, the preferred one first. A client that offers only others is refused;
  /// one that offers none is not. Shape: names of 1..255 bytes.
  std::vector<std::string> alpn = {};

  version lowest = version::tls_1_2;
  version highest = version::tls_1_3;

  /// From the first step of the handshake to its end. Range 1 ms..1 h.
  std::chrono::nanoseconds handshake_timeout = std::chrono::seconds{10};

  /// How long serve() waits for its peer to take the end, after the handler. Range 0..1 h.
  std::chrono::nanoseconds goodbye_timeout = std::chrono::seconds{2};

  /// Called by serve() for each handshake that failed. Default: nothing, they are only counted:
  /// scanners and impatient clients are daily life. Must not throw or suspend.
  std::function<void(const handshake_failure&)> on_handshake_failure = {};
};

/// What a server needs. Copies share it, and what reload() does to it.
class server_config {
 public:
  /// Errors, Suspends: as client_config's.
  server_config(server_options options);

  /// Reads the same files again: handshakes that begin after the return get what they hold now,
  /// connections go on with what they have. Tickets given before are no longer taken: those clients
  /// make a full handshake. Errors: as the constructor; then all stays as it was. Suspends: yes,
  /// cancel-safe. From any fiber or thread.
  void reload();
  /// The same with other options.
  void reload(server_options options);

  /// Returns how many handshakes have failed, of all listeners that share this. Suspends: no.
  std::uint64_t failed_handshakes() const noexcept;

 private:
  friend struct detail::config_access;
  std::shared_ptr<detail::server_cell> cell_;
};

}  // namespace heddle::tls
