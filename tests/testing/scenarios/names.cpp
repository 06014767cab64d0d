// SPDX-License-Identifier: MIT
// Lookups of names, by a server of the scenario's own on the kernel's loopback, and out of a hosts
// file, by one and by several who share the answer.
#include <heddle/io/resolver.hpp>
#include <heddle/runtime.hpp>

#include "io/dns/fake_server.hpp"
#include "io/dns/temporary_file.hpp"
#include "testing/scenarios/scenario.hpp"

#include <chrono>

namespace heddle::test {

namespace {

using namespace std::chrono_literals;

/// Asks again soon: where a server is short of memory its answer is lost, and that is no failure.
io::resolver_options impatient(const fake_server& server) {
  io::resolver_options options = server.options();
  options.attempt_timeout = 20ms;
  options.timeout = 200ms;
  return options;
}

struct lookup {
  int found = 0;
  void program() {
    const fake_server server(one_each);
    io::resolver names(impatient(server));
    found = static_cast<int>(names.resolve("name.test", 80).size());
    // A server that is short of memory may answer for one family only; then that is asked again.
    const std::size_t again = names.resolve("name.test", 80).size();
    if (again == 0 || again > 2) throw lost("what was remembered");
  }
  void after() const {
    if (found > 2) account("addresses, at most", 2, found);
  }
};

struct shared_lookup {
  int answered = 0;
  void program() {
    const fake_server server(one_each);
    io::resolver names(impatient(server));
    task_group callers;
    for (int n = 0; n < 3; ++n) {
      callers.spawn([&] { answered += names.resolve("name.test", 80).empty() ? 0 : 1; });
    }
    callers.join();
    account("callers", 3, answered);
  }
  void after() const {}
};

struct known_host {
  const temporary_file hosts{"10.0.0.1 name.test\n"};
  void program() {
    io::resolver_options options;
    options.hosts_file = hosts.path();
    const auto found = io::resolve("name.test", 80, options);
    if (found != std::vector<io::endpoint>{"10.0.0.1:80"}) throw lost("a known host");
  }
  void after() const {}
};

}  // namespace

std::vector<scenario> name_scenarios() {
  return {
      scenario_of<lookup>("dns_lookup"),
      scenario_of<shared_lookup>("dns_shared_lookup"),
      scenario_of<known_host>("known_host"),
  };
}

}  // namespace heddle::test
