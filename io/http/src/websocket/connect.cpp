// SPDX-License-Identifier: MIT
// A client's way to a WebSocket: a connection, the request, the check of its answer.
#include <heddle/http/client_error.hpp>
#include <heddle/http/websocket.hpp>

#include "client/answer.hpp"
#include "client/client_core.hpp"
#include "message/syntax.hpp"
#include "websocket/access.hpp"
#include "websocket/handshake.hpp"

#include <heddle/runtime/cancel.hpp>

#include <algorithm>
#include <array>
#include <span>
#include <stdexcept>
#include <string>

namespace heddle::http {

namespace {

using detail::dial_failure;

constexpr std::array<std::string_view, 6> of_the_handshake = {
    "Host", "Content-Length", "Transfer-Encoding", "Connection", "Expect", "Upgrade"};
constexpr std::string_view own_prefix = "sec-websocket-";

[[noreturn]] void refuse(const std::string& why) {
  throw std::invalid_argument("heddle::http::websocket::connect: " + why);
}

/// Returns the URL of http or https by which the server is asked.
url asked_by(std::string_view where) {
  const std::size_t colon = std::min(where.find(':'), where.size());
  const std::string_view scheme = where.substr(0, colon);
  const bool encrypts = detail::is_word(scheme, "wss");
  if (!encrypts && !detail::is_word(scheme, "ws")) {
    throw std::invalid_argument(
        "heddle::http::websocket::connect: the URL does not begin with ws:// or wss://");
  }
  return url((encrypts ? "https" : "http") + std::string(where.substr(colon)));
}

/// Returns it as the user knows it.
std::string shown(const url& asked) { return "ws" + asked.to_string().substr(4); }

void check_fields(const fields& given) {
  given.for_each([](const field_view& each) {
    const std::string_view start = each.name.substr(0, own_prefix.size());
    const bool own = detail::is_word(start, own_prefix) ||
                     std::any_of(of_the_handshake.begin(), of_the_handshake.end(),
                                 [&](std::string_view name) { return same_name(name, each.name); });
    if (own) refuse(std::string(each.name) + " is not set by hand: it is the handshake's");
  });
}

std::string text_of(const url& to, const websocket_client_config& config,
                    const detail::upgrade_request& asked) {
  std::string text = "GET " + to.target() + " HTTP/1.1\r\nHost: " + to.authority() + "\r\n";
  const std::string& agent = config.connection.user_agent;
  if (!agent.empty() && !config.header.get("User-Agent")) text += "User-Agent: " + agent + "\r\n";
  return text.append(asked.fields.text()).append(config.header.text()).append("\r\n");
}

/// Keeps in `at` how far it has come.
websocket open(const url& to, const websocket_client_config& config, client_phase& at) {
  detail::dialer dials(config.connection);
  std::unique_ptr<detail::transport> over =
      dials.dial(to, dials.proxy_for(to), detail::dialer::purpose::tunnel);
  at = client_phase::header;
  detail::inbound in(*over);
  detail::upgrade_request asked = detail::ask_for_upgrade(config.websocket);
  asked.where = shown(to);
  std::string text;
  const detail::response_head answer =
      detail::ask_for_head(*over, in, text_of(to, config, asked), config.connection, text);
  const detail::agreed_websocket agreed = detail::check_upgrade(answer, asked, config.websocket);
  return detail::websocket_access::over(
      std::move(over), {.own = detail::websocket_role::client,
                        .limits = config.websocket.limits,
                        .agreed = agreed,
                        .already_read = std::as_bytes(std::span(in.buffer().held()))});
}

}  // namespace

websocket websocket::connect(std::string_view where, const websocket_client_config& config) {
  const url to = asked_by(where);
  config.websocket.check();
  detail::checked(config.connection);
  check_fields(config.header);
  if (config.timeout <= std::chrono::nanoseconds::zero()) refuse("the timeout is not positive");
  dial_failure failed{client_phase::connect, std::make_error_code(std::errc::timed_out),
                      "the time is up"};
  std::optional<websocket> made;
  try {
    const bool in_time =
        move_on_after(config.timeout, [&] { made.emplace(open(to, config, failed.phase)); });
    if (in_time) return std::move(*made);
  } catch (const dial_failure& found) {
    failed = found;
  }
  throw http_error(failed.code,
                   {.phase = failed.phase, .method = "GET", .url = shown(to), .why = failed.why});
}

}  // namespace heddle::http
