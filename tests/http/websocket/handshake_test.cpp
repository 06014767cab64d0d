// SPDX-License-Identifier: MIT
// Which requests a server takes for a WebSocket, what it says to the others; and which answers a
// client takes.
#include "websocket/handshake.hpp"

#include <heddle/http/websocket_error.hpp>

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

using namespace heddle::http::detail;
using heddle::http::field_view;
using heddle::http::same_name;
using heddle::http::websocket_config;
using heddle::http::websocket_error;
using heddle::io::toggle;

constexpr std::string_view key = "dGhlIHNhbXBsZSBub25jZQ==";

request_head good_request() {
  request_head request;
  request.method = "GET";
  request.target = "/feed";
  request.fields = {{"Host", "example.com"},
                    {"Upgrade", "websocket"},
                    {"Connection", "keep-alive, Upgrade"},
                    {"Sec-WebSocket-Version", "13"},
                    {"Sec-WebSocket-Key", key}};
  return request;
}

request_head without(std::string_view name) {
  request_head request = good_request();
  std::erase_if(request.fields, [&](const field_view& each) { return same_name(each.name, name); });
  return request;
}

request_head with(std::string_view name, std::string_view value) {
  request_head request = without(name);
  request.fields.push_back({name, value});
  return request;
}

request_head with_another(std::string_view name, std::string_view value) {
  request_head request = good_request();
  request.fields.push_back({name, value});
  return request;
}

int status_of(const request_head& request, const websocket_config& config = {}) {
  return answer_upgrade(request, config).status;
}

TEST(websocket_server_handshake, accepts_the_request_of_the_rfc) {
  const upgrade_answer answer = answer_upgrade(good_request(), {});
  EXPECT_EQ(answer.status, 101);
  EXPECT_EQ(answer.fields.text(),
            "Upgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n");
  EXPECT_EQ(answer.agreed.subprotocol, "");
  EXPECT_FALSE(answer.agreed.compression);
}

TEST(websocket_server_handshake, refuses_what_is_no_handshake_with_the_status_that_says_why) {
  request_head post = good_request();
  post.method = "POST";
  EXPECT_EQ(status_of(post), 405);
  EXPECT_EQ(answer_upgrade(post, {}).fields.get("Allow"), "GET");

  request_head old = good_request();
  old.spoken = version::http_1_0;
  EXPECT_EQ(status_of(old), 400);

  EXPECT_EQ(status_of(without("Upgrade")), 426);
  EXPECT_EQ(status_of(with("Upgrade", "h2c")), 426);
  EXPECT_EQ(answer_upgrade(without("Upgrade"), {}).fields.get("Upgrade"), "websocket");
  EXPECT_EQ(status_of(with("Upgrade", "h2c, WebSocket")), 101);
  EXPECT_EQ(status_of(without("Connection")), 400);
  EXPECT_EQ(status_of(with("Connection", "keep-alive")), 400);
  EXPECT_EQ(status_of(with("Connection", "UPGRADE")), 101);

  EXPECT_EQ(status_of(with_another("Content-Length", "5")), 400);
  EXPECT_EQ(status_of(with_another("Content-Length", "0")), 101);
  EXPECT_EQ(status_of(with_another("Transfer-Encoding", "chunked")), 400);
}

TEST(websocket_server_handshake, speaks_version_13_only) {
  for (const std::string_view version : {"12", "14", "013", "8", "x"}) {
    const upgrade_answer answer = answer_upgrade(with("Sec-WebSocket-Version", version), {});
    EXPECT_EQ(answer.status, 426) << version;
    EXPECT_EQ(answer.fields.get("Sec-WebSocket-Version"), "13");
  }
  EXPECT_EQ(status_of(without("Sec-WebSocket-Version")), 400);
  EXPECT_EQ(status_of(with_another("Sec-WebSocket-Version", "13")), 400);
}

TEST(websocket_server_handshake, wants_one_key_of_16_bytes) {
  for (const std::string_view bad :
       {"", "dGhlIHNhbXBsZSBub25jZQ=", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25jZQ===",
        "dGhlIHNhbXBsZSBub25jZXQ=", "dGhlIHNhbXBsZSBub25j", "dGhlIHNhbXBsZS!ub25jZQ=="}) {
    EXPECT_EQ(status_of(with("Sec-WebSocket-Key", bad)), 400) << bad;
  }
  EXPECT_EQ(status_of(without("Sec-WebSocket-Key")), 400);
  EXPECT_EQ(status_of(with_another("Sec-WebSocket-Key", key)), 400);
}

TEST(websocket_server_handshake, lets_pages_connect_to_where_they_came_from) {
  EXPECT_EQ(status_of(with("Origin", "https://example.com")), 101);
  EXPECT_EQ(status_of(with("Origin", "http://EXAMPLE.com")), 101);
  EXPECT_EQ(status_of(with("Origin", "https://example.com:443")), 101);
  for (const std::string_view other :
       {"https://evil.com", "https://example.com.evil.com", "https://example.com:8443", "null", "",
        "example.com", "https://", "https://evil.com/example.com", "https://xexample.com"}) {
    EXPECT_EQ(status_of(with("Origin", other)), 403) << other;
  }
  request_head two = with("Origin", "https://example.com");
  two.fields.push_back({"Origin", "https://example.com"});
  EXPECT_EQ(status_of(two), 403);
  request_head nowhere = without("Host");
  nowhere.fields.push_back({"Origin", "https://example.com"});
  EXPECT_EQ(status_of(nowhere), 403);
}

TEST(websocket_server_handshake, lets_those_connect_who_are_on_the_list) {
  websocket_config config;
  config.origins = {"https://shop.com", "http://localhost:3000"};
  EXPECT_EQ(status_of(with("Origin", "https://shop.com"), config), 101);
  EXPECT_EQ(status_of(with("Origin", "http://localhost:3000"), config), 101);
  EXPECT_EQ(status_of(with("Origin", "https://example.com"), config), 403);
  EXPECT_EQ(status_of(with("Origin", "http://shop.com"), config), 403);
  EXPECT_EQ(status_of(good_request(), config), 101) << "no browser";
  config.origins = {"*"};
  EXPECT_EQ(status_of(with("Origin", "https://anybody.com"), config), 101);
}

TEST(websocket_server_handshake, asks_the_hook_in_place_of_the_list) {
  websocket_config config;
  std::vector<std::pair<std::string, std::string>> asked;
  config.allow_origin = [&](std::string_view origin, std::string_view host) {
    asked.emplace_back(origin, host);
    return origin.empty();
  };
  EXPECT_EQ(status_of(with("Origin", "https://example.com"), config), 403);
  EXPECT_EQ(status_of(good_request(), config), 101);
  EXPECT_EQ(asked, (std::vector<std::pair<std::string, std::string>>{
                       {"https://example.com", "example.com"}, {"", "example.com"}}));
}

TEST(websocket_server_handshake, takes_the_subprotocol_that_it_prefers) {
  websocket_config config;
  config.subprotocols = {"v2.chat", "v1.chat"};
  const auto chosen = [&](const request_head& request) {
    const upgrade_answer answer = answer_upgrade(request, config);
    EXPECT_EQ(answer.fields.get("Sec-WebSocket-Protocol").value_or(""), answer.agreed.subprotocol);
    return answer.agreed.subprotocol;
  };
  EXPECT_EQ(chosen(with("Sec-WebSocket-Protocol", "v1.chat, v2.chat")), "v2.chat");
  EXPECT_EQ(chosen(with("Sec-WebSocket-Protocol", "other, v1.chat")), "v1.chat");
  EXPECT_EQ(chosen(with("Sec-WebSocket-Protocol", "other")), "");
  EXPECT_EQ(chosen(good_request()), "");
  request_head two_fields = with("Sec-WebSocket-Protocol", "other");
  two_fields.fields.push_back({"sec-websocket-protocol", "v2.chat"});
  EXPECT_EQ(chosen(two_fields), "v2.chat");
  EXPECT_EQ(status_of(with("Sec-WebSocket-Protocol", "v1.chat, v1.chat"), config), 400);
  EXPECT_EQ(status_of(with("Sec-WebSocket-Protocol", "not a token"), config), 400);
}

TEST(websocket_server_handshake, agrees_to_compress_where_it_is_set) {
  websocket_config config;
  const auto offer = with("Sec-WebSocket-Extensions", "permessage-deflate");
  EXPECT_EQ(answer_upgrade(offer, config).fields.get("Sec-WebSocket-Extensions"), std::nullopt);
  config.compression.enabled = toggle::on;
  EXPECT_EQ(answer_upgrade(offer, config).fields.get("Sec-WebSocket-Extensions"),
            "permessage-deflate");
  EXPECT_TRUE(answer_upgrade(offer, config).agreed.compression);
}

/// An answer to `asked`, whose value for `changed` is another; nullptr: it is left out.
struct answered {
  std::string accept;
  response_head head;

  answered(const upgrade_request& asked, std::string_view changed, const char* value)
      : accept(accept_key(asked.key)) {
    head.status = 101;
    const std::vector<field_view> good = {
        {"Upgrade", "WebSocket"}, {"Connection", "upgrade"}, {"Sec-WebSocket-Accept", accept}};
    for (const field_view& each : good) {
      if (!same_name(each.name, changed)) head.fields.push_back(each);
    }
    if (value != nullptr && !changed.empty()) head.fields.push_back({changed, value});
  }
};

std::string refusal(std::string_view changed, const char* value,
                    const websocket_config& config = {}) {
  const upgrade_request asked = ask_for_upgrade(config);
  const answered answer(asked, changed, value);
  try {
    check_upgrade(answer.head, asked, config);
  } catch (const websocket_error& refused) {
    return refused.what();
  }
  return "";
}

TEST(websocket_client_handshake, asks_with_a_key_that_is_another_each_time) {
  websocket_config config;
  config.subprotocols = {"a", "b"};
  config.compression.enabled = toggle::on;
  const upgrade_request first = ask_for_upgrade(config);
  EXPECT_EQ(first.key.size(), 24U);
  EXPECT_NE(first.key, ask_for_upgrade(config).key);
  EXPECT_EQ(first.fields.get("Sec-WebSocket-Protocol"), "a, b");
  EXPECT_EQ(first.fields.get("Sec-WebSocket-Extensions"),
            "permessage-deflate; client_max_window_bits");
  EXPECT_EQ(first.fields.get("Sec-WebSocket-Version"), "13");
}

TEST(websocket_client_handshake, takes_the_answer_to_its_own_request) {
  EXPECT_EQ(refusal("", nullptr), "");
  EXPECT_EQ(refusal("Sec-WebSocket-Protocol", "a", {.subprotocols = {"a"}}), "");
}

TEST(websocket_client_handshake, refuses_other_answers_and_says_why) {
  const auto says = [](const std::string& said, std::string_view what) {
    EXPECT_NE(said.find(what), said.npos) << "'" << said << "'";
  };
  says(refusal("Upgrade", nullptr), "upgrade to websocket");
  says(refusal("Upgrade", "h2c"), "upgrade to websocket");
  says(refusal("Connection", "close"), "upgrade the connection");
  says(refusal("Sec-WebSocket-Accept", nullptr), "Sec-WebSocket-Accept");
  says(refusal("Sec-WebSocket-Accept", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="), "Sec-WebSocket-Accept");
  says(refusal("Sec-WebSocket-Protocol", "chat"), "'chat'");
  says(refusal("Sec-WebSocket-Extensions", "permessage-deflate"), "permessage-deflate");

  const upgrade_request asked = ask_for_upgrade({});
  answered not_found(asked, "", nullptr);
  not_found.head.status = 404;
  not_found.head.reason = "Not Found";
  try {
    check_upgrade(not_found.head, asked, {});
    FAIL();
  } catch (const websocket_error& refused) {
    says(refused.what(), "404 Not Found");
  }
}

TEST(websocket_handshake, of_client_and_server_agree) {
  websocket_config config;
  config.subprotocols = {"chat"};
  config.compression.enabled = toggle::on;
  const upgrade_request asked = ask_for_upgrade(config);
  request_head request;
  request.method = "GET";
  request.fields.push_back({"Host", "example.com"});
  asked.fields.for_each([&](const field_view& each) { request.fields.push_back(each); });
  const upgrade_answer answer = answer_upgrade(request, config);
  ASSERT_EQ(answer.status, 101) << answer.why;
  response_head head;
  head.status = answer.status;
  answer.fields.for_each([&](const field_view& each) { head.fields.push_back(each); });
  const agreed_websocket agreed = check_upgrade(head, asked, config);
  EXPECT_EQ(agreed.subprotocol, "chat");
  EXPECT_TRUE(agreed.compression);
}

}  // namespace
