// SPDX-License-Identifier: MIT
// Files that are served, parts of them, and everything that is not to be had.
#include <heddle/http/server.hpp>

#include "http/support/served.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <sys/stat.h>
#include <unistd.h>

namespace heddle::http {
namespace {

namespace fs = std::filesystem;
using ::testing::EndsWith;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

class http_files : public ::testing::Test {
 protected:
  void SetUp() override {
    fs::create_directories(top_ / "site/sub");
    write("secret", "outside");
    write("site/a.txt", "0123456789");
    write("site/.hidden", "hidden");
    write("site/sub/index.html", "<p>index");
    write("site/large.bin", std::string(300'000, 'L'));
    write("site/%41.txt", "percent");
    fs::create_symlink("a.txt", top_ / "site/inside");
    fs::create_symlink("../secret", top_ / "site/outside");
    fs::create_symlink("/etc/passwd", top_ / "site/absolute");
    fs::create_directory_symlink("..", top_ / "site/up");
    fs::create_directory_symlink("/proc/self/root", top_ / "site/root");
    fs::create_symlink("round", top_ / "site/round");
    fs::create_symlink(top_ / "site", top_ / "link");
    ::mkfifo((top_ / "site/fifo").c_str(), 0600);
    serves_.files("/static/{path...}", (top_ / "link").string());
    serves_.get("/one",
                [this](const request&) { return response::file((top_ / "site/a.txt").string()); });
    serves_.get("/own", [this](const request&) {
      return response::file((top_ / "site/a.txt").string())
          .set("Content-Type", "x/own")
          .set("ETag", "\"own\"")
          .set("Cache-Control", "no-store");
    });
    serves_.get("/page", [this](const request&) {
      return response::file((top_ / "site/a.txt").string()).status(410);
    });
    serves_.get("/absent", [](const request&) {
      return response::file("/no/such/file").set("Cache-Control", "max-age=9");
    });
    serves_.get("/weak", [this](const request&) {
      return response::file((top_ / "site/a.txt").string()).set("ETag", "W/\"weak\"");
    });
    serves_.post("/posted",
                 [this](const request&) { return response::file((top_ / "site/a.txt").string()); });
    serves_.get("/none", [](const request&) { return response::file("/no/such/file"); });
  }
  void TearDown() override { fs::remove_all(top_); }

  void write(std::string_view name, std::string_view text) const {
    std::ofstream(top_ / name, std::ios::binary) << text;
  }

  template <class Talk>
  void served(Talk talk) {
    test::while_served(serves_, [&](const io::endpoint& at) {
      talk([&](std::string_view target, std::string_view fields = "",
               std::string_view method = "GET") {
        return test::ask(at, std::string(method) + " " + std::string(target) + " HTTP/1.0\r\n" +
                                 std::string(fields) + "\r\n");
      });
    });
  }

 private:
  fs::path top_ = fs::path(::testing::TempDir()) / ("heddle_files_" + std::to_string(::getpid()));
  server serves_;
};

TEST_F(http_files, are_served_whole_with_their_type_and_age) {
  served([](auto get) {
    const std::string got = get("/static/a.txt");
    EXPECT_THAT(got, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(got, HasSubstr("\r\nContent-Type: text/plain; charset=utf-8\r\n"));
    EXPECT_THAT(got, HasSubstr("\r\nContent-Length: 10\r\n"));
    EXPECT_THAT(got, HasSubstr("\r\nLast-Modified: "));
    EXPECT_THAT(got, HasSubstr("\r\nETag: \""));
    EXPECT_THAT(got, HasSubstr("\r\nAccept-Ranges: bytes\r\n"));
    EXPECT_THAT(got, EndsWith("\r\n\r\n0123456789"));
    EXPECT_THAT(get("/static/a.txt", "", "HEAD"), HasSubstr("\r\nContent-Length: 10\r\n"));
    EXPECT_THAT(get("/static/a.txt", "", "HEAD"), EndsWith("\r\n\r\n"));
    EXPECT_THAT(get("/static/large.bin"), EndsWith("\r\n\r\n" + std::string(300'000, 'L')));
    EXPECT_THAT(get("/static/inside"), EndsWith("0123456789"));
    EXPECT_THAT(get("/static/%2541.txt"), EndsWith("percent"));
    EXPECT_THAT(get("/one"), EndsWith("0123456789"));
    EXPECT_THAT(get("/static/sub/"), EndsWith("<p>index"));
    EXPECT_THAT(get("/static/sub/"), HasSubstr("text/html"));
    EXPECT_THAT(get("/static/sub"), HasSubstr("\r\nLocation: /static/sub/\r\n"));
  });
}

TEST_F(http_files, go_with_what_their_handler_has_set) {
  served([](auto get) {
    const std::string own = get("/own");
    EXPECT_THAT(own, HasSubstr("\r\nContent-Type: x/own\r\n"));
    EXPECT_THAT(own, HasSubstr("\r\nCache-Control: no-store\r\n"));
    EXPECT_THAT(own, HasSubstr("\r\nETag: \"own\"\r\n"));
    EXPECT_THAT(own, Not(HasSubstr("text/plain")));
    EXPECT_THAT(own, EndsWith("\r\n\r\n0123456789"));
    const std::string known = get("/own", "If-None-Match: \"own\"\r\n");
    EXPECT_THAT(known, StartsWith("HTTP/1.1 304 "));
    EXPECT_THAT(known, HasSubstr("\r\nCache-Control: no-store\r\n"));
    for (const std::string_view asked : {"", "Range: bytes=2-4\r\n", "If-None-Match: *\r\n"}) {
      const std::string page = get("/page", asked);
      EXPECT_THAT(page, StartsWith("HTTP/1.1 410 ")) << asked;
      EXPECT_THAT(page, EndsWith("\r\n\r\n0123456789")) << asked;
    }
    EXPECT_THAT(get("/absent"), StartsWith("HTTP/1.1 404 "));
    EXPECT_THAT(get("/absent"), Not(HasSubstr("Cache-Control")));
  });
}

TEST_F(http_files, parts_are_sent_if_asked_for) {
  served([](auto get) {
    const std::string part = get("/static/a.txt", "Range: bytes=2-4\r\n");
    EXPECT_THAT(part, StartsWith("HTTP/1.1 206 Partial Content\r\n"));
    EXPECT_THAT(part, HasSubstr("\r\nContent-Range: bytes 2-4/10\r\n"));
    EXPECT_THAT(part, EndsWith("\r\n\r\n234"));
    const std::string behind = get("/static/a.txt", "Range: bytes=10-\r\n");
    EXPECT_THAT(behind, StartsWith("HTTP/1.1 416 "));
    EXPECT_THAT(behind, HasSubstr("\r\nContent-Range: bytes */10\r\n"));
    EXPECT_THAT(get("/static/a.txt", "Range: bytes=0-0,5-5\r\n"), EndsWith("0123456789"));
    const std::string last = get("/static/large.bin", "Range: bytes=-100000\r\n");
    EXPECT_THAT(last, EndsWith("\r\n\r\n" + std::string(100'000, 'L')));
    EXPECT_THAT(get("/static/a.txt", "Range: bytes=2-4\r\nIf-Range: \"other\"\r\n"),
                EndsWith("0123456789"));
  });
}

TEST_F(http_files, are_not_sent_again_to_who_has_them) {
  served([](auto get) {
    const std::string first = get("/static/a.txt");
    const auto field = [&](std::string_view name) {
      const std::size_t at = first.find("\r\n" + std::string(name) + ": ") + name.size() + 4;
      return first.substr(at, first.find("\r\n", at) - at);
    };
    for (const std::string& known :
         {"If-None-Match: " + field("ETag"), "If-None-Match: \"x\", W/" + field("ETag"),
          std::string("If-None-Match: *"), "If-Modified-Since: " + field("Last-Modified")}) {
      const std::string again = get("/static/a.txt", known + "\r\n");
      EXPECT_THAT(again, StartsWith("HTTP/1.1 304 Not Modified\r\n")) << known;
      EXPECT_THAT(again, EndsWith("\r\n\r\n")) << known;
      EXPECT_THAT(again, Not(HasSubstr("Content-Length"))) << known;
    }
    EXPECT_THAT(get("/static/a.txt", "If-None-Match: \"other\"\r\n"), EndsWith("0123456789"));
    EXPECT_THAT(get("/static/a.txt", "Range: bytes=1-1\r\nIf-Range: " + field("ETag") + "\r\n"),
                EndsWith("\r\n\r\n1"));
  });
}

TEST_F(http_files, a_weak_tag_is_known_again_and_not_enough_for_a_part) {
  served([](auto get) {
    for (const char* known : {"W/\"weak\"", "\"weak\"", "\"x\", W/\"weak\""}) {
      EXPECT_THAT(get("/weak", std::string("If-None-Match: ") + known + "\r\n"),
                  StartsWith("HTTP/1.1 304 "))
          << known;
    }
    EXPECT_THAT(get("/weak", "Range: bytes=1-1\r\n"), EndsWith("\r\n\r\n1"));
    EXPECT_THAT(get("/weak", "Range: bytes=1-1\r\nIf-Range: W/\"weak\"\r\n"),
                EndsWith("\r\n\r\n0123456789"));
  });
}

TEST_F(http_files, questions_are_for_who_reads) {
  served([](auto get) {
    const std::string posted =
        get("/posted", "Range: bytes=1-1\r\nIf-None-Match: *\r\nContent-Length: 0\r\n", "POST");
    EXPECT_THAT(posted, StartsWith("HTTP/1.1 200 OK\r\n"));
    EXPECT_THAT(posted, EndsWith("\r\n\r\n0123456789"));
  });
}

TEST_F(http_files, nothing_outside_of_the_folder_is_to_be_had) {
  served([](auto get) {
    for (const std::string_view target : {"/static/../secret",
                                          "/static/%2e%2e/secret",
                                          "/static/..%2fsecret",
                                          "/static/%2e%2e%2fsecret",
                                          "/static/sub/../../secret",
                                          "/static/outside",
                                          "/static/absolute",
                                          "/static//etc/passwd",
                                          "/static/%2fetc%2fpasswd",
                                          "/static/.hidden",
                                          "/static/sub/.",
                                          "/static/./a.txt",
                                          "/static/fifo",
                                          "/static/a.txt/",
                                          "/static/a.txt/b",
                                          "/static/..%5csecret",
                                          "/static/none",
                                          "/static/sub//index.html",
                                          "/static/%252e%252e%252fsecret",
                                          "/static/%2E%2E/secret",
                                          "/static/....//secret",
                                          "/static/..;/secret",
                                          "/static/%2e%2e;/secret",
                                          "/static/%c0%ae%c0%ae/secret",
                                          "/static/%ef%bc%8e%ef%bc%8e/secret",
                                          "/static/..%5c..%5csecret",
                                          "/static/up/secret",
                                          "/static/root/etc/passwd",
                                          "/static/round",
                                          "/static/..",
                                          "/static/%2e%2e",
                                          "/static/%0a",
                                          "http://h/static/../secret",
                                          "http://h/static/%2e%2e/secret",
                                          "/none"}) {
      const std::string got = get(target);
      EXPECT_THAT(got, StartsWith("HTTP/1.1 404 ")) << target;
      EXPECT_THAT(got, Not(HasSubstr("outside"))) << target;
    }
    for (const std::string_view malformed :
         {"/static/a%00.txt", "/static/%00", "/static/..%00/secret", "/static/%", "/static/%2",
          "/static/%u002e%u002e/secret", "/static/%2g"}) {
      EXPECT_THAT(get(malformed), StartsWith("HTTP/1.1 400 ")) << malformed;
    }
    for (const std::size_t length : {255U, 256U, 4096U, 5000U}) {
      EXPECT_THAT(get("/static/" + std::string(length, 'a')), StartsWith("HTTP/1.1 404 "));
    }
    std::string deep = "/static";
    while (deep.size() < 5000) deep += "/sub";
    EXPECT_THAT(get(deep), StartsWith("HTTP/1.1 404 "));
    EXPECT_THAT(get("/static/" + std::string(9000, 'a')), StartsWith("HTTP/1.1 414 "));
    EXPECT_THAT(get("/static/a.txt", "", "DELETE"), StartsWith("HTTP/1.1 405 "));
  });
}

TEST_F(http_files, a_pattern_without_a_rest_is_refused) {
  server serves;
  EXPECT_THROW(serves.files("/static", "/tmp"), std::invalid_argument);
  EXPECT_THROW(serves.files("/static/{path}", "/tmp"), std::invalid_argument);
}

}  // namespace
}  // namespace heddle::http
