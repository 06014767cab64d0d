// SPDX-License-Identifier: MIT
// The public class, and how a listener's streams become connections.
#include <heddle/http/server.hpp>

#include "connection/owned_transport.hpp"
#include "server/connection.hpp"
#include "server/idle_set.hpp"
#include "server/server_core.hpp"

#include <heddle/io/serve.hpp>
#include <heddle/tls/listener.hpp>

#include <memory>
#include <stdexcept>
#include <utility>

namespace heddle::http {

server::server(server_config config)
    : core_(std::make_unique<detail::server_core>(std::move(config))) {}
server::~server() = default;

server& server::route(std::string_view method, std::string_view pattern, handler handle) {
  core_->add(method, pattern, std::move(handle));
  return *this;
}

server& server::get(std::string_view pattern, handler handle) {
  return route("GET", pattern, std::move(handle));
}

server& server::post(std::string_view pattern, handler handle) {
  return route("POST", pattern, std::move(handle));
}

server& server::put(std::string_view pattern, handler handle) {
  return route("PUT", pattern, std::move(handle));
}

server& server::del(std::string_view pattern, handler handle) {
  return route("DELETE", pattern, std::move(handle));
}

server& server::stream(std::string_view method, std::string_view pattern, stream_handler handle) {
  core_->add(method, pattern, std::move(handle));
  return *this;
}

server& server::files(std::string_view pattern, std::string folder) {
  constexpr std::string_view end = "...}";
  const std::size_t open = pattern.rfind('{');
  if (open == std::string_view::npos || !pattern.ends_with(end)) {
    throw std::invalid_argument("heddle::http::server::files: pattern '" + std::string(pattern) +
                                "' does not end with {name...}");
  }
  std::string name(pattern.substr(open + 1, pattern.size() - open - 1 - end.size()));
  core_->add("GET", pattern, detail::file_folder{std::move(folder), std::move(name)});
  return *this;
}

server& server::websocket(std::string_view pattern, websocket_handler handle,
                          websocket_config config) {
  config.check();
  core_->add("GET", pattern, detail::websocket_route{std::move(handle), std::move(config)});
  return *this;
}

server& server::websocket(std::string_view pattern, std::function<void(http::websocket&)> handle,
                          websocket_config config) {
  websocket_handler asked = nullptr;
  if (handle) {
    asked = [handle = std::move(handle)](http::websocket& with, const request&) { handle(with); };
  }
  return websocket(pattern, std::move(asked), std::move(config));
}

namespace {

/// What io's and tls' serve() are told by a server's configuration.
io::serve_options options_of(const server_config& config, detail::idle_set& idle,
                             io::drain_stop* cut_short) {
  return {.max_connections = config.max_connections,
          .drain = config.drain,
          .on_stop = [&idle] { idle.stop(); },
          .cut_short = cut_short};
}

}  // namespace

void server::serve(std::span<io::tcp_listener> listeners, io::drain_stop* cut_short,
                   spawn_site where) {
  core_->begin_serving();
  detail::idle_set idle;
  const auto handle = [&](io::tcp_stream& client) {
    auto over = std::make_shared<detail::owned_transport<io::tcp_stream>>(std::move(client));
    detail::connection(std::move(over), *core_, idle).run();
  };
  io::serve(listeners, handle, options_of(core_->config(), idle, cut_short), where);
}

void server::serve(tls::listener& listener, io::drain_stop* cut_short, spawn_site where) {
  core_->begin_serving();
  detail::idle_set idle;
  const auto handle = [&](tls::stream& client) {
    auto over = std::make_shared<detail::owned_transport<tls::stream>>(std::move(client));
    detail::connection(std::move(over), *core_, idle).run();
  };
  tls::serve(listener, handle, options_of(core_->config(), idle, cut_short), where);
}

void server::serve(io::tcp_listener& listener, io::drain_stop* cut_short, spawn_site where) {
  serve(std::span(&listener, 1), cut_short, where);
}

server_stats server::stats() const noexcept {
  return {.connections = core_->connections.value(),
          .requests = core_->requests.value(),
          .failures = core_->failures.value(),
          .idle_closed = core_->idle_closed.value(),
          .broken = core_->broken.value(),
          .write_stalls = core_->write_stalls.value()};
}

std::uint64_t server::refused(int status) const noexcept { return core_->refusals(status); }

}  // namespace heddle::http
