// SPDX-License-Identifier: MIT
// Configs are complete and right once they are made, or say what is wrong with which file.
#include <heddle/tls/config.hpp>

#include <heddle/io/file.hpp>
#include <heddle/tls/error.hpp>

#include "tls/support/tls_pair.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <openssl/pem.h>
#include <openssl/x509.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <string>
#include <vector>

#include <fcntl.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

namespace heddle::tls {
namespace {

using namespace std::chrono_literals;
using test::test_client_options;
using test::test_server;
using test::test_server_options;
using ::testing::AllOf;
using ::testing::HasSubstr;

/// Returns what making a config throws.
template <class Config, class Options>
std::string complaint(const Options& options) {
  try {
    const Config made(options);
    return "nothing";
  } catch (const std::exception& error) {
    return error.what();
  }
}

std::string server_complaint(const pem& certificate, const pem& key) {
  server_options options;
  options.certificate = certificate;
  options.key = key;
  return complaint<server_config>(options);
}

TEST(tls_config, says_what_is_wrong_with_a_certificate_or_a_key) {
  const pem good = pem::text(test_server().certificate);
  const pem key = pem::text(test_server().key);
  EXPECT_EQ(server_complaint(good, key), "nothing");
  EXPECT_THAT(server_complaint({}, key), HasSubstr("no certificate"));
  EXPECT_THAT(server_complaint(good, {}), HasSubstr("no key"));
  EXPECT_THAT(server_complaint(pem::text("nonsense"), key),
              HasSubstr("the server's certificate given as text: A certificate or key cannot be "
                        "used: there is no certificate in it"));
  EXPECT_THAT(server_complaint(key, key), HasSubstr("there is no certificate in it"));
  EXPECT_THAT(server_complaint(good, good), HasSubstr("there is no private key in it"));
  std::string torn = test_server().certificate;
  torn.erase(80, 40);
  EXPECT_THAT(server_complaint(pem::text(torn), key), HasSubstr("malformed certificate"));
  EXPECT_THAT(server_complaint(good, pem::text(test::test_authority().key)),
              HasSubstr("the key does not belong to the certificate in the server's certificate"));
  EXPECT_THAT(server_complaint(good, pem::text("-----BEGIN ENCRYPTED PRIVATE KEY-----\n"
                                               "MIIB\n-----END ENCRYPTED PRIVATE KEY-----\n")),
              HasSubstr("the key is encrypted"));
}

TEST(tls_config, names_the_file) {
  const std::string path = ::testing::TempDir() + "heddle_tls_config_" + std::to_string(::getpid());
  const pem key = pem::text(test_server().key);
  heddle::run(test::with_loops(1), [&] {
    EXPECT_THAT(server_complaint(pem::file("/no/such/file.pem"), key),
                AllOf(HasSubstr("/no/such/file.pem"), HasSubstr("No such file")));
    io::write_file(path, "nonsense");
    EXPECT_THAT(server_complaint(pem::file(path), key), HasSubstr(path));
    io::write_file(path, std::string((1 << 20) + 1, 'x'));
    EXPECT_THAT(server_complaint(pem::file(path), key), HasSubstr(path));
    client_options options = test_client_options();
    options.ca = pem::file("/no/such/ca.pem");
    EXPECT_THAT(complaint<client_config>(options), HasSubstr("/no/such/ca.pem"));
  });
}

TEST(tls_config, refuses_options_that_make_no_sense) {
  client_options client = test_client_options();
  client.handshake_timeout = 0s;
  EXPECT_THAT(complaint<client_config>(client), HasSubstr("handshake_timeout: range"));
  client = test_client_options();
  client.alpn = {""};
  EXPECT_THAT(complaint<client_config>(client), HasSubstr("alpn"));
  client = test_client_options();
  client.lowest = version::tls_1_3;
  client.highest = version::tls_1_2;
  EXPECT_THAT(complaint<client_config>(client), HasSubstr("lowest, highest"));
  client = test_client_options();
  client.client_identity.certificate = pem::text(test_server().certificate);
  EXPECT_THAT(complaint<client_config>(client), HasSubstr("there is no private key"));
  server_options server = test_server_options();
  server.clients = client_certificates::required;
  EXPECT_THAT(complaint<server_config>(server), HasSubstr("client_ca"));
  server = test_server_options();
  server.goodbye_timeout = -1s;
  EXPECT_THAT(complaint<server_config>(server), HasSubstr("goodbye_timeout: range 0"));
}

TEST(tls_config, refuses_durations_out_of_their_range) {
  using std::chrono::nanoseconds;
  for (const nanoseconds value : {nanoseconds::min(), nanoseconds(-1), nanoseconds(0),
                                  nanoseconds(1), nanoseconds(1h) + 1ns, nanoseconds::max()}) {
    client_options client = test_client_options();
    client.handshake_timeout = value;
    EXPECT_THAT(complaint<client_config>(client), HasSubstr("handshake_timeout: range"));
    server_options server = test_server_options();
    server.handshake_timeout = value;
    EXPECT_THAT(complaint<server_config>(server), HasSubstr("handshake_timeout: range"));
    server = test_server_options();
    server.goodbye_timeout = value;
    const bool fits = value >= 0ns && value <= 1h;
    EXPECT_THAT(complaint<server_config>(server),
                HasSubstr(fits ? "nothing" : "goodbye_timeout: range"));
  }
}

/// Lets the process open no more files while it lives.
class no_descriptors {
 public:
  no_descriptors() {
    ::getrlimit(RLIMIT_NOFILE, &before_);
    const int next = ::dup(0);
    ::close(next);
    const rlimit none{static_cast<rlim_t>(next), before_.rlim_max};
    ::setrlimit(RLIMIT_NOFILE, &none);
  }
  ~no_descriptors() { ::setrlimit(RLIMIT_NOFILE, &before_); }
  no_descriptors(const no_descriptors&) = delete;
  no_descriptors& operator=(const no_descriptors&) = delete;

 private:
  rlimit before_{};
};

TEST(tls_config, without_a_descriptor_the_caller_alone_is_told) {
  const std::string path = ::testing::TempDir() + "heddle_tls_emfile_" + std::to_string(::getpid());
  heddle::run(test::with_loops(1), [&] {
    io::write_file(path, test_server().certificate);
    const pem key = pem::text(test_server().key);
    {
      const no_descriptors left;
      EXPECT_THAT(server_complaint(pem::file(path), key),
                  AllOf(HasSubstr(path), HasSubstr("Too many open files")));
      EXPECT_THAT(complaint<client_config>(client_options()),
                  AllOf(HasSubstr("read the authorities in"), HasSubstr("Too many open files")));
    }
    EXPECT_EQ(server_complaint(pem::file(path), key), "nothing");
  });
}

/// A folder of authorities in the place of the system's, while it lives.
class trusted_folder {
 public:
  trusted_folder()
      : path_(::testing::TempDir() + "heddle_tls_trusted_" + std::to_string(::getpid())) {
    std::filesystem::create_directory(path_);
    ::setenv("SSL_CERT_DIR", ("/no/such/folder:" + path_).c_str(), 1);
    ::setenv("SSL_CERT_FILE", "/no/such/file", 1);
  }
  ~trusted_folder() {
    ::unsetenv("SSL_CERT_DIR");
    ::unsetenv("SSL_CERT_FILE");
    remove();
  }
  trusted_folder(const trusted_folder&) = delete;
  trusted_folder& operator=(const trusted_folder&) = delete;

  /// Puts a file there that is called as OpenSSL looks for the authority.
  void put(const test::issued& authority, const std::string& ending) const {
    BIO* const text = BIO_new_mem_buf(authority.certificate.data(), -1);
    X509* const read = PEM_read_bio_X509(text, nullptr, nullptr, nullptr);
    std::array<char, 16> hash{};
    std::snprintf(hash.data(), hash.size(), "%08lx", X509_subject_name_hash(read));
    X509_free(read);
    BIO_free(text);
    std::ofstream(path_ + "/" + hash.data() + ending) << authority.certificate;
  }
  void remove() const { std::filesystem::remove_all(path_); }

 private:
  std::string path_;
};

TEST(tls_config, has_read_the_systems_authorities_once_it_is_made) {
  heddle::run(test::with_loops(2), [] {
    const trusted_folder folder;
    folder.put(test::test_authority(), ".0");
    const client_config made;
    folder.remove();
    test::tls_pair both = test::new_pair(made, test_server_options());
    EXPECT_EQ(test::shake(both).client, std::error_code());
  });
}

TEST(tls_config, leaves_out_what_is_no_authority_by_its_name) {
  heddle::run(test::with_loops(2), [] {
    const trusted_folder folder;
    for (const char* ending : {"", ".", ".r0", ".0~", ".pem"}) {
      folder.put(test::test_authority(), ending);
    }
    test::tls_pair both = test::new_pair(client_config(), test_server_options());
    EXPECT_EQ(test::shake(both).client, tls_errc::verify_failed);
  });
}

TEST(tls_config, default_trusts_no_authority_of_ours) {
  heddle::run(test::with_loops(2), [] {
    test::tls_pair both = test::new_pair(client_config(), test_server_options());
    EXPECT_EQ(test::shake(both).client, tls_errc::verify_failed);
  });
}

}  // namespace
}  // namespace heddle::tls
