// SPDX-License-Identifier: MIT
// A file, and of each folder the files that a lookup by hash would find.
#include "system_trust.hpp"

#include <heddle/io/error.hpp>
#include <heddle/runtime/blocking.hpp>

#include <openssl/err.h>
#include <openssl/x509.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

#include <errno.h>
#include <stdlib.h>

namespace heddle::tls::detail {

namespace {

/// Returns what the variable says, or what OpenSSL was built with.
std::string said_by(const char* variable, const char* built_in) {
  const char* const said = ::secure_getenv(variable);
  return said != nullptr ? said : built_in;
}

/// Returns whether a file is called as an authority is, by its name's hash: "1a2b3c4d.0".
bool is_hash_name(std::string_view name) noexcept {
  constexpr std::size_t hash_digits = 8;
  constexpr std::string_view hexadecimal = "0123456789abcdefABCDEF";
  constexpr std::string_view decimal = "0123456789";
  return name.size() > hash_digits + 1 && name[hash_digits] == '.' &&
         name.find_first_not_of(hexadecimal) == hash_digits &&
         name.find_first_not_of(decimal, hash_digits + 1) == std::string_view::npos;
}

/// Throws for what is no fault of the file: without that a moment's shortage would be a config that
/// trusts nobody, for as long as it is used.
void throw_if_short(int error, const std::string& path) {
  if (error != EMFILE && error != ENFILE && error != ENOMEM) return;
  ERR_clear_error();
  throw io::io_error(std::error_code(error, std::system_category()), "read the authorities in",
                     io::no_endpoint{path});
}

void trust_file(X509_STORE* store, const std::string& path) {
  if (X509_STORE_load_file(store, path.c_str()) == 1) return;
  while (const unsigned long each = ERR_get_error()) {
    if (ERR_SYSTEM_ERROR(each)) throw_if_short(ERR_GET_REASON(each), path);
  }
}

void trust_folder(X509_STORE* store, const std::string& path) {
  namespace files = std::filesystem;
  std::error_code error;
  files::directory_iterator at(path, error);
  while (!error && at != files::directory_iterator()) {
    if (is_hash_name(at->path().filename().native())) trust_file(store, at->path().native());
    at.increment(error);
  }
  throw_if_short(error.value(), path);
}

void read_all(X509_STORE* store) {
  const std::string file = said_by(X509_get_default_cert_file_env(), X509_get_default_cert_file());
  trust_file(store, file);
  const std::string folders = said_by(X509_get_default_cert_dir_env(), X509_get_default_cert_dir());
  for (std::size_t at = 0; at < folders.size();) {
    const std::size_t end = std::min(folders.find(':', at), folders.size());
    if (end != at) trust_folder(store, folders.substr(at, end - at));
    at = end + 1;
  }
  ERR_clear_error();
}

}  // namespace

void trust_system(SSL_CTX* into) {
  blocking([into] { read_all(SSL_CTX_get_cert_store(into)); });
}

}  // namespace heddle::tls::detail
