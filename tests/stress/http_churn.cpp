// SPDX-License-Identifier: MIT
// Requests that are answered, cancelled at any moment, given up, or dropped with half their body
// unread, by fibers that share a client's few connections; beside them raw clients that vanish in
// the middle. Every answer that comes is the one to its request, the books of the client balance,
// and nothing piles up (holdings.hpp). A round is one request.
#include <heddle/http/client.hpp>
#include <heddle/http/server.hpp>
#include <heddle/io/tcp.hpp>

#include "io/net/sockets.hpp"
#include "stress/holdings.hpp"
#include "stress/stress.hpp"

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>
#include <system_error>

namespace heddle::stress {
namespace {

using namespace std::chrono_literals;
using test::random_numbers;

constexpr unsigned visitors = 32;

enum class fate : std::uint8_t { answered, echoed, cancelled, given_up, dropped, reset, count };

struct visit {
  http::client& asks;
  const io::endpoint& at;
  std::string url;
  random_numbers& random;
};

struct books {
  watchdog& guard;
  std::array<std::atomic<std::uint64_t>, static_cast<std::size_t>(fate::count)> fates{};
  std::atomic<std::uint64_t> failed{0};  // of those that may fail
};

void add_routes(http::server& into) {
  into.get("/number/{n}", [](const http::request& asked) {
    const std::size_t number = std::stoul(std::string(asked.param("n")));
    if (number % 4 == 0) this_fiber::sleep_for(std::chrono::microseconds(number % 1000));
    return http::response::text(std::string(number % 500, 'x') + std::to_string(number));
  });
  into.post("/echo", [](const http::request& asked) {
    return http::response::text(std::string(asked.body()));
  });
  into.get("/large",
           [](const http::request&) { return http::response::text(std::string(300'000, 'x')); });
}

/// Asks for a number, which must come, and be that one.
void ask(const visit& of) {
  const std::uint32_t number = of.random.below(1'000'000);
  const http::response got = of.asks.get(of.url + "/number/" + std::to_string(number));
  require(got.status() == 200, "a request for a number failed");
  require(got.body() == std::string(number % 500, 'x') + std::to_string(number),
          "the answer is to another request");
}

void echo(const visit& of) {
  const std::string body(of.random.below(60'000), static_cast<char>('a' + of.random.below(26)));
  require(of.asks.post(of.url + "/echo", body).body() == body, "another body came back");
}

void drop(const visit& of) {
  http::client_response got = of.asks.open(http::client_request("GET", of.url + "/large"));
  std::string piece(1 + of.random.below(200'000), '\0');
  got.read_some(test::room_in(piece));
}

void give_up(const visit& of) {
  const std::string url = of.url + "/number/" + std::to_string(of.random.below(250) * 4);
  of.asks.request(http::client_request("GET", url)
                      .timeout(std::chrono::microseconds(1 + of.random.below(1000))));
}

/// Says half of something, and is gone.
void vanish(const visit& of) {
  constexpr std::string_view text =
      "POST /echo HTTP/1.1\r\nHost: h\r\nContent-Length: 20\r\n\r\n01234567890123456789";
  io::tcp_stream stream = io::tcp_stream::connect(of.at);
  stream.write_all(test::bytes(text.substr(0, of.random.below(std::uint32_t{text.size()} + 1))));
  if (of.random.once_in(2)) this_fiber::yield();
  stream.abort();
}

void visit_once(books& all, const visit& of) {
  const auto next = static_cast<fate>(of.random.below(static_cast<std::uint32_t>(fate::count)));
  try {
    switch (next) {
      case fate::answered:
      case fate::count:
        ask(of);
        break;
      case fate::echoed:
        echo(of);
        break;
      case fate::cancelled:
        move_on_after(std::chrono::microseconds(of.random.below(500)), [&] { ask(of); });
        break;
      case fate::given_up:
        give_up(of);
        break;
      case fate::dropped:
        drop(of);
        break;
      case fate::reset:
        vanish(of);
        break;
    }
  } catch (const http::http_error& failed) {
    require(next == fate::given_up && failed.code() == std::errc::timed_out, failed.what());
    ++all.failed;
  }
  ++all.fates.at(static_cast<std::size_t>(next));
  all.guard.tick();
}

void churn(books& all, round_counter& rounds) {
  http::server site;
  add_routes(site);
  io::tcp_listener listener = io::tcp_listener::bind("127.0.0.1:0");
  const io::endpoint at = listener.local_endpoint();
  task<void> serving = spawn([&] { site.serve(listener); });
  http::client asks({.pool_wait = 1h, .connections_per_host = 8});
  task_group crowd;
  for (unsigned n = 0; n < visitors; ++n) {
    crowd.spawn([&, n] {
      random_numbers random(n);
      while (rounds.next()) visit_once(all, {asks, at, "http://" + at.to_string(), random});
    });
  }
  crowd.join();
  const http::client_stats now = asks.stats();
  require(now.open == now.idle && now.waiting == 0, "a connection or a turn is lost");
  require(now.idle <= 8, "there are more connections than may be");
  require(site.stats().failures == 0, "a handler failed by the fault of its client");
  asks.close();
  serving.cancel();
  serving.wait();
}

}  // namespace
}  // namespace heddle::stress

int main(int argc, char** argv) {
  using namespace heddle;
  using namespace heddle::stress;
  const options chosen = parse(argc, argv, {.rounds = 20'000, .loops = 2});
  holdings held;
  watchdog guard;
  books all{guard};
  round_counter rounds(chosen);
  {
    runtime home(with_loops(chosen.loops));
    const watchdog::watching watched(guard, home);
    home.run([&] { churn(all, rounds); });
    require(home.stats().live_tasks == 0, "something outlived the server and the client");
  }
  held.require_flat();
  for (const auto& each : all.fates) require(each != 0, "a kind of request was never made");
  require(all.failed != 0, "nobody ever gave up: this run has tested too little");
  std::printf(
      "%llu requests: %llu cancelled, %llu given up in time, %llu dropped, %llu reset\n",
      static_cast<unsigned long long>(rounds.done()), static_cast<unsigned long long>(all.fates[2]),
      static_cast<unsigned long long>(all.failed), static_cast<unsigned long long>(all.fates[4]),
      static_cast<unsigned long long>(all.fates[5]));
  return 0;
}
