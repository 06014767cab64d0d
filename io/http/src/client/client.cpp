// SPDX-License-Identifier: MIT
// The public classes.
#include <heddle/http/client.hpp>

#include "client/client_core.hpp"

#include <algorithm>
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

int client_response::status() const noexcept { return call_->status(); }
const fields& client_response::header() const noexcept { return call_->header(); }
const fields& client_response::trailer() const noexcept { return call_->trailer(); }
const url& client_response::where() const noexcept { return call_->asked().where(); }

std::size_t client_response::read_some(std::span<std::byte> into, std::error_code& error) {
  return call_->read_some(into, error);
}

std::string client_response::read_all(std::size_t most) {
  std::string all;
  std::error_code error;
  for (;;) {
    const std::size_t before = all.size();
    all.resize(before + piece_bytes);
    const std::size_t bytes =
        call_->read_some(std::as_writable_bytes(std::span(all).subspan(before)), error);
    all.resize(before + bytes);
    if (error) call_->fail(error);
    if (bytes == 0) return all;
    if (all.size() > most) call_->fail(http_errc::body_too_large);
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
