// SPDX-License-Identifier: MIT
// An HTTP server that is asked to end under load, again and again: every request whose handler
// began must be answered whole, to the client that made it, and serve() must end. A round is one
// server: it is cancelled once it has answered a random number of requests; its clients have a
// connection each, ask without a pause, and connect anew when it is closed, until they are refused.
#include <heddle/http/server.hpp>
#include <heddle/io/buffered_reader.hpp>
#include <heddle/io/tcp.hpp>
#include <heddle/sync/event.hpp>

#include "stress/holdings.hpp"
#include "stress/stress.hpp"

#include <cstddef>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>
#include <vector>

namespace heddle::stress {
namespace {

using namespace std::chrono_literals;
using test::random_numbers;

constexpr std::size_t clients = 64;
constexpr std::size_t most_requests = 1 << 14;  // of one server
constexpr std::uint32_t most_answers = 3000;    // before it is asked to end

enum class fate : std::uint8_t { unheard, handled, answered };

struct drain {
  watchdog& guard;
  std::uint32_t enough;  // answers
  sync::event reached{};
  std::atomic<std::size_t> next{0};
  std::atomic<std::uint32_t> answers{0};
  std::atomic<std::size_t> closing{0};  // answers that said so
  std::vector<std::atomic<fate>> requests = std::vector<std::atomic<fate>>(most_requests);
};

/// Returns what the request asks for: its number, which decides how long it takes and how long its
/// answer is.
http::response handle(drain& run, const http::request& asked) {
  const std::size_t number = std::stoul(std::string(asked.param("n")));
  run.requests.at(number) = fate::handled;
  run.guard.tick();
  if (number % 3 == 0) this_fiber::sleep_for(std::chrono::microseconds(number % 7 * 500));
  const std::size_t size = number % 50 == 0 ? 300'000 : number % 100;
  return http::response::text(std::string(size, 'x') + std::to_string(number));
}

/// Reads an answer whole. Returns: false if there is none.
bool read_answer(drain& run, io::buffered_reader<io::tcp_stream>& in, std::size_t number) {
  std::error_code error;
  std::size_t length = 0;
  bool closes = false;
  auto line = in.read_line(error);
  if (error || !line) return false;
  require(line->starts_with("HTTP/1.1 200 "), "the server answers well");
  for (; line && !line->empty(); line = in.read_line(error)) {
    constexpr std::string_view name = "Content-Length: ";
    if (line->starts_with(name)) length = std::stoul(std::string(line->substr(name.size())));
    closes = closes || *line == "Connection: close";
  }
  std::string body(length, '\0');
  in.read_exactly(std::as_writable_bytes(std::span(body)), error);
  if (error) return false;
  require(body.ends_with(std::to_string(number)), "the answer is this request's");
  if (closes) ++run.closing;
  return true;
}

/// Asks on one connection until it ends. Returns: false if there is no server to connect to.
bool ask_on_one_connection(drain& run, const io::endpoint& at) {
  std::error_code error;
  io::tcp_stream stream = io::tcp_stream::connect(at, error);
  if (error) return false;
  io::buffered_reader in(stream);
  for (;;) {
    const std::size_t number = run.next++;
    require(number < most_requests, "the server ends");
    const std::string text =
        "GET /number/" + std::to_string(number) + " HTTP/1.1\r\nHost: h\r\n\r\n";
    stream.write_all(std::as_bytes(std::span(text)), error);
    if (!read_answer(run, in, number)) return true;
    run.requests.at(number) = fate::answered;
    if (++run.answers == run.enough) run.reached.set();
  }
}

void drain_once(random_numbers& random, watchdog& guard, std::uint64_t& answered,
                std::uint64_t& closing) {
  drain run{guard, 1 + random.below(most_answers)};
  http::server site;
  site.get("/number/{n}", [&](const http::request& asked) { return handle(run, asked); });
  io::tcp_listener listener = io::tcp_listener::bind("127.0.0.1:0");
  const io::endpoint at = listener.local_endpoint();
  task<void> serving = spawn([&] { site.serve(listener); });
  task_group crowd;
  for (std::size_t n = 0; n < clients; ++n) {
    crowd.spawn([&] {
      while (ask_on_one_connection(run, at)) {
      }
    });
  }
  run.reached.wait();
  serving.cancel();
  serving.wait();
  crowd.join();
  for (const auto& each : run.requests) {
    require(each != fate::handled, "a request that was begun has no answer");
  }
  answered += run.answers;
  closing += run.closing;
  guard.tick();
}

}  // namespace
}  // namespace heddle::stress

int main(int argc, char** argv) {
  using namespace heddle;
  using namespace heddle::stress;
  const options chosen = parse(argc, argv, {.rounds = 20, .loops = 2});
  holdings held;
  std::uint64_t drains = 0;
  std::uint64_t answered = 0;
  std::uint64_t closing = 0;
  {
    watchdog guard;
    runtime home(with_loops(chosen.loops));
    const watchdog::watching watched(guard, home);
    home.run([&] {
      test::random_numbers random(1);
      for (round_counter left(chosen); left.next(); ++drains) {
        drain_once(random, guard, answered, closing);
      }
    });
    require(home.stats().live_tasks == 0, "a connection outlived serve()");
  }
  held.require_flat();
  std::printf("%llu drains under load, %llu requests answered, %llu with Connection: close\n",
              static_cast<unsigned long long>(drains), static_cast<unsigned long long>(answered),
              static_cast<unsigned long long>(closing));
  require(drains < 10 || closing != 0, "a server that ends says so");
  return 0;
}
