// SPDX-License-Identifier: MIT
// Who agrees to which parameters of permessage-deflate.
#include "websocket/extension.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace {

using namespace heddle::http::detail;
using heddle::http::websocket_compression;
using heddle::http::websocket_error;
using heddle::io::toggle;
using context = agreed_compression::context;

websocket_compression on() { return {.enabled = toggle::on}; }

std::optional<extension_answer> answer(std::string_view offers,
                                       const websocket_compression& own = on()) {
  return answer_offers(std::vector{offers}, own);
}

std::string field(std::string_view offers, const websocket_compression& own = on()) {
  const auto found = answer(offers, own);
  return found ? found->field : "none";
}

TEST(extension, a_server_accepts_what_it_can_keep) {
  EXPECT_EQ(field("permessage-deflate"), "permessage-deflate");
  EXPECT_EQ(field("PerMessage-Deflate; Client_Max_Window_Bits"), "permessage-deflate");
  EXPECT_EQ(field("permessage-deflate; client_max_window_bits=10"),
            "permessage-deflate; client_max_window_bits=10");
  EXPECT_EQ(field("permessage-deflate; server_max_window_bits=10"),
            "permessage-deflate; server_max_window_bits=10");
  EXPECT_EQ(field("permessage-deflate; server_max_window_bits=\"15\""),
            "permessage-deflate; server_max_window_bits=15");
  EXPECT_EQ(field("permessage-deflate;server_no_context_takeover ; client_no_context_takeover"),
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover");
  EXPECT_EQ(answer("permessage-deflate; server_no_context_takeover")->agreed.send_context,
            context::forget);
  EXPECT_EQ(answer("permessage-deflate; client_max_window_bits=8")->agreed.receive_window_bits, 8);
}

TEST(extension, a_server_declines_what_is_unknown_double_or_out_of_range) {
  const std::vector<std::string_view> table = {
      "",
      "permessage-bzip2",
      "x-webkit-deflate-frame",
      "permessage-deflate; unknown",
      "permessage-deflate; server_max_window_bits",
      "permessage-deflate; server_max_window_bits=",
      "permessage-deflate; server_max_window_bits=7",
      "permessage-deflate; server_max_window_bits=8",  // zlib cannot
      "permessage-deflate; server_max_window_bits=16",
      "permessage-deflate; server_max_window_bits=010",
      "permessage-deflate; server_max_window_bits=+9",
      "permessage-deflate; server_max_window_bits=10; server_max_window_bits=10",
      "permessage-deflate; client_max_window_bits=7",
      "permessage-deflate; client_max_window_bits=x",
      "permessage-deflate; client_max_window_bits=",
      "permessage-deflate; client_max_window_bits; client_max_window_bits=10",
      "permessage-deflate; server_no_context_takeover=1",
      "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
      "permessage-deflate; client_no_context_takeover=",
      "permessage-deflate; client_no_context_takeover; client_no_context_takeover",
      "permessage-deflate; ; client_max_window_bits",
  };
  for (const std::string_view offers : table) EXPECT_EQ(field(offers), "none") << offers;
  EXPECT_EQ(field("permessage-deflate", {}), "none");
}

TEST(extension, a_server_takes_the_first_offer_that_it_can_accept) {
  EXPECT_EQ(field("permessage-deflate; server_max_window_bits=8, permessage-deflate"),
            "permessage-deflate");
  const std::vector<std::string_view> two_fields = {"foo, permessage-deflate; bar",
                                                    "permessage-deflate; client_max_window_bits=9"};
  EXPECT_EQ(answer_offers(two_fields, on())->field, "permessage-deflate; client_max_window_bits=9");
}

TEST(extension, a_server_says_what_its_settings_ask_for) {
  websocket_compression own = on();
  own.send_window_bits = 11;
  own.receive_window_bits = 12;
  own.send_context = toggle::off;
  own.receive_context = toggle::off;
  EXPECT_EQ(field("permessage-deflate; client_max_window_bits", own),
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
            "server_max_window_bits=11; client_max_window_bits=12");
  EXPECT_EQ(field("permessage-deflate", own), "none") << "the client cannot be told its window";
  EXPECT_EQ(answer("permessage-deflate; client_max_window_bits=10; server_max_window_bits=9", own)
                ->agreed.send_window_bits,
            9);
}

std::optional<agreed_compression> read(std::string_view value,
                                       const websocket_compression& own = on()) {
  return read_answer(std::vector{value}, own);
}

TEST(extension, a_client_offers_its_settings) {
  websocket_compression own = on();
  EXPECT_EQ(make_offer({}), "");
  EXPECT_EQ(make_offer(own), "permessage-deflate; client_max_window_bits");
  own.send_window_bits = 11;
  own.receive_window_bits = 12;
  own.send_context = toggle::off;
  own.receive_context = toggle::off;
  EXPECT_EQ(make_offer(own),
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover; "
            "server_max_window_bits=12; client_max_window_bits=11");
}

TEST(extension, a_client_takes_what_fits_its_offer) {
  EXPECT_EQ(read_answer({}, on()), std::nullopt);
  EXPECT_EQ(read("permessage-deflate")->receive_window_bits, 15);
  EXPECT_EQ(read("permessage-deflate; server_max_window_bits=10")->receive_window_bits, 10);
  EXPECT_EQ(read("permessage-deflate; client_max_window_bits=10")->send_window_bits, 10);
  EXPECT_LT(read("permessage-deflate; client_max_window_bits=8")->send_window_bits, 9);
  EXPECT_EQ(read("permessage-deflate; server_no_context_takeover")->receive_context,
            context::forget);
  EXPECT_EQ(read("permessage-deflate; client_no_context_takeover")->send_context, context::forget);
}

TEST(extension, a_client_refuses_what_was_not_offered) {
  EXPECT_THROW(read("permessage-deflate", {}), websocket_error);
  EXPECT_THROW(read("permessage-deflate, permessage-deflate"), websocket_error);
  EXPECT_THROW(read("permessage-bzip2"), websocket_error);
  EXPECT_THROW(read("permessage-deflate; unknown"), websocket_error);
  EXPECT_THROW(read("permessage-deflate; client_max_window_bits"), websocket_error);
  websocket_compression own = on();
  own.receive_window_bits = 12;
  EXPECT_THROW(read("permessage-deflate", own), websocket_error);
  EXPECT_THROW(read("permessage-deflate; server_max_window_bits=13", own), websocket_error);
  EXPECT_NO_THROW(read("permessage-deflate; server_max_window_bits=12", own));
  own.receive_context = toggle::off;
  EXPECT_THROW(read("permessage-deflate; server_max_window_bits=12", own), websocket_error);
}

TEST(extension, what_a_client_offers_a_server_accepts_and_the_client_takes) {
  for (const int send : {9, 12, 15}) {
    for (const int receive : {9, 12, 15}) {
      for (const toggle kept : {toggle::off, toggle::on}) {
        websocket_compression own = on();
        own.send_window_bits = send;
        own.receive_window_bits = receive;
        own.send_context = own.receive_context = kept;
        const auto server = answer(make_offer(own));
        ASSERT_TRUE(server);
        const auto client = read(server->field, own);
        ASSERT_TRUE(client);
        EXPECT_EQ(client->send_window_bits, server->agreed.receive_window_bits);
        EXPECT_EQ(client->receive_window_bits, server->agreed.send_window_bits);
        EXPECT_EQ(client->send_context, server->agreed.receive_context);
        EXPECT_EQ(client->receive_context, server->agreed.send_context);
      }
    }
  }
}

}  // namespace
