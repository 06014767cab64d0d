// SPDX-License-Identifier: MIT
// What configs become: SSL_CTX objects that nobody changes once they are made, and the one cell
// that reload() swaps.
#pragma once

#include "owned.hpp"
#include "session_cache.hpp"

#include <heddle/tls/config.hpp>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace heddle::tls::detail {

/// What a file of certificates or keys may have at most.
constexpr std::size_t pem_file_bytes = std::size_t{1} * 1024 * 1024;

/// A list of certificates, or a key, ready to be parsed, and how errors call it.
struct pem_source {
  std::string text;
  std::string name;
};

/// Reads `from`, from its file if it is one. Errors: io_error; io_errc::too_much.
pem_source load(const pem& from, std::string_view role);

struct version_range {
  version lowest;
  version highest;
};
/// Returns a new SSL_CTX with what clients and servers have in common. Errors:
/// std::invalid_argument for a range that is empty.
owned<SSL_CTX> make_context(const SSL_METHOD* method, version_range spoken);

/// Errors: tls_error with bad_credentials.
void use_identity(SSL_CTX* into, const pem_source& certificate, const pem_source& key);
/// Trusts the certificates of `from`. Returns them.
std::vector<owned<X509>> use_authorities(SSL_CTX* into, const pem_source& from);

/// In the form that goes over the wire. Errors: std::invalid_argument.
std::vector<unsigned char> alpn_wire(const std::vector<std::string>& names);
/// Errors: std::invalid_argument that names the option.
void check_range(std::chrono::nanoseconds value, std::string_view option,
                 std::chrono::nanoseconds least);

class client_context {
 public:
  explicit client_context(const client_options& options);

  /// Returns an SSL object that will ask for `host` and verify it, and offer `alpn`. Errors:
  /// std::invalid_argument.
  owned<SSL> make(const std::string& host, const std::vector<unsigned char>& alpn) const;
  std::shared_ptr<session_cache> cache() const { return cache_; }
  std::chrono::nanoseconds handshake_timeout() const noexcept { return timeout_; }

 private:
  owned<SSL_CTX> context_;
  verification verify_;
  std::chrono::nanoseconds timeout_;
  std::shared_ptr<session_cache> cache_;
};

class server_context {
 public:
  explicit server_context(server_options options);

  owned<SSL> make() const;
  const server_options& options() const noexcept { return options_; }

 private:
  static int choose_protocol(SSL*, const unsigned char** chosen, unsigned char* length,
                             const unsigned char* offered, unsigned offered_length, void* self);
  static int choose_identity(SSL* ssl, int* alert, void* self);

  void set_up(SSL_CTX* context);
  void ask_for_certificates();
  void ask_for_certificates(SSL_CTX* context, const pem_source& authorities) const;

  server_options options_;
  owned<SSL_CTX> context_;
  std::vector<owned<SSL_CTX>> more_;
  std::vector<unsigned char> alpn_;
};

/// Where a server's context is found.
class server_cell {
 public:
  explicit server_cell(std::shared_ptr<const server_context> first) : now_(std::move(first)) {}

  std::shared_ptr<const server_context> now() const {
    const std::lock_guard lock(lock_);
    return now_;
  }
  void set(std::shared_ptr<const server_context> next) {
    const std::lock_guard lock(lock_);
    now_.swap(next);
  }
  void count_failure() {
    const std::lock_guard lock(lock_);
    ++failures_;
  }
  std::uint64_t failures() const {
    const std::lock_guard lock(lock_);
    return failures_;
  }

 private:
  mutable std::mutex lock_;  // for a few instructions
  std::shared_ptr<const server_context> now_;
  std::uint64_t failures_ = 0;
};

struct config_access {
  static const std::shared_ptr<const client_context>& of(const client_config& config) noexcept {
    return config.context_;
  }
  static const std::vector<unsigned char>& alpn_of(const client_config& config) noexcept {
    return config.alpn_;
  }
  static server_cell& of(const server_config& config) noexcept { return *config.cell_; }
};

}  // namespace heddle::tls::detail
