// SPDX-License-Identifier: MIT
// The public classes.
#include <heddle/http/client.hpp>

#include "client/client_core.hpp"

#include <algorithm>
#include <stdexcept>
#include <utility>

namespace heddle::http {

namespace {
constexpr std::size_t piece_bytes = 16 * 1024;
}

client_response::client_response(std::unique_ptr<detail::call> under_way) noexcept
    : call_(std::move(under_way)) {}
client_response::client_response(client_response&&) noexcept = default;
client_response& client_response::operator=(client_response&&) noexcept = default;
client_response::~client_response() = default;

/// Errors: std::logic_error if it was moved from.
detail::call& client_response::under_way() const {
  if (call_ != nullptr) return *call_;
  throw std::logic_error("heddle::http::client_response: moved from");
}

int client_response::status() const { return under_way().status(); }
const fields& client_response::header() const { return under_way().header(); }
const fields& client_response::trailer() const { return under_way().trailer(); }
const url& client_response::where() const { return under_way().asked().where(); }

std::size_t client_response::read_some(std::span<std::byte> into, std::error_code& error) {
  return under_way().read_some(into, error);
}

std::string client_response::read_all(std::size_t most) {
  std::string all;
  std::error_code error;
  for (;;) {
    const std::size_t before = all.size();
    all.resize(before + piece_bytes);
    const std::size_t bytes =
        under_way().read_some(std::as_writable_bytes(std::span(all).subspan(before)), error);
    all.resize(before + bytes);
    if (error) under_way().fail(error);
    if (bytes == 0) return all;
    if (all.size() > most) under_way().fail(http_errc::body_too_large);
  }
}

client::client(const client_config& config)
    : core_(std::make_shared<detail::client_core>(config)) {}
client::~client() { close(); }

client_response client::open(const client_request& asked) { return core_->open(asked); }

response client::request(const client_request& asked) {
  client_response from = open(asked);
  std::string body = from.read_all(core_->config().body_bytes);
  return without_body(from).body(std::move(body));
}

response client::without_body(const client_response& from) {
  response made(from.status());
  from.header().for_each([&](const field_view& each) {
    const bool frames =
        same_name(each.name, "Content-Length") || same_name(each.name, "Transfer-Encoding");
    if (!frames) made.add(each.name, each.value);
  });
  return made;
}

void client::close() noexcept { core_->shared.close(); }

client_stats client::stats() const { return core_->stats(); }

}  // namespace heddle::http
