// SPDX-License-Identifier: MIT
// An HTTP server for others to talk to, and what they are to say:
//   http serve [FOLDER] [strict]  prints its port, and goes on until its input ends; FOLDER is
//   served
//                                 below /files/; strict: limits of time that a test can wait for
//   http cases                    the requests of tests/http/message/ambiguous.hpp, and some that
//   are
//                                 taken: kind, status (200: taken), bytes in hexadecimal, and how a
//                                 taken one is to be read, between tabs
// It answers what it has read: the method, the target, how many bytes of body.
#include <heddle/http/server.hpp>
#include <heddle/io.hpp>
#include <heddle/runtime.hpp>

#include "http/message/ambiguous.hpp"

#include <chrono>
#include <cstdio>
#include <exception>
#include <string>
#include <string_view>

#include <unistd.h>

namespace {

using namespace heddle;
using namespace heddle::http;
using namespace std::chrono_literals;

response read(const request& asked) {
  return response::text(std::string(asked.method()) + ' ' + std::string(asked.target()) + ' ' +
                        std::to_string(asked.body().size()) + '\n');
}

/// 16 MiB, in pieces.
void large(request_reader&, response_writer& out) {
  const std::string piece(std::size_t{64} << 10, 'x');
  for (int n = 0; n < 256; ++n) out.write(piece);
}

response counts(const server& of) {
  const server_stats now = of.stats();
  std::string text = "408 " + std::to_string(of.refused(408));
  text += "\nidle_closed " + std::to_string(now.idle_closed);
  text += "\nbroken " + std::to_string(now.broken);
  text += "\nwrite_stalls " + std::to_string(now.write_stalls);
  text += "\nconnections " + std::to_string(now.connections);
  return response::text(text + '\n');
}

void add_routes(server& site, const std::string& folder) {
  site.get("/counts", [&site](const request&) { return counts(site); });
  site.get("/text", [](const request&) { return response::text(std::string(20'000, 't')); });
  site.stream("GET", "/large", large);
  site.stream("POST", "/echo", [](auto& in, auto& out) { io::copy(in, out); });
  if (!folder.empty()) site.files("/files/{path...}", folder);
  for (const char* const method : {"GET", "POST", "PUT"}) site.route(method, "/{rest...}", read);
  websocket_config config;
  config.compression.enabled = io::toggle::on;
  config.subprotocols = {"echo"};
  site.websocket(
      "/websocket",
      [](websocket& with) {
        std::error_code error;
        while (const auto message = with.receive(error)) with.send(*message, error);
      },
      config);
}

server_config settings(bool strict) {
  server_config config;
  config.compress_from_bytes = 1024;
  if (strict) {
    config.header_timeout = 5s;
    config.idle_timeout = 5s;
    config.body_grace = 3s;
    config.write_timeout = 5s;
  }
  return config;
}

void serve(const std::string& folder, bool strict) {
  server site(settings(strict));
  add_routes(site, folder);
  auto listeners = io::tcp_listener::bind_each("127.0.0.1:0");
  std::printf("%d\n", static_cast<int>(listeners.front().local_endpoint().port()));
  std::fflush(stdout);
  task_group all;
  cancel_scope serving;
  all.spawn([&] { serving.run([&] { site.serve(listeners); }); });
  all.run([&] {
    wait_readable(STDIN_FILENO);
    serving.cancel();
  });
}

void print(std::string_view kind, int status, std::string_view bytes, std::string_view read = "") {
  std::string hex;
  for (const char each : bytes) {
    constexpr std::string_view digits = "0123456789abcdef";
    const auto byte = static_cast<unsigned char>(each);
    hex.append(1, digits[byte / 16U]).append(1, digits[byte % 16U]);
  }
  std::printf("%s\t%d\t%s\t%s\n", std::string(kind).c_str(), status, hex.c_str(),
              std::string(read).c_str());
}

void print_cases() {
  using test::request_with;
  // A body that ends where it is, as five bytes and as chunks: so that whoever takes the request
  // goes on with the next one.
  const std::string body = "0\r\n\r\n";
  for (const auto& each : test::ambiguous_fields) {
    print("fields", each.status, request_with(each.fields) + body);
  }
  for (const auto& each : test::request_lines) {
    // The table is that of the parser; the server passes over one empty line before a request.
    print("line", each.text.starts_with("\r\n") ? 200 : each.status, each.text);
  }
  const std::string chunked = request_with("Transfer-Encoding: chunked\r\n");
  for (const auto each : test::malformed_chunks) {
    print("chunks", 400, chunked + std::string(each));
  }
  print("taken", 200, request_with("Content-Length: 5\r\n") + body, "POST /x 5");
  print("taken", 200, request_with("Content-Length: \t 005 \r\n") + body, "POST /x 5");
  print("taken", 200, request_with("Content-Length: 0\r\n"), "POST /x 0");
  print("taken", 200, chunked + body, "POST /x 0");
  print("taken", 200, chunked + "5;a=\"b\"\r\nhello\r\n0\r\n\r\n", "POST /x 5");
  print("taken", 200, chunked + "2\r\nab\r\n0\r\nContent-Length: 9\r\n\r\n", "POST /x 2");
  print("taken", 200, request_with("transfer-encoding:CHUNKED\r\n") + "0A\r\n0123456789\r\n" + body,
        "POST /x 10");
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "";
  const bool strict = argc > 2 && argv[argc - 1] == std::string_view("strict");
  const int given = argc - 2 - (strict ? 1 : 0);
  try {
    if (what == "serve" && given <= 1) {
      heddle::run([&] { serve(given == 1 ? argv[2] : "", strict); });
      return 0;
    }
    if (what == "cases" && argc == 2) {
      print_cases();
      return 0;
    }
  } catch (const std::exception& failed) {
    std::fprintf(stderr, "%s: %s\n", argv[0], failed.what());
    return 1;
  }
  std::fprintf(stderr, "usage: %s serve [FOLDER] [strict] | cases\n", argv[0]);
  return 2;
}
