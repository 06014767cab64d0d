// SPDX-License-Identifier: MIT
// Usage: static_files [ENDPOINT FOLDER]. Serves the files below FOLDER, whole and in ranges, a list
// of them at the root, compressed for clients that take gzip, and logs a line for each request:
// `static_files 127.0.0.1:8080 docs`, then `curl -r 0-99 127.0.0.1:8080/files/tour.md`. SIGTERM has
// it finish what it has begun. Without arguments it serves a folder of its own to itself, and ends.
#include <heddle/heddle.hpp>

#include <algorithm>
#include <cctype>
#include <chrono>
#include <exception>
#include <filesystem>
#include <iostream>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

namespace {

namespace http = heddle::http;
namespace fs = std::filesystem;
using heddle::io::tcp_listener;

/// A line as servers write it: who, what, with which result, and how long that took.
void log(const http::access_record& done) {
  using milliseconds = std::chrono::duration<double, std::milli>;
  std::ostringstream line;
  line << done.peer << " \"" << done.method << ' ' << done.target << "\" " << done.status << ' '
       << done.bytes_sent << ' ' << milliseconds(done.took).count() << " ms\n";
  std::clog << line.str();  // at once: requests of other loops are logged at the same time
}

/// For text of a page.
std::string escaped(std::string_view text) {
  std::string safe;
  for (const char each : text) {
    if (each == '<') {
      safe += "&lt;";
    } else if (each == '&') {
      safe += "&amp;";
    } else {
      safe += each;
    }
  }
  return safe;
}

/// For the path of a URL.
std::string encoded(std::string_view path) {
  std::string safe;
  constexpr std::string_view digits = "0123456789ABCDEF";
  for (const char each : path) {
    const auto byte = static_cast<unsigned char>(each);
    if (std::isalnum(byte) != 0 || std::string_view("-._~/").find(each) != std::string_view::npos) {
      safe += each;
    } else {
      safe.append("%").append(1, digits[byte / 16U]).append(1, digits[byte % 16U]);
    }
  }
  return safe;
}

/// Returns what is there, as server::files has it: nothing that begins with a dot.
http::response list(const std::string& folder) {
  constexpr auto readable = fs::directory_options::skip_permission_denied;
  std::vector<std::string> names;
  heddle::blocking([&] {
    for (auto at = fs::recursive_directory_iterator(folder, readable); at != end(at); ++at) {
      const bool hidden = at->path().filename().string().starts_with('.');
      if (hidden && at->is_directory()) at.disable_recursion_pending();
      if (!hidden && at->is_regular_file()) names.push_back(fs::relative(at->path(), folder));
    }
  });
  std::sort(names.begin(), names.end());
  std::string page = "<!doctype html><meta charset=utf-8><title>Files</title><ul>\n";
  for (const std::string& each : names) {
    page += "<li><a href=\"/files/" + encoded(each) + "\">" + escaped(each) + "</a>\n";
  }
  return http::response::html(page + "</ul>\n");
}

void serve_folder(std::span<tcp_listener> listeners, const std::string& folder) {
  http::server_config config;
  config.compress_from_bytes = 1024;
  config.on_access = log;
  http::server site(config);
  site.get("/", [&](const http::request&) { return list(folder); });
  site.files("/files/{path...}", folder);
  heddle::io::stop_on_signals([&](auto& now) { site.serve(listeners, &now); });
}

void tell(const http::response& answer, std::string_view field) {
  std::cout << answer.status() << ' ' << answer.header(field).value_or("") << '\n';
}

void try_it() {
  const fs::path folder = fs::temp_directory_path() / ("files_" + std::to_string(::getpid()));
  fs::create_directory(folder);
  for (int n = 0; n < 50; ++n) {
    const fs::path page = folder / ("page " + std::to_string(n) + ".txt");
    heddle::io::write_file(page.native(), "ten bytes\n");
  }
  auto listeners = tcp_listener::bind_each("127.0.0.1:0");
  auto serving = heddle::spawn([&] { serve_folder(listeners, folder); });
  const std::string at = "http://" + listeners.front().local_endpoint().to_string();
  http::client asks;
  tell(asks.get(at + "/files/page%207.txt"), "Content-Type");
  http::client_request part("GET", at + "/files/page%207.txt");
  tell(asks.request(part.set("Range", "bytes=4-")), "Content-Range");
  http::client_request packed("GET", at + "/");
  tell(asks.request(packed.set("Accept-Encoding", "gzip")), "Content-Encoding");
  tell(asks.get(at + "/files/..%2fsecret"), "");
  asks.close();
  for (auto& each : listeners) each.close();
  serving.join();
  fs::remove_all(folder);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 1 && argc != 3) {
    std::cerr << "Usage: static_files [ENDPOINT FOLDER]\n";
    return 2;
  }
  try {
    heddle::run([&] {
      if (argc == 1) return try_it();
      auto listeners = tcp_listener::bind_each(argv[1]);  // one for each loop
      std::cout << "listening at http://" << listeners.front().local_endpoint() << '/' << std::endl;
      serve_folder(listeners, argv[2]);
    });
  } catch (const std::exception& failed) {
    std::cerr << "static_files: " << failed.what() << '\n';
    return 1;
  }
}
