// SPDX-License-Identifier: MIT
// The service on all loops of this process, the load from another.
#include "load.hpp"

#include "child_process.hpp"
#include "console.hpp"
#include "loop_map.hpp"

#include <heddle/io/tcp.hpp>
#include <heddle/runtime/runtime.hpp>
#include <heddle/runtime/task.hpp>
#include <heddle/runtime/this_fiber.hpp>

#include <stdexcept>
#include <utility>

#include <sys/resource.h>

namespace lab {
namespace {

using namespace std::chrono_literals;

// Without a pause 1,000 connections ask for more than the machine can give: that measures its
// throughput, but a request then mostly waits for its turn behind 999 others. With this pause they
// ask for 20,000 pages a second, within what two CPUs can do for both ends: that measures latency.
constexpr auto pause_between_requests = 50ms;

constexpr auto shown_in_timeline = 4ms;

double cpu_seconds() {
  rusage used{};
  ::getrusage(RUSAGE_SELF, &used);
  const auto seconds = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_usec) * 1e-6;
  };
  return seconds(used.ru_utime) + seconds(used.ru_stime);
}

std::vector<std::string> client_arguments(const heddle::io::endpoint& server, const settings& with,
                                          const load_settings& load) {
  const auto number = [](auto value) { return std::to_string(value); };
  return {"--client",
          "--server",
          server.to_string(),
          "--connections",
          number(load.connections),
          "--loops",
          number(with.loops),
          "--pause-ms",
          number(load.pause.count()),
          "--warm-up-ms",
          number(load.warm_up.count()),
          "--measured-ms",
          number(load.measured.count())};
}

timeline look(heddle::runtime& service) {
  const auto marks = service.run([] {
    const heddle::fiber_id first = mark();
    heddle::this_fiber::sleep_for(shown_in_timeline);
    return std::pair(first, mark());
  });
  return between(service.trace(), marks.first, marks.second);
}

/// Listens to the load generator until it ends, and looks at the service half way.
void follow(child_process& client, heddle::runtime& service, const load_settings& load,
            load_run& into) {
  const auto start = std::chrono::steady_clock::now();
  const auto limit = start + load.warm_up + load.measured + 30s;
  const auto half = start + load.warm_up + load.measured / 2;
  auto next_report = start + 1s;
  bool ended = false;
  while (const auto line = client.next_line(limit)) {
    ended = ended || *line == "end";
    if (read_count(*line, into.client) || line->rfind("progress ", 0) != 0) continue;
    const auto now = std::chrono::steady_clock::now();
    if (into.spans.loops.empty() && now >= half) into.spans = look(service);
    if (now < next_report) continue;
    next_report += 1s;
    say(into.name + ": " + grouped(std::stoull(line->substr(9))) + " pages");
  }
  if (!client.wait() || !ended) throw std::runtime_error("the load generator did not end well");
}

load_run run_one(const settings& with, const load_settings& load, std::string name) {
  heddle::config runtime_settings;
  runtime_settings.loops = with.loops;
  runtime_settings.trace_events = 1 << 17;
  runtime_settings.name = "service";
  load_run done;
  done.name = std::move(name);
  const double cpu_before = cpu_seconds();
  heddle::runtime service(runtime_settings);
  const loop_map map(service);
  page_service pages(map);
  heddle::io::tcp_listener listener = heddle::io::tcp_listener::bind("127.0.0.1:0");
  heddle::task<void> serving = service.spawn([&] { pages.serve(listener); });
  {
    child_process client(client_arguments(listener.local_endpoint(), with, load));
    follow(client, service, load, done);
  }
  listener.close();
  serving.join();
  done.shares = pages.shares();
  done.stats = service.stats();
  done.moved = pages.moved();
  done.broken = pages.broken();
  double answered = 0;
  for (const loop_share& one : done.shares) answered += static_cast<double>(one.requests);
  done.cpu_us_per_request = 1e6 * (cpu_seconds() - cpu_before) / answered;
  say(done.name + ": " + grouped(static_cast<std::uint64_t>(done.requests_per_second())) +
      " pages/s, p50 " + milliseconds(done.client.p50_ms) + ", p99 " +
      milliseconds(done.client.p99_ms) + ", failed " + decimal(done.client.failed, 0));
  return done;
}

}  // namespace

std::uint64_t load_result::failed() const {
  return static_cast<std::uint64_t>(without_pause.client.failed + with_pause.client.failed) +
         without_pause.broken + with_pause.broken;
}

load_result run_load(const settings& with) {
  load_settings load = with.load;
  load.warm_up = with.quick ? 250ms : 1s;
  load.measured = with.quick ? 1s : 8s;
  load_result result;
  result.connections = load.connections;
  result.pause = pause_between_requests;
  load.pause = 0ms;
  result.without_pause = run_one(with, load, "no pause");
  load.pause = pause_between_requests;
  result.with_pause = run_one(with, load, std::to_string(load.pause.count()) + " ms pause");
  return result;
}

table rates_of(const load_result& result) {
  table made{{"each connection", "pages/s", "p50", "p99", "worst", "failed", "CPU per page"}, {}};
  for (const load_run* run : {&result.without_pause, &result.with_pause}) {
    const bool pauses = run == &result.with_pause;
    made.rows.push_back(
        {pauses ? "pauses " + std::to_string(result.pause.count()) + " ms" : "never pauses",
         grouped(static_cast<std::uint64_t>(run->requests_per_second())),
         milliseconds(run->client.p50_ms), milliseconds(run->client.p99_ms),
         milliseconds(run->client.worst_ms),
         grouped(static_cast<std::uint64_t>(run->client.failed) + run->broken),
         decimal(run->cpu_us_per_request, 1) + " us"});
  }
  return made;
}

table loops_of(const load_run& run) {
  table made{{run.name, "pages", "connections", "slices", "stolen", "events", "asleep"}, {}};
  for (std::size_t n = 0; n < run.shares.size(); ++n) {
    const heddle::loop_stats& loop = run.stats.loops.at(n);
    made.rows.push_back({"loop " + std::to_string(n), grouped(run.shares[n].requests),
                         grouped(run.shares[n].connections), grouped(loop.slices),
                         grouped(loop.stolen), grouped(loop.events + loop.stolen_events),
                         grouped(loop.parks) + " times"});
  }
  return made;
}

}  // namespace lab
