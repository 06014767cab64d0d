// SPDX-License-Identifier: MIT
// Offers and answers have the same four parameters.
#include "websocket/extension.hpp"

#include "message/syntax.hpp"

#include <algorithm>
#include <utility>

namespace heddle::http::detail {

namespace {

using context = agreed_compression::context;

constexpr std::string_view extension_name = "permessage-deflate";
constexpr std::string_view no_server_context = "server_no_context_takeover";
constexpr std::string_view no_client_context = "client_no_context_takeover";
constexpr std::string_view server_bits = "server_max_window_bits";
constexpr std::string_view client_bits = "client_max_window_bits";
constexpr int most_bits = 15;
constexpr int least_bits_of_zlib = 9;

struct parameters {
  bool no_server_context = false;
  bool no_client_context = false;
  bool has_client_bits = false;
  std::optional<int> server_bits = {};
  std::optional<int> client_bits = {};  // without a value: nullopt
};

/// Takes what is before the next `separator` off `text`, trimmed.
std::string_view next_part(std::string_view& text, char separator) {
  const std::size_t end = std::min(text.find(separator), text.size());
  const std::string_view part = trimmed(text.substr(0, end));
  text.remove_prefix(std::min(end + 1, text.size()));
  return part;
}

std::optional<int> read_bits(std::string_view value) {
  if (value.size() >= 2 && value.front() == '"' && value.back() == '"') {
    value = value.substr(1, value.size() - 2);
  }
  if (value == "8" || value == "9") return value.front() - '0';
  if (value.size() == 2 && value[0] == '1' && value[1] >= '0' && value[1] <= '5') {
    return 10 + (value[1] - '0');
  }
  return std::nullopt;
}

/// Returns: false if there is something that may not be there.
bool read_parameter(std::string_view text, parameters& found) {
  const bool has_value = text.find('=') != text.npos;
  std::string_view rest = text;
  const std::string_view name = next_part(rest, '=');
  const auto set_flag = [&](bool& flag) { return !has_value && !std::exchange(flag, true); };
  if (is_word(name, no_server_context)) return set_flag(found.no_server_context);
  if (is_word(name, no_client_context)) return set_flag(found.no_client_context);
  const std::optional<int> bits = has_value ? read_bits(trimmed(rest)) : std::nullopt;
  if (has_value && !bits) return false;
  if (is_word(name, server_bits)) {
    if (!bits || found.server_bits) return false;
    found.server_bits = bits;
    return true;
  }
  if (!is_word(name, client_bits) || std::exchange(found.has_client_bits, true)) return false;
  found.client_bits = bits;
  return true;
}

/// Reads the parameters of an offer, or an answer, from what follows the name.
std::optional<parameters> read_parameters(std::string_view text) {
  parameters found;
  while (!text.empty()) {
    if (!read_parameter(next_part(text, ';'), found)) return std::nullopt;
  }
  return found;
}

agreed_compression with_effort_of(const websocket_compression& own) {
  agreed_compression agreed;
  agreed.level = own.level;
  agreed.memory_level = own.memory_level;
  agreed.threshold_bytes = std::max<std::size_t>(1, own.threshold_bytes);
  return agreed;
}

context kept(bool kept) { return kept ? context::keep : context::forget; }

std::string with_bits(std::string_view name, int bits) {
  std::string text("; ");
  return text.append(name).append("=").append(std::to_string(bits));
}

std::string flag(std::string_view name) { return std::string("; ").append(name); }

std::optional<extension_answer> accept(const parameters& offer, const websocket_compression& own) {
  if (offer.server_bits.value_or(most_bits) < least_bits_of_zlib) return std::nullopt;
  if (own.receive_window_bits < most_bits && !offer.has_client_bits) return std::nullopt;
  extension_answer answer{std::string(extension_name), with_effort_of(own)};
  agreed_compression& agreed = answer.agreed;
  agreed.send_context = kept(own.send_context == io::toggle::on && !offer.no_server_context);
  agreed.receive_context = kept(own.receive_context == io::toggle::on && !offer.no_client_context);
  agreed.send_window_bits = std::min(own.send_window_bits, offer.server_bits.value_or(most_bits));
  agreed.receive_window_bits =
      std::min(own.receive_window_bits, offer.client_bits.value_or(most_bits));
  if (agreed.send_context == context::forget) answer.field += flag(no_server_context);
  if (agreed.receive_context == context::forget) answer.field += flag(no_client_context);
  if (offer.server_bits || agreed.send_window_bits < most_bits) {
    answer.field += with_bits(server_bits, agreed.send_window_bits);
  }
  if (agreed.receive_window_bits < most_bits) {
    answer.field += with_bits(client_bits, agreed.receive_window_bits);
  }
  return answer;
}

[[noreturn]] void refuse(const std::string& why) {
  throw websocket_error(websocket_errc::bad_handshake,
                        "heddle::http::websocket: the server's Sec-WebSocket-Extensions " + why);
}

/// Whether the server keeps to what it was offered.
bool fits(const parameters& answer, const websocket_compression& own) {
  if (own.receive_context == io::toggle::off && !answer.no_server_context) return false;
  if (own.receive_window_bits < most_bits && !answer.server_bits) return false;
  if (answer.server_bits.value_or(8) > own.receive_window_bits) return false;
  return !answer.has_client_bits || answer.client_bits.has_value();
}

}  // namespace

std::optional<extension_answer> answer_offers(std::span<const std::string_view> values,
                                              const websocket_compression& own) {
  if (own.enabled == io::toggle::off) return std::nullopt;
  for (std::string_view list : values) {
    for (std::string_view offer; next_element(list, offer);) {
      if (!is_word(next_part(offer, ';'), extension_name)) continue;
      const std::optional<parameters> found = read_parameters(offer);
      if (!found) continue;
      if (auto answer = accept(*found, own)) return answer;
    }
  }
  return std::nullopt;
}

std::string make_offer(const websocket_compression& own) {
  if (own.enabled == io::toggle::off) return {};
  std::string offer(extension_name);
  if (own.receive_context == io::toggle::off) offer += flag(no_server_context);
  if (own.send_context == io::toggle::off) offer += flag(no_client_context);
  if (own.receive_window_bits < most_bits) {
    offer += with_bits(server_bits, own.receive_window_bits);
  }
  return offer += own.send_window_bits < most_bits ? with_bits(client_bits, own.send_window_bits)
                                                   : flag(client_bits);
}

std::optional<agreed_compression> read_answer(std::span<const std::string_view> values,
                                              const websocket_compression& own) {
  std::optional<agreed_compression> agreed;
  for (std::string_view list : values) {
    for (std::string_view answer; next_element(list, answer);) {
      const std::string_view name = next_part(answer, ';');
      if (own.enabled == io::toggle::off || agreed || !is_word(name, extension_name)) {
        refuse("name '" + std::string(name) + "', which was not offered, or twice");
      }
      const std::optional<parameters> found = read_parameters(answer);
      if (!found || !fits(*found, own)) refuse("have parameters that do not fit the offer");
      agreed = with_effort_of(own);
      agreed->send_context = kept(own.send_context == io::toggle::on && !found->no_client_context);
      agreed->receive_context = kept(!found->no_server_context);
      agreed->receive_window_bits = found->server_bits.value_or(most_bits);
      agreed->send_window_bits =
          std::min(own.send_window_bits, found->client_bits.value_or(most_bits));
    }
  }
  return agreed;
}

}  // namespace heddle::http::detail
