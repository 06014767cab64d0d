// SPDX-License-Identifier: MIT
// OpenSSL's own programs, s_client and s_server, at the other end.
#include <heddle/io/file.hpp>
#include <heddle/io/process.hpp>
#include <heddle/tls/listener.hpp>

#include "tls/support/tls_pair.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <string>
#include <vector>

#include <unistd.h>

namespace heddle::tls {
namespace {

using test::bytes;
using ::testing::HasSubstr;

/// Files for programs, in a folder that goes when the case ends.
class folder {
 public:
  folder() : path_(::testing::TempDir() + "heddle_tls_openssl_" + std::to_string(::getpid())) {
    std::filesystem::create_directories(path_);
  }
  ~folder() { std::filesystem::remove_all(path_); }
  folder(const folder&) = delete;
  folder& operator=(const folder&) = delete;

  std::string put(const std::string& name, const std::string& content) const {
    const std::string path = path_ + "/" + name;
    io::write_file(path, content);
    return path;
  }

 private:
  std::string path_;
};

struct visit {
  int status = 0;
  std::string out;
  std::string all;  ///< what it printed
};

/// Has s_client ask a server of ours with `arguments`; the server echoes one line, in capitals.
visit visit_us(const std::vector<std::string>& arguments, server_options options) {
  visit found;
  heddle::run(test::with_loops(2), [&] {
    const folder files;
    listener from(io::tcp_listener::bind("127.0.0.1:0"), server_config(std::move(options)));
    task<void> serving = spawn([&] {
      serve(from, [](stream& over) {
        std::string line(6, '\0');
        over.read_exactly(test::room_in(line));
        over.write_all(bytes("ANSWER\n"));
      });
    });
    std::vector<std::string> command{"openssl",
                                     "s_client",
                                     "-connect",
                                     from.local_endpoint().to_string(),
                                     "-CAfile",
                                     files.put("ca", test::test_authority().certificate),
                                     "-verify_return_error",
                                     "-verify_hostname",
                                     "localhost",
                                     "-ign_eof"};
    command.insert(command.end(), arguments.begin(), arguments.end());
    const io::process_result said = io::run_process(command, "hello\n");
    found = {said.status.code, said.out, said.out + said.err};
    from.close();
    serving.join();
  });
  return found;
}

TEST(tls_openssl, s_client_speaks_tls_1_2_and_1_3_with_us) {
  for (const char* const version : {"-tls1_2", "-tls1_3"}) {
    const visit seen = visit_us({version}, test::test_server_options());
    EXPECT_EQ(seen.status, 0) << seen.all;
    EXPECT_THAT(seen.out, HasSubstr("ANSWER"));
    EXPECT_THAT(seen.out, HasSubstr("Verification: OK"));
  }
}

TEST(tls_openssl, s_client_gets_nothing_below_tls_1_2_and_no_weak_cipher) {
  const std::vector<std::vector<std::string>> refused{
      {"-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0"},
      {"-tls1", "-cipher", "DEFAULT:@SECLEVEL=0"},
      {"-tls1_2", "-cipher", "AES128-SHA"},
      {"-tls1_2", "-cipher", "ECDHE+AES128+SHA1"},
      {"-tls1_2", "-cipher", "AES256-GCM-SHA384"}};  // no forward secrecy
  for (const auto& each : refused) {
    const visit seen = visit_us(each, test::test_server_options());
    EXPECT_NE(seen.status, 0) << each.back() << seen.all;
    EXPECT_THAT(seen.all, HasSubstr("alert"));
    EXPECT_EQ(seen.out.find("ANSWER"), std::string::npos);
  }
}

TEST(tls_openssl, s_client_agrees_on_a_protocol) {
  server_options options = test::test_server_options();
  options.alpn = {"h2", "http/1.1"};
  EXPECT_THAT(visit_us({"-alpn", "http/1.1,h2"}, options).out, HasSubstr("ALPN protocol: h2"));
}

/// Returns the line of s_server that says where it listens.
std::string next_line(io::pipe_reader& from) {
  std::string line;
  std::string one(1, '\0');
  while (line.find('\n') == std::string::npos && from.read_some(test::room_in(one)) > 0)
    line += one;
  return line;
}

TEST(tls_openssl, s_server_answers_us_and_is_refused_if_it_is_another) {
  heddle::run(test::with_loops(2), [] {
    const folder files;
    const std::string certificate = files.put("crt", test::test_server().certificate);
    const std::string key = files.put("key", test::test_server().key);
    io::process_options options;
    options.in = io::stdio::pipe;
    options.out = io::stdio::pipe;
    options.err = io::stdio::null;
    io::process server = io::process::start({"openssl", "s_server", "-accept", "127.0.0.1:0",
                                             "-cert", certificate, "-key", key, "-rev"},
                                            options);
    std::string said;
    while (said.find("ACCEPT") == std::string::npos) {
      said = next_line(server.out());
      ASSERT_FALSE(said.empty());
    }
    const std::string at = said.substr(said.find("127"), said.find('\n') - said.find("127"));
    const io::endpoint where(at);
    const client_config config = test::test_client_options();
    stream one = connect("localhost", where.port(), config);
    one.write_all(bytes("hello\n"));
    EXPECT_EQ(test::read_exactly(one, 6), "olleh\n");
    one.close();
    client_options strangers = test::test_client_options();
    strangers.ca = pem::text(test::make_authority("another").certificate);
    std::error_code error;
    connect("localhost", where.port(), strangers, {}, error);
    EXPECT_EQ(error, tls_errc::verify_failed);
  });
}

}  // namespace
}  // namespace heddle::tls
