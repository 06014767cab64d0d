// SPDX-License-Identifier: MIT
// A service and its client with hardly any descriptors: a runtime, a listener, certificates and
// pages in files, a name in a hosts file, HTTP over TLS. With whatever limit, all is well or one
// message says what could not be had, and nothing is left behind.
#include <heddle/http/client.hpp>
#include <heddle/http/server.hpp>
#include <heddle/io/resolver.hpp>
#include <heddle/tls/listener.hpp>

#include "runtime/support/child.hpp"
#include "runtime/support/loops.hpp"
#include "runtime/support/process_counts.hpp"
#include "runtime/support/sanitized.hpp"
#include "tls/support/authority.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <exception>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

#include <sys/resource.h>
#include <unistd.h>

namespace heddle::http {
namespace {

namespace fs = std::filesystem;
using ::testing::AnyOf;
using ::testing::HasSubstr;

/// What the program reads, in a folder that goes when the case ends.
class files {
 public:
  files() { fs::create_directories(folder_); }
  ~files() { fs::remove_all(folder_); }
  files(const files&) = delete;
  files& operator=(const files&) = delete;

  std::string path(std::string_view name) const { return (folder_ / name).string(); }
  std::string folder() const { return folder_.string(); }

  void write() const {
    const test::issued server =
        test::make_signed(test::test_authority(), {.names = "DNS:pages.test"});
    put("ca", test::test_authority().certificate);
    put("crt", server.certificate);
    put("key", server.key);
    put("hosts", "127.0.0.1 pages.test\n");
    put("page", "a page");
  }

 private:
  void put(std::string_view name, std::string_view text) const {
    std::ofstream(folder_ / name, std::ios::binary) << text;
  }

  fs::path folder_ =
      fs::path(::testing::TempDir()) / ("heddle_descriptors_" + std::to_string(::getpid()));
};

/// What the server has reported meanwhile, which goes on whatever happens to a connection.
class reports {
 public:
  void add(std::string text) {
    const std::lock_guard lock(guard_);
    text_ += "; " + text;
  }
  std::string text() const {
    const std::lock_guard lock(guard_);
    return text_;
  }

 private:
  mutable std::mutex guard_;
  std::string text_;
};

std::string words_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& known) {
    return known.what();
  }
}

/// Serves a page and asks for it, in a fiber. Returns: "", or what the client has got instead.
std::string ask_ourselves(const files& from, reports& reported) {
  server_config settings;
  settings.on_failure = [&](const handler_failure& failure) {
    reported.add(words_of(failure.error));
  };
  server serves(settings);
  serves.files("/{name...}", from.folder());
  tls::server_options options;
  options.certificate = tls::pem::file(from.path("crt"));
  options.key = tls::pem::file(from.path("key"));
  io::listen_options listening;
  listening.on_shortage = [&](const io::shortage_report& report) {
    reported.add(report.listener.to_string() + ": " + report.error.message());
  };
  tls::listener listener(io::tcp_listener::bind("127.0.0.1:0", listening), options);
  const io::endpoint at = listener.local_endpoint();
  task<void> serving = spawn([&] { serves.serve(listener); });
  tls::client_options trusted;
  trusted.trusted = tls::trust::only_ca;
  trusted.ca = tls::pem::file(from.path("ca"));
  io::resolver names({.hosts_file = from.path("hosts")});
  client asks({.names = &names, .tls = trusted, .proxy = proxy_config{}});
  const response got = asks.get("https://pages.test:" + std::to_string(at.port()) + "/page");
  if (got.status() != 200) return "status " + std::to_string(got.status());
  return got.body() == "a page" ? "" : "another page: " + got.body();
}

/// Returns: "", or one line that says what went wrong.
std::string everything(const files& from) {
  reports reported;
  try {
    const std::string wrong =
        heddle::run(test::with_loops(2), [&] { return ask_ourselves(from, reported); });
    return wrong.empty() ? "" : wrong + reported.text();
  } catch (const std::exception& error) {
    return error.what() + reported.text();
  }
}

/// Does everything with a limit on descriptors, then without, and prints what came of it.
bool limited_to(rlim_t most, const files& from) {
  const std::size_t before = test::process_counts::now().descriptors;
  rlimit old{};
  ::getrlimit(RLIMIT_NOFILE, &old);
  test::limit(RLIMIT_NOFILE, most);
  const std::string wrong = everything(from);
  test::limit(RLIMIT_NOFILE, old.rlim_cur);
  std::fputs(wrong.c_str(), stderr);
  const std::size_t left = test::process_counts::now().descriptors;
  if (left != before) std::fprintf(stderr, " (%zu descriptors, not %zu)", left, before);
  const std::string again = everything(from);
  if (!again.empty()) std::fprintf(stderr, " (again: %s)", again.c_str());
  return left == before && again.empty();
}

TEST(http_descriptor_sweep, ends_well_or_with_one_message_that_names_what_could_not_be_had) {
  if (test::sanitized) GTEST_SKIP() << "a sanitizer needs descriptors of its own";
  const files from;
  // Written by a child, so that each of those below begins with OpenSSL as a program does.
  ASSERT_TRUE(test::in_child([&] { return from.write(), true; }).exited_with(0));
  std::set<std::string> messages;
  std::size_t well = 0;
  for (rlim_t most = 3; most <= 40; ++most) {
    const test::child_end end = test::in_child([&] { return limited_to(most, from); });
    EXPECT_TRUE(end.exited_with(0)) << most << " descriptors: " << end.status << end.output;
    if (end.output.empty()) {
      ++well;
      continue;
    }
    EXPECT_EQ(std::ranges::count(end.output, '\n'), 0) << most << ": " << end.output;
    EXPECT_THAT(end.output, HasSubstr("Too many open files")) << most;
    EXPECT_THAT(end.output, AnyOf(HasSubstr("heddle"), HasSubstr(from.folder()),
                                  HasSubstr("127.0.0.1:"), HasSubstr("pages.test")))
        << most;
    std::printf("%2d descriptors: %s\n", static_cast<int>(most), end.output.c_str());
  }
  EXPECT_GT(well, 0U);
  EXPECT_LT(well, 38U);
}

}  // namespace
}  // namespace heddle::http
