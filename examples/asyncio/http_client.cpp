// SPDX-License-Identifier: MIT
// In aiohttp: one ClientSession for all, gather over its gets, a semaphore for how many at a time,
// ClientTimeout, raise_for_status, and a body that is read in chunks instead of whole.
#include <heddle/http.hpp>
#include <heddle/io.hpp>
#include <heddle/runtime.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <iostream>
#include <numeric>
#include <stdexcept>
#include <string>
#include <vector>

namespace {

namespace http = heddle::http;
using namespace std::chrono_literals;

void add_pages(http::server& site) {
  site.get("/square/{n}", [](const http::request& asked) {
    const int n = std::stoi(std::string(asked.param("n")));
    return http::response::text(std::to_string(n * n));
  });
  site.get("/large",
           [](const http::request&) { return http::response::text(std::string(1'000'000, 'x')); });
  site.get("/slow", [](const http::request&) {
    heddle::this_fiber::sleep_for(1h);
    return http::response::text("at last");
  });
}

int square(http::client& session, const std::string& at, int n) {
  const auto answer = session.get(at + "/square/" + std::to_string(n));
  if (answer.status() != 200) throw std::runtime_error("status " + std::to_string(answer.status()));
  return std::stoi(answer.body());
}

void ask(const std::string& at) {
  http::client session;
  std::vector<int> numbers(20);
  std::iota(numbers.begin(), numbers.end(), 1);
  const auto squares =
      heddle::map(numbers, 5, [&](int n) { return square(session, at, n); });  // 5 at a time
  std::cout << "sum: " << std::accumulate(squares.begin(), squares.end(), 0) << '\n';

  auto large = session.open(http::client_request("GET", at + "/large"));
  std::array<std::byte, 4096> piece;
  std::size_t bytes = 0;
  while (const std::size_t count = large.read_some(piece)) bytes += count;
  std::cout << "bytes: " << bytes << '\n';

  try {
    session.request(http::client_request("GET", at + "/slow").timeout(20ms));
  } catch (const http::http_error& error) {
    std::cout << "no answer: " << (error.code() == std::errc::timed_out) << '\n';
  }
}

}  // namespace

int main() {
  heddle::run([] {
    http::server site({.drain = 0s});  // it does not wait for /slow
    add_pages(site);
    auto listener = heddle::io::tcp_listener::bind("127.0.0.1:0");
    auto serving = heddle::spawn([&] { site.serve(listener); });
    ask("http://" + listener.local_endpoint().to_string());
    serving.cancel();
  });
}
