// SPDX-License-Identifier: MIT
// The command line, by CLI11.
#include "settings.hpp"

#include <heddle/runtime/config.hpp>

#include <CLI/CLI.hpp>

#include <algorithm>
#include <iostream>
#include <string>

#include <sys/resource.h>

namespace lab {
namespace {

constexpr unsigned longest_ms = 3'600'000;  // an hour
constexpr unsigned own_descriptors = 200;   // what a process needs besides its connections

constexpr const char* what_it_does =
    "heddle's demo: what waiting, serving and computing cost with fibers, measured on this "
    "machine\n"
    "over real sockets. It prints a table for each part and writes a report with pictures.\n"
    "\n"
    "  1 pages     20 pages that take 50 ms each, fetched one after another and all at once\n"
    "  2 service   an HTTP service under 1,000 keep-alive connections, whose other ends are a\n"
    "              process of their own: without pauses for its throughput, with pauses for its\n"
    "              latency\n"
    "  3 cpu       a picture computed by one fiber a row: plain calls, one loop, all loops\n"
    "  4 ways      one job on one loop, under one lock, on threads, on all loops, on the CPU "
    "pool,\n"
    "              and how late an echo is beside each\n"
    "  5 timeline  what every loop did and when, drawn from the runtime's event rings\n"
    "\n"
    "It takes about a minute, with --quick some ten seconds. It ends with status 0 if "
    "every request\n"
    "was answered rightly and all ways to compute agree.";

void add_demo_options(CLI::App& app, settings& into) {
  app.add_flag("-q,--quick", into.quick, "Measure everything, but briefly and once");
  app.add_option("-o,--output", into.output, "The report to write")->capture_default_str();
  app.add_option("--picture", into.picture, "Also write part 3's timeline alone, as SVG, here");
  app.add_option("--loops", into.loops, "Loops where all are used; 0: one for each CPU")
      ->capture_default_str()
      ->check(CLI::Range(0, 1024));
  app.add_option("--rounds", into.rounds, "Rounds of parts 1, 3 and 4; the best is taken")
      ->capture_default_str()
      ->check(CLI::Range(1, 20));
  app.add_option("--connections", into.load.connections, "Connections of part 2")
      ->capture_default_str()
      ->check(CLI::Range(1, 100000));
}

void add_client_options(CLI::App& app, settings& into) {
  const std::string group = "Load generator (part 2 starts it by itself)";
  const auto milliseconds = [&](const char* name, std::chrono::milliseconds& value, unsigned least,
                                const char* what) {
    app.add_option_function<unsigned>(
           name, [&value](unsigned given) { value = std::chrono::milliseconds(given); }, what)
        ->group(group)
        ->default_str(std::to_string(value.count()))
        ->check(CLI::Range(least, longest_ms));
  };
  app.add_flag("--client", into.client, "Be the load generator; prints what it counted")
      ->group(group);
  app.add_option("--server", into.load.server, "Whom to ask, as in 127.0.0.1:8080")->group(group);
  app.add_option("--target", into.load.target, "Which page")->group(group)->capture_default_str();
  milliseconds("--pause-ms", into.load.pause, 0, "Mean pause of a connection between two requests");
  milliseconds("--warm-up-ms", into.load.warm_up, 0, "How long not to count yet");
  milliseconds("--measured-ms", into.load.measured, 1, "How long to count");
}

void shorten(settings& of) {
  of.rounds = 1;
  of.columns = 400;
}

}  // namespace

bool read_command_line(int count, char** arguments, settings& into, int& status) {
  CLI::App app(what_it_does);
  add_demo_options(app, into);
  add_client_options(app, into);
  app.get_option("--client")->needs("--server");
  try {
    app.parse(count, arguments);
  } catch (const CLI::ParseError& error) {
    status = app.exit(error);
    return false;
  }
  if (into.quick) shorten(into);
  heddle::config all;
  all.loops = into.loops;
  into.loops = all.effective().loops;
  const std::uint64_t limit = raise_descriptor_limit();
  if (into.load.connections + own_descriptors > limit) {
    const auto fewer =
        static_cast<unsigned>(limit > 2 * own_descriptors ? limit - own_descriptors : 1);
    std::cerr << "only " << fewer << " connections: a process may have " << limit
              << " descriptors here\n";
    into.load.connections = fewer;
  }
  return true;
}

std::uint64_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 1024;
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) ::getrlimit(RLIMIT_NOFILE, &limit);
  return limit.rlim_cur;
}

}  // namespace lab
