// SPDX-License-Identifier: MIT
// One check after the other; the first that fails is the answer.
#include "websocket/extension.hpp"
#include "websocket/field_lists.hpp"
#include "websocket/handshake.hpp"

#include <algorithm>
#include <utility>

namespace heddle::http::detail {

namespace {

upgrade_answer refuse(int status, std::string why) {
  upgrade_answer answer;
  answer.status = status;
  answer.why = std::move(why);
  return answer;
}

upgrade_answer refuse(int status, std::string why, const field_view& with) {
  upgrade_answer answer = refuse(status, std::move(why));
  answer.fields.set(with.name, with.value);
  return answer;
}

bool is_base64_digit(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '+' ||
         c == '/';
}

/// Whether it is 16 bytes in base64.
bool is_key(std::string_view text) {
  return text.size() == 24 && text.substr(22) == "==" &&
         std::all_of(text.begin(), text.begin() + 22, is_base64_digit);
}

/// Takes the port off that `scheme` has anyway.
std::string_view without_port_of(std::string_view scheme, std::string_view host) {
  const std::string_view port = scheme == "https" ? ":443" : scheme == "http" ? ":80" : "";
  if (!port.empty() && host.ends_with(port)) host.remove_suffix(port.size());
  return host;
}

/// Whether the page at `origin` came from where it connects to.
bool is_same_host(std::string_view origin, std::string_view host) {
  const std::size_t colon = origin.find("://");
  if (colon == origin.npos || host.empty()) return false;
  const std::string_view scheme = origin.substr(0, colon);
  return same_name(without_port_of(scheme, origin.substr(colon + 3)),
                   without_port_of(scheme, host));
}

bool may_connect(const request_head& request, const websocket_config& config) {
  const auto origins = values_of(request, "Origin");
  const std::string_view host = only_value_of(request, "Host").value_or("");
  if (origins.size() > 1) return false;
  const std::string_view origin = origins.empty() ? std::string_view() : origins.front();
  if (config.allow_origin) return config.allow_origin(origin, host);
  if (origins.empty()) return true;
  if (config.origins.empty()) return is_same_host(origin, host);
  return std::any_of(config.origins.begin(), config.origins.end(), [&](const std::string& each) {
    return each == "*" || same_name(each, origin);
  });
}

bool announces_body(const request_head& request) {
  if (request.find("Transfer-Encoding")) return true;
  const auto lengths = values_of(request, "Content-Length");
  return std::any_of(lengths.begin(), lengths.end(),
                     [](std::string_view each) { return each != "0"; });
}

/// What RFC 6455 asks of every request.
std::optional<upgrade_answer> refuse_form(const request_head& request) {
  if (request.method != "GET") {
    return refuse(405, "A WebSocket begins with GET", {"Allow", "GET"});
  }
  if (!lists_element(request, "Upgrade", "websocket")) {
    auto answer = refuse(426, "Only WebSockets are served here", {"Upgrade", "websocket"});
    answer.fields.set("Connection", "Upgrade");
    return answer;
  }
  if (request.spoken != version::http_1_1) return refuse(400, "A WebSocket needs HTTP/1.1");
  if (!lists_element(request, "Connection", "upgrade")) {
    return refuse(400, "Connection does not name Upgrade");
  }
  if (announces_body(request)) return refuse(400, "The request has a body");
  const auto spoken = only_value_of(request, "Sec-WebSocket-Version");
  if (!spoken) return refuse(400, "There must be one Sec-WebSocket-Version");
  if (*spoken != "13") {
    return refuse(426, "Only version 13 is spoken here", {"Sec-WebSocket-Version", "13"});
  }
  const auto key = only_value_of(request, "Sec-WebSocket-Key");
  if (!key || !is_key(*key)) return refuse(400, "There must be one Sec-WebSocket-Key of 16 bytes");
  return std::nullopt;
}

/// Returns: nullopt if the offers are malformed.
std::optional<std::vector<std::string_view>> offered_subprotocols(const request_head& request) {
  std::vector<std::string_view> offered;
  for (std::string_view list : values_of(request, "Sec-WebSocket-Protocol")) {
    for (std::string_view each; next_element(list, each);) {
      const bool twice = std::find(offered.begin(), offered.end(), each) != offered.end();
      if (twice || !is_token(each)) return std::nullopt;
      offered.push_back(each);
    }
  }
  return offered;
}

}  // namespace

upgrade_answer answer_upgrade(const request_head& request, const websocket_config& config) {
  if (auto refused = refuse_form(request)) return std::move(*refused);
  const auto offered = offered_subprotocols(request);
  if (!offered) return refuse(400, "Sec-WebSocket-Protocol is malformed");
  if (!may_connect(request, config)) return refuse(403, "Pages of this origin may not connect");

  upgrade_answer answer;
  answer.fields.set("Upgrade", "websocket");
  answer.fields.set("Connection", "Upgrade");
  answer.fields.set("Sec-WebSocket-Accept", accept_key(*request.find("Sec-WebSocket-Key")));
  for (const std::string& each : config.subprotocols) {
    if (std::find(offered->begin(), offered->end(), each) == offered->end()) continue;
    answer.agreed.subprotocol = each;
    answer.fields.set("Sec-WebSocket-Protocol", each);
    break;
  }
  const auto extensions = values_of(request, "Sec-WebSocket-Extensions");
  if (const auto chosen = answer_offers(extensions, config.compression)) {
    answer.agreed.compression = chosen->agreed;
    answer.fields.set("Sec-WebSocket-Extensions", chosen->field);
  }
  return answer;
}

}  // namespace heddle::http::detail
