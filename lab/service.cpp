// SPDX-License-Identifier: MIT
// Two pages, and the book-keeping of who made them.
#include "service.hpp"

#include "http.hpp"

#include <heddle/io/serve.hpp>
#include <heddle/runtime/this_fiber.hpp>

#include <algorithm>
#include <exception>
#include <string>
#include <string_view>

namespace lab {
namespace {

page make(std::string_view target) {
  if (target == "/slow") {
    heddle::this_fiber::sleep_for(slow_page);  // a database, a model, another service
    return {200, "<p>That took a while.</p>\n"};
  }
  if (target == "/quick") return {200, "<p>Here you are.</p>\n"};
  return {404, "<p>There is no such page.</p>\n"};
}

}  // namespace

page_service::page_service(const loop_map& loops) : loops_(loops), counters_(loops.loops()) {}

void page_service::serve(heddle::io::tcp_listener& listener) {
  heddle::io::serve_options options;
  options.max_connections = 100'000;  // the command line has asked the system already
  options.drain = std::chrono::seconds(2);
  heddle::io::serve(
      listener, [this](heddle::io::tcp_stream& client) { talk(client); }, options);
}

void page_service::talk(heddle::io::tcp_stream& client) {
  std::vector<std::uint64_t> answered(counters_.size(), 0);
  const page_maker counted = [&](std::string_view target) {
    const unsigned loop = loops_.here();
    ++answered[loop];
    counters_[loop].requests.fetch_add(1, std::memory_order_relaxed);
    return make(target);
  };
  try {
    answer_requests(client, counted);
  } catch (const std::exception&) {
    broken_.fetch_add(1, std::memory_order_relaxed);
  }
  const auto most = std::max_element(answered.begin(), answered.end());
  if (*most == 0) return;
  const auto home = static_cast<std::size_t>(most - answered.begin());
  counters_[home].connections.fetch_add(1, std::memory_order_relaxed);
  const bool alone = std::count(answered.begin(), answered.end(), 0U) + 1 ==
                     static_cast<std::ptrdiff_t>(answered.size());
  if (!alone) moved_.fetch_add(1, std::memory_order_relaxed);
}

std::vector<loop_share> page_service::shares() const {
  std::vector<loop_share> found;
  for (const counter& one : counters_) {
    found.push_back({one.requests.load(std::memory_order_relaxed),
                     one.connections.load(std::memory_order_relaxed)});
  }
  return found;
}

}  // namespace lab
