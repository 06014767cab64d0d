// SPDX-License-Identifier: MIT
// The request, and the checks of its answer.
#include "websocket/extension.hpp"
#include "websocket/field_lists.hpp"
#include "websocket/handshake.hpp"
#include "websocket/random.hpp"

#include <heddle/http/websocket_error.hpp>

#include <openssl/evp.h>

#include <algorithm>
#include <array>

namespace heddle::http::detail {

namespace {

std::string random_key() {
  std::array<std::byte, 16> bytes;
  fill_with_random(bytes);
  std::array<unsigned char, 32> encoded{};
  const int length =
      EVP_EncodeBlock(encoded.data(), reinterpret_cast<const unsigned char*>(bytes.data()),
                      static_cast<int>(bytes.size()));
  return {reinterpret_cast<const char*>(encoded.data()), static_cast<std::size_t>(length)};
}

[[noreturn]] void refuse(const upgrade_request& asked, const std::string& why, int status = 0) {
  const std::string where = asked.where.empty() ? "the server " : asked.where + " ";
  throw websocket_error(websocket_errc::bad_handshake, "heddle::http::websocket: " + where + why,
                        status);
}

}  // namespace

upgrade_request ask_for_upgrade(const websocket_config& config) {
  upgrade_request asked;
  asked.key = random_key();
  asked.fields.set("Upgrade", "websocket");
  asked.fields.set("Connection", "Upgrade");
  asked.fields.set("Sec-WebSocket-Version", "13");
  asked.fields.set("Sec-WebSocket-Key", asked.key);
  std::string offered;
  for (const std::string& each : config.subprotocols) {
    offered.append(offered.empty() ? "" : ", ").append(each);
  }
  if (!offered.empty()) asked.fields.set("Sec-WebSocket-Protocol", offered);
  const std::string extensions = make_offer(config.compression);
  if (!extensions.empty()) asked.fields.set("Sec-WebSocket-Extensions", extensions);
  return asked;
}

agreed_websocket check_upgrade(const response_head& answer, const upgrade_request& asked,
                               const websocket_config& config) {
  if (answer.status != 101) {
    refuse(asked,
           "answered " + std::to_string(answer.status) + " " + std::string(answer.reason) +
               ", not 101",
           answer.status);
  }
  if (!lists_element(answer, "Upgrade", "websocket")) refuse(asked, "did not upgrade to websocket");
  if (!lists_element(answer, "Connection", "upgrade"))
    refuse(asked, "did not upgrade the connection");
  if (only_value_of(answer, "Sec-WebSocket-Accept") != accept_key(asked.key)) {
    refuse(asked, "has no Sec-WebSocket-Accept for the key of this request");
  }
  agreed_websocket agreed;
  const auto chosen = values_of(answer, "Sec-WebSocket-Protocol");
  if (!chosen.empty()) {
    agreed.subprotocol = chosen.front();
    const auto& own = config.subprotocols;
    const bool offered = std::find(own.begin(), own.end(), agreed.subprotocol) != own.end();
    if (chosen.size() > 1 || !offered) {
      refuse(asked,
             "chose the subprotocol '" + agreed.subprotocol + "', which was not offered, or two");
    }
  }
  agreed.compression =
      read_answer(values_of(answer, "Sec-WebSocket-Extensions"), config.compression);
  return agreed;
}

}  // namespace heddle::http::detail
