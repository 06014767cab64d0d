// SPDX-License-Identifier: MIT
// The checks of a configuration, and the default report.
#include "server/server_core.hpp"

#include <cstdio>
#include <stdexcept>
#include <utility>
#include <variant>

namespace heddle::http::detail {

namespace {

constexpr std::size_t most_bytes = std::size_t{1} << 30;

[[noreturn]] void refuse(const char* name, const std::string& why) {
  throw std::invalid_argument("heddle::http::server_config::" + std::string(name) + " " + why);
}

void check_bytes(std::size_t value, std::size_t least, const char* name) {
  if (value >= least && value <= most_bytes) return;
  refuse(name, "is " + std::to_string(value) + ", not in " + std::to_string(least) + "..2^30");
}

void check_time(std::chrono::nanoseconds value, const char* name) {
  if (value <= std::chrono::nanoseconds::zero()) refuse(name, "is not positive");
}

const server_config& checked(const server_config& config) {
  check_bytes(config.request_line_bytes, 16, "request_line_bytes");
  check_bytes(config.header_bytes, 64, "header_bytes");
  check_bytes(config.header_fields, 1, "header_fields");
  check_bytes(config.body_bytes, 0, "body_bytes");
  check_bytes(config.chunk_line_bytes, 16, "chunk_line_bytes");
  check_bytes(config.chunk_extension_bytes, 0, "chunk_extension_bytes");
  check_bytes(config.trailer_bytes, 0, "trailer_bytes");
  check_bytes(config.pipelined, 1, "pipelined");
  check_bytes(config.compress_from_bytes, 0, "compress_from_bytes");
  check_time(config.header_timeout, "header_timeout");
  check_time(config.idle_timeout, "idle_timeout");
  check_time(config.body_grace, "body_grace");
  check_time(config.write_timeout, "write_timeout");
  if (config.drain < std::chrono::nanoseconds::zero()) refuse("drain", "is negative");
  return config;
}

/// Returns whether it is a function that is none.
bool is_missing(const server_core::handler& handle) {
  if (const auto* whole = std::get_if<server::handler>(&handle)) return !*whole;
  if (const auto* pieces = std::get_if<server::stream_handler>(&handle)) return !*pieces;
  const auto* talk = std::get_if<websocket_route>(&handle);
  return talk != nullptr && !talk->handle;
}

std::string text_of(const std::exception_ptr& error) {
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& known) {
    return known.what();
  } catch (...) {
    return "not a std::exception";
  }
}

}  // namespace

server_core::server_core(server_config settings) : config_(checked(settings)) {}

void server_core::add(std::string_view method, std::string_view pattern, handler handle) {
  if (serving_.load(std::memory_order_relaxed)) {
    throw std::logic_error("heddle::http::server: a route is added after serve() was called");
  }
  if (is_missing(handle)) {
    throw std::invalid_argument("heddle::http: pattern '" + std::string(pattern) +
                                "': there is no handler");
  }
  routes_.add(method, pattern, handlers_.size());
  handlers_.emplace_back(std::move(handle));
}

void server_core::begin_serving() noexcept { serving_.store(true, std::memory_order_relaxed); }

void server_core::report(const handler_failure& failure) const {
  if (config_.on_failure) {
    config_.on_failure(failure);
    return;
  }
  std::fprintf(stderr, "heddle: %.*s %.*s from %s failed: %s\n",
               static_cast<int>(failure.method.size()), failure.method.data(),
               static_cast<int>(failure.target.size()), failure.target.data(),
               failure.peer.to_string().c_str(), text_of(failure.error).c_str());
}

void server_core::refused(int status) noexcept {
  refused_[static_cast<std::size_t>(status - 400)].add();
}

std::uint64_t server_core::refusals(int status) const noexcept {
  return status >= 400 && status <= 599 ? refused_[static_cast<std::size_t>(status - 400)].value()
                                        : 0;
}

}  // namespace heddle::http::detail
