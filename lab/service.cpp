// SPDX-License-Identifier: MIT
// Two pages, and the book-keeping of who made them.
#include "service.hpp"

#include <heddle/runtime/this_fiber.hpp>

#include <algorithm>

namespace lab {
namespace {

namespace http = heddle::http;

http::server_config settings() {
  http::server_config chosen;
  chosen.max_connections = 100'000;  // the command line has asked the system already
  chosen.drain = std::chrono::seconds(2);
  return chosen;
}

}  // namespace

page_service::page_service(const loop_map& loops)
    : loops_(loops), server_(settings()), counters_(loops.loops()) {
  server_.get("/slow", [this](const http::request&) {
    count();
    heddle::this_fiber::sleep_for(slow_page);  // a database, a model, another service
    return http::response::html("<p>That took a while.</p>\n");
  });
  server_.get("/quick", [this](const http::request&) {
    count();
    return http::response::html("<p>Here you are.</p>\n");
  });
}

void page_service::serve(heddle::io::tcp_listener& listener) { server_.serve(listener); }

void page_service::count() {
  const unsigned loop = loops_.here();
  ++visits_.get().answered[loop];
  counters_[loop].requests.fetch_add(1, std::memory_order_relaxed);
}

void page_service::note(const std::vector<std::uint64_t>& answered) {
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
