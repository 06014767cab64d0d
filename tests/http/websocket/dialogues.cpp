// SPDX-License-Identifier: MIT
// A function for each kind of situation.
#include "http/websocket/dialogues.hpp"

#include "http/websocket/frames.hpp"

#include <cstdint>
#include <iterator>
#include <utility>

namespace heddle::test {

namespace {

using table = std::vector<dialogue_with_echo>;

frame_of closed_with(unsigned code) { return {fin | close_frame, close_payload(code)}; }

/// Adds a case that ends with a proper close, which the echo answers.
void add_echoed(table& to, std::string name, std::vector<frame_of> sent,
                std::vector<frame_of> answered) {
  sent.push_back(closed_with(1000));
  answered.push_back(closed_with(1000));
  to.push_back({std::move(name), std::move(sent), std::move(answered)});
}

/// Adds a case in which the peer sends what must end the connection.
void add_refused(table& to, std::string name, std::vector<frame_of> sent, unsigned code,
                 std::vector<frame_of> answered = {}) {
  answered.push_back(closed_with(code));
  to.push_back({std::move(name), std::move(sent), std::move(answered)});
}

table of_lengths() {
  table cases;
  for (const std::size_t size : {0U, 1U, 125U, 126U, 127U, 128U, 1000U, 60'000U}) {
    const std::string some(size, '*');
    const std::string binary_bytes(size, '\xfe');
    add_echoed(cases, "text_of_" + std::to_string(size), {{fin | text, some}},
               {{fin | text, some}});
    add_echoed(cases, "binary_of_" + std::to_string(size), {{fin | binary, binary_bytes}},
               {{fin | binary, binary_bytes}});
  }
  return cases;
}

table of_pings() {
  table cases;
  add_echoed(cases, "ping_without_payload", {{fin | ping, ""}}, {{fin | pong, ""}});
  for (const std::size_t size : {5U, 125U}) {
    const std::string any(size, '\xfe');
    add_echoed(cases, "ping_of_" + std::to_string(size), {{fin | ping, any}}, {{fin | pong, any}});
  }
  add_refused(cases, "ping_of_126", {{fin | ping, std::string(126, 'p')}}, 1002);
  add_echoed(cases, "pong_that_nobody_asked_for", {{fin | pong, "x"}}, {});
  add_echoed(cases, "pong_then_ping", {{fin | pong, "x"}, {fin | ping, "y"}}, {{fin | pong, "y"}});
  std::vector<frame_of> pings;
  std::vector<frame_of> pongs;
  for (int n = 0; n < 10; ++n) {
    pings.push_back({fin | ping, "payload " + std::to_string(n)});
    pongs.push_back({fin | pong, "payload " + std::to_string(n)});
  }
  add_echoed(cases, "ten_pings", pings, pongs);
  return cases;
}

table of_bits_and_opcodes() {
  table cases;
  const frame_of hello{fin | text, "hello"};
  for (unsigned bits = rsv3; bits <= (rsv1 | rsv2 | rsv3); bits += rsv3) {
    for (const unsigned code : {text, binary, ping, close_frame}) {
      add_refused(cases, "reserved_" + std::to_string(bits) + "_of_" + std::to_string(code),
                  {hello, {fin | bits | code, "hello"}, hello}, 1002, {hello});
    }
  }
  for (const unsigned code : {3U, 4U, 5U, 6U, 7U, 11U, 12U, 13U, 14U, 15U}) {
    add_refused(cases, "opcode_" + std::to_string(code), {hello, {fin | code, ""}, hello}, 1002,
                {hello});
    add_refused(cases, "opcode_" + std::to_string(code) + "_with_payload",
                {{fin | code, "payload"}}, 1002);
  }
  return cases;
}

table of_fragments() {
  table cases;
  const frame_of whole{fin | text, "fragment1fragment2"};
  const frame_of first{text, "fragment1"};
  const frame_of last{fin | continuation, "fragment2"};
  add_refused(cases, "ping_in_fragments", {{ping, "a"}, {fin | continuation, "b"}}, 1002);
  add_refused(cases, "pong_in_fragments", {{pong, "a"}, {fin | continuation, "b"}}, 1002);
  add_refused(cases, "close_in_fragments", {{close_frame, close_payload(1000)}}, 1002);
  add_echoed(cases, "two_fragments", {first, last}, {whole});
  add_echoed(cases, "a_ping_between_fragments", {first, {fin | ping, "p"}, last},
             {{fin | pong, "p"}, whole});
  add_echoed(cases, "fragments_without_payload",
             {{text, ""}, {continuation, ""}, {fin | continuation, ""}}, {{fin | text, ""}});
  add_echoed(cases, "the_middle_one_has_it_all",
             {{binary, ""}, {continuation, "middle"}, {fin | continuation, ""}},
             {{fin | binary, "middle"}});
  for (const unsigned end : {0U, fin | 0U}) {
    add_refused(cases, "continues_nothing_" + std::to_string(end),
                {{end | continuation, "x"}, {fin | text, "hello"}}, 1002);
    add_refused(cases, "continues_what_has_ended_" + std::to_string(end),
                {{fin | text, "hello"}, {end | continuation, "x"}}, 1002, {{fin | text, "hello"}});
  }
  add_refused(cases, "a_text_in_a_text", {first, {fin | text, "other"}}, 1002);
  add_refused(cases, "a_binary_in_a_text", {first, {fin | binary, "other"}}, 1002);
  add_echoed(cases, "two_messages_with_pings_in_them",
             {first, {fin | ping, "1"}, last, first, {fin | ping, "2"}, last},
             {{fin | pong, "1"}, whole, {fin | pong, "2"}, whole});
  return cases;
}

table of_texts() {
  table cases;
  const std::string greek = "\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5";
  add_echoed(cases, "greek", {{fin | text, greek}}, {{fin | text, greek}});
  std::vector<frame_of> by_bytes;
  for (std::size_t n = 0; n < greek.size(); ++n) {
    by_bytes.push_back({n == 0 ? text : continuation, greek.substr(n, 1)});
  }
  by_bytes.push_back({fin | continuation, ""});
  add_echoed(cases, "greek_a_byte_a_fragment", by_bytes, {{fin | text, greek}});
  const std::vector<std::pair<std::string, std::string>> broken = {
      {"surrogate", greek + "\xed\xa0\x80" + "edited"},
      {"past_the_last", "\xf4\x90\x80\x80"},
      {"overlong", "\xc0\xaf"},
      {"lone_continuation", "\x80"},
      {"cut_short", "\xce\xba\xe1\xbd"},
      {"no_utf8_byte", "\xff"},
  };
  for (const auto& [name, bytes] : broken) {
    add_refused(cases, "text_" + name, {{fin | text, bytes}}, 1007);
    add_refused(cases, "text_in_two_" + name,
                {{text, bytes.substr(0, 1)}, {fin | continuation, bytes.substr(1)}}, 1007);
  }
  // Known before the message ends: the rest never comes.
  add_refused(cases, "refused_in_the_first_fragment", {{text, greek + "\xf4\x90"}}, 1007);
  add_echoed(cases, "binary_may_be_no_utf8", {{fin | binary, "\xff\xfe\xed\xa0\x80"}},
             {{fin | binary, "\xff\xfe\xed\xa0\x80"}});
  return cases;
}

table of_closes() {
  table cases;
  add_echoed(cases, "nothing_but_a_close", {}, {});
  add_echoed(cases, "a_text_then_a_close", {{fin | text, "hello"}}, {{fin | text, "hello"}});
  cases.push_back({"close_without_a_code", {{fin | close_frame, ""}}, {{fin | close_frame, ""}}});
  cases.push_back({"two_closes", {closed_with(1000), closed_with(1001)}, {closed_with(1000)}});
  cases.push_back(
      {"a_ping_after_the_close", {closed_with(1000), {fin | ping, "late"}}, {closed_with(1000)}});
  cases.push_back(
      {"a_text_after_the_close", {closed_with(1000), {fin | text, "late"}}, {closed_with(1000)}});
  cases.push_back(
      {"a_close_within_a_message", {{text, "begun"}, closed_with(1001)}, {closed_with(1001)}});
  cases.push_back({"a_close_with_a_reason",
                   {{fin | close_frame, close_payload(1000, "Hello World!")}},
                   {closed_with(1000)}});
  cases.push_back({"a_close_with_the_longest_reason",
                   {{fin | close_frame, close_payload(1000, std::string(123, '*'))}},
                   {closed_with(1000)}});
  add_refused(cases, "a_close_of_one_byte", {{fin | close_frame, "\x03"}}, 1002);
  add_refused(cases, "a_close_of_126_bytes",
              {{fin | close_frame, close_payload(1000, std::string(124, '*'))}}, 1002);
  add_refused(cases, "a_close_whose_reason_is_no_utf8",
              {{fin | close_frame, close_payload(1000, "\xce\xba\xed\xa0\x80")}}, 1007);
  for (const unsigned code : {1000U, 1001U, 1002U, 1003U, 1007U, 1008U, 1009U, 1010U, 1011U, 1012U,
                              1013U, 1014U, 3000U, 3999U, 4000U, 4999U}) {
    cases.push_back({"close_" + std::to_string(code), {closed_with(code)}, {closed_with(code)}});
  }
  for (const unsigned code :
       {0U, 999U, 1004U, 1005U, 1006U, 1015U, 1016U, 1100U, 2000U, 2999U, 5000U, 65535U}) {
    add_refused(cases, "close_" + std::to_string(code), {closed_with(code)}, 1002);
  }
  return cases;
}

}  // namespace

std::vector<dialogue_with_echo> all_dialogues() {
  table all;
  for (table& part : std::vector<table>{of_lengths(), of_pings(), of_bits_and_opcodes(),
                                        of_fragments(), of_texts(), of_closes()}) {
    all.insert(all.end(), std::make_move_iterator(part.begin()),
               std::make_move_iterator(part.end()));
  }
  return all;
}

std::string bytes_of(const std::vector<frame_of>& frames, from sender) {
  std::string bytes;
  for (const frame_of& each : frames) {
    bytes += sender == from::client ? masked_frame(each.first, each.payload)
                                    : frame(each.first, each.payload);
  }
  return bytes;
}

}  // namespace heddle::test
