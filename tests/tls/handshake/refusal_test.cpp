// SPDX-License-Identifier: MIT
// Whom a client refuses, and a server: each case says why, and no byte of the application leaves.
#include <heddle/tls/stream.hpp>

#include "tls/support/tls_pair.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <functional>
#include <string>
#include <utility>
#include <vector>

namespace heddle::tls {
namespace {

using test::certificate_wish;
using test::issued;
using test::make_authority;
using test::make_self_signed;
using test::make_signed;
using test::server_options_of;
using test::test_authority;
using test::test_client_options;
using test::tls_pair;
using ::testing::AllOf;
using ::testing::HasSubstr;

/// A server that a client must not talk to.
struct refusal {
  std::string name;
  std::function<issued()> who;
  tls_errc error;
  std::string reason;
  std::string host = "localhost";
};

issued by_authority(const certificate_wish& wish) { return make_signed(test_authority(), wish); }

issued below_an_intermediate() {
  const issued middle = by_authority({.common_name = "middle", .names = "", .authority = true});
  return make_signed(middle, {});
}

issued below_a_server() { return make_signed(by_authority({}), {.common_name = "below"}); }

std::vector<refusal> refusals() {
  constexpr auto untrusted = tls_errc::verify_failed;
  constexpr auto mismatch = tls_errc::host_mismatch;
  return {
      {"self_signed", [] { return make_self_signed({}); }, untrusted, "self-signed certificate"},
      {"unknown_authority", [] { return make_signed(make_authority("another"), {}); }, untrusted,
       "unable to get local issuer certificate"},
      {"same_name_as_the_authority",
       [] { return make_signed(make_authority("heddle test authority"), {}); }, untrusted,
       "certificate signature failure"},
      {"expired", [] { return by_authority({.from_days = -9, .to_days = -2}); }, untrusted,
       "certificate has expired"},
      {"not_yet_valid", [] { return by_authority({.from_days = 2}); }, untrusted,
       "certificate is not yet valid"},
      {"missing_intermediate", below_an_intermediate, untrusted,
       "unable to get local issuer certificate"},
      {"issuer_is_no_authority", below_a_server, untrusted,
       "unable to get local issuer certificate"},
      {"certificate_of_a_client", [] { return by_authority({.usage = "clientAuth"}); }, untrusted,
       "unsuitable certificate purpose"},
      {"another_host", [] { return by_authority({.names = "DNS:other.example"}); }, mismatch,
       "is not for 'localhost', but for DNS:other.example"},
      {"another_address", [] { return by_authority({.names = "IP:127.0.0.2"}); }, mismatch,
       "is not for '127.0.0.1', but for IP:127.0.0.2", "127.0.0.1"},
      {"address_as_a_name", [] { return by_authority({.names = "DNS:127.0.0.1"}); }, mismatch,
       "is not for '127.0.0.1'", "127.0.0.1"},
      {"name_in_common_name_only",
       [] { return by_authority({.common_name = "localhost", .names = ""}); }, mismatch,
       "it names no host (a common name does not count)"},
      {"wildcard_too_deep", [] { return by_authority({.names = "DNS:*.example.com"}); }, mismatch,
       "but for DNS:*.example.com", "a.b.example.com"},
      {"wildcard_for_its_own_parent", [] { return by_authority({.names = "DNS:*.example.com"}); },
       mismatch, "but for DNS:*.example.com", "example.com"},
      {"wildcard_inside_a_label", [] { return by_authority({.names = "DNS:a*.example.com"}); },
       mismatch, "but for DNS:a*.example.com", "ab.example.com"},
  };
}

class tls_refusal : public ::testing::TestWithParam<refusal> {};

TEST_P(tls_refusal, is_told_in_words_and_nothing_is_sent) {
  const refusal& one = GetParam();
  heddle::run(test::with_loops(2), [&] {
    tls_pair both = test::new_pair(test_client_options(), server_options_of(one.who()), one.host);
    std::error_code server_error;
    gather(
        [&] {
          try {
            both.client.write_all(test::bytes("secret"));
            ADD_FAILURE() << "it was written";
          } catch (const tls_error& error) {
            EXPECT_EQ(error.code(), one.error) << error.what();
            EXPECT_THAT(error.what(),
                        AllOf(HasSubstr(one.reason), HasSubstr("write to 127.0.0.1:")));
          }
          both.client.close();
        },
        [&] {
          // In TLS 1.3 the server cannot read a byte before the client's Finished.
          EXPECT_EQ(test::read_up_to_end(both.server, server_error), "");
        });
    EXPECT_EQ(server_error, tls_errc::refused_by_peer) << server_error.message();
    EXPECT_THAT(both.server.failure(), HasSubstr("alert"));
  });
}

INSTANTIATE_TEST_SUITE_P(of, tls_refusal, ::testing::ValuesIn(refusals()),
                         [](const auto& each) { return each.param.name; });

TEST(tls_verification, takes_whom_it_should) {
  const issued middle = test::make_signed(
      test_authority(), {.common_name = "middle", .names = "", .authority = true});
  issued chain = make_signed(middle, {});
  chain.certificate += middle.certificate;
  const issued wild = by_authority({.names = "DNS:*.example.com"});
  const issued sixth = by_authority({.names = "IP:::1"});
  const std::array<std::pair<const issued*, std::string>, 6> cases{
      {{&test::test_server(), "localhost"},
       {&test::test_server(), "127.0.0.1"},
       {&test::test_server(), "LOCALHOST."},
       {&chain, "localhost"},
       {&wild, "a.example.com"},
       {&sixth, "[::1]"}}};
  heddle::run(test::with_loops(2), [&] {
    for (const auto& [who, host] : cases) {
      tls_pair both = test::new_pair(test_client_options(), server_options_of(*who), host);
      const test::shaken errors = test::shake(both);
      EXPECT_FALSE(errors.client) << host << ": " << both.client.failure();
    }
  });
}

TEST(tls_verification, is_left_out_only_when_asked_by_name) {
  const issued alone = make_self_signed({});
  const issued other = by_authority({.names = "DNS:other.example"});
  const auto error_with = [](const issued& who, verification how) {
    client_options options = test_client_options();
    options.verify = how;
    tls_pair both = test::new_pair(options, server_options_of(who));
    return test::shake(both).client;
  };
  heddle::run(test::with_loops(2), [&] {
    EXPECT_FALSE(error_with(alone, verification::insecure_trust_anybody));
    EXPECT_EQ(error_with(alone, verification::insecure_any_host), tls_errc::verify_failed);
    EXPECT_FALSE(error_with(other, verification::insecure_any_host));
    EXPECT_EQ(error_with(other, verification::full), tls_errc::host_mismatch);
  });
}

TEST(tls_verification, without_a_host_is_no_verification) {
  heddle::run(test::with_loops(1), [] {
    EXPECT_THROW(test::new_pair(test_client_options(), test::test_server_options(), ""),
                 std::invalid_argument);
  });
}

/// A server that asks its clients for certificates.
server_options asking(client_certificates how) {
  server_options options = test::test_server_options();
  options.clients = how;
  options.client_ca = pem::text(test_authority().certificate);
  return options;
}

struct answers {
  std::error_code client;
  std::error_code server;
  std::string who;
};

/// What becomes of a client with, or without, a certificate. Its refusal comes with its first read.
answers present(const issued* own, client_certificates how) {
  client_options options = test_client_options();
  if (own != nullptr) options.client_identity = own->identity();
  tls_pair both = test::new_pair(options, asking(how));
  answers all;
  gather(
      [&] {
        std::string room(1, '\0');
        both.client.read_some(test::room_in(room), all.client);
      },
      [&] {
        both.server.handshake(all.server);
        if (const auto peer = both.server.peer()) all.who = peer->subject;
        if (!all.server) both.server.write_all(test::bytes("x"));
      });
  return all;
}

TEST(tls_client_certificate, is_asked_for_verified_and_named) {
  const issued known = by_authority({.common_name = "client 7", .names = ""});
  const issued unknown = make_self_signed({.common_name = "client 8", .names = ""});
  const issued server_only = by_authority({.names = "", .usage = "serverAuth"});
  heddle::run(test::with_loops(2), [&] {
    answers all = present(&known, client_certificates::required);
    EXPECT_FALSE(all.server);
    EXPECT_FALSE(all.client);
    EXPECT_EQ(all.who, "CN=client 7");
    all = present(nullptr, client_certificates::required);
    EXPECT_EQ(all.server, tls_errc::no_certificate);
    EXPECT_EQ(all.client, tls_errc::refused_by_peer);
    all = present(&unknown, client_certificates::required);
    EXPECT_EQ(all.server, tls_errc::verify_failed);
    EXPECT_EQ(all.client, tls_errc::refused_by_peer);
    EXPECT_EQ(present(&server_only, client_certificates::required).server, tls_errc::verify_failed);
    all = present(nullptr, client_certificates::requested);
    EXPECT_FALSE(all.server);
    EXPECT_EQ(all.who, "");
    EXPECT_EQ(present(&known, client_certificates::requested).who, "CN=client 7");
    EXPECT_EQ(present(&unknown, client_certificates::requested).server, tls_errc::verify_failed);
    EXPECT_EQ(present(&known, client_certificates::ignored).who, "");
  });
}

}  // namespace
}  // namespace heddle::tls
