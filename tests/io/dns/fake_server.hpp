// SPDX-License-Identifier: MIT
// A name server on loopback, over UDP and TCP at one port, that answers as a test wants it to.
#pragma once

#include <heddle/io/resolver.hpp>
#include <heddle/io/tcp.hpp>
#include <heddle/io/udp.hpp>
#include <heddle/runtime.hpp>

#include "io/net/sockets.hpp"

#include <array>
#include <atomic>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace heddle::test {

inline constexpr std::uint16_t type_a = 1;
inline constexpr std::uint16_t type_cname = 5;
inline constexpr std::uint16_t type_aaaa = 28;

inline std::string number16(unsigned value) {
  return {static_cast<char>(value >> 8), static_cast<char>(value & 255)};
}

inline unsigned number16_at(std::string_view message, std::size_t at) {
  return static_cast<unsigned char>(message[at]) * 256U +
         static_cast<unsigned char>(message[at + 1]);
}

/// Writes "a.b" as \1a\1b\0.
inline std::string wire_name(std::string_view name) {
  std::string out;
  while (!name.empty()) {
    const auto label = name.substr(0, name.find('.'));
    out += static_cast<char>(label.size());
    out += label;
    name.remove_prefix(std::min(name.size(), label.size() + 1));
  }
  return out + '\0';
}

struct query {
  unsigned id = 0;
  std::string name;
  std::uint16_t type = 0;
  bool over_tcp = false;
  std::string question;  // as it came

  static query read(std::string_view message, bool over_tcp) {
    query got{number16_at(message, 0), "", 0, over_tcp, ""};
    std::size_t at = 12;
    while (message[at] != 0) {
      const auto length = static_cast<std::size_t>(message[at]);
      if (!got.name.empty()) got.name += '.';
      got.name += message.substr(at + 1, length);
      at += length + 1;
    }
    got.type = static_cast<std::uint16_t>(number16_at(message, at + 1));
    got.question = std::string(message.substr(12, at + 5 - 12));
    return got;
  }
};

struct record {
  std::string name;
  std::uint16_t type = 0;
  unsigned ttl = 0;
  std::string data;
};

inline record a(std::string name, unsigned last, unsigned ttl = 60) {
  return {std::move(name), type_a, ttl, std::string("\x7f\0\0", 3) + static_cast<char>(last)};
}
inline record aaaa(std::string name, unsigned last, unsigned ttl = 60) {
  std::string address(16, '\0');
  address[0] = '\xfd';
  address[15] = static_cast<char>(last);
  return {std::move(name), type_aaaa, ttl, std::move(address)};
}
inline record cname(std::string name, std::string_view to, unsigned ttl = 60) {
  return {std::move(name), type_cname, ttl, wire_name(to)};
}

struct answer_shape {
  unsigned code = 0;  // 2: SERVFAIL, 3: NXDOMAIN, 5: REFUSED
  bool truncated = false;
  unsigned id_is_off_by = 0;
};

inline std::string answer_to(const query& asked, const std::vector<record>& records,
                             const answer_shape& shape = {}) {
  const unsigned flags = 0x8180U | shape.code | (shape.truncated ? 0x200U : 0U);
  std::string out = number16((asked.id + shape.id_is_off_by) & 0xffffU) + number16(flags);
  out += number16(1) + number16(static_cast<unsigned>(records.size()));
  out += number16(0) + number16(0) + asked.question;
  for (const record& each : records) {
    out += wire_name(each.name) + number16(each.type) + number16(1);
    out += number16(each.ttl >> 16) + number16(each.ttl & 0xffffU);
    out += number16(static_cast<unsigned>(each.data.size())) + each.data;
  }
  return out;
}

class fake_server {
 public:
  /// Returns the messages to be sent back; none is silence.
  using behaviour = std::function<std::vector<std::string>(const query&)>;

  explicit fake_server(behaviour how) : how_(std::move(how)) {
    for (std::error_code error; !udp_.is_open();) {
      tcp_ = io::tcp_listener::bind("127.0.0.1:0");
      udp_ = io::udp_socket::bind(tcp_.local_endpoint(), {}, error);
    }
    over_udp_ = spawn([this] { serve_udp(); });
    over_tcp_ = spawn([this] { serve_tcp(); });
  }

  io::endpoint where() const { return tcp_.local_endpoint(); }
  int asked() const { return asked_; }
  int asked_over_tcp() const { return asked_over_tcp_; }

  /// Options that know this server and nothing else of the world.
  io::resolver_options options() const {
    io::resolver_options only;
    only.servers = {where()};
    only.configuration_file = "/nonexistent/resolv.conf";
    only.hosts_file = "";
    only.search = std::vector<std::string>();
    return only;
  }

 private:
  void serve_udp() {
    std::array<std::byte, 2048> room;
    for (;;) {
      std::error_code error;
      const io::received got = udp_.receive(room, error);
      if (error && !udp_.is_open()) return;
      if (error) continue;  // whom it answered has gone
      ++asked_;
      const std::string_view text(reinterpret_cast<const char*>(room.data()), got.bytes);
      for (const std::string& each : how_(query::read(text, false))) {
        udp_.send_to(bytes(each), got.from, error);
      }
    }
  }

  void serve_tcp() {
    for (;;) {
      io::tcp_stream peer = tcp_.accept();
      std::error_code error;
      std::string length(2, '\0');
      while (peer.read_exactly(room_in(length), error) == 2) {
        std::string message(number16_at(length, 0), '\0');
        peer.read_exactly(room_in(message), error);
        if (error) break;
        ++asked_over_tcp_;
        for (const std::string& each : how_(query::read(message, true))) {
          peer.write_all(bytes(number16(static_cast<unsigned>(each.size())) + each), error);
        }
      }
    }
  }

  const behaviour how_;
  std::atomic<int> asked_{0};
  std::atomic<int> asked_over_tcp_{0};
  io::tcp_listener tcp_;
  io::udp_socket udp_;
  task<void> over_udp_;
  task<void> over_tcp_;
};

/// Answers each question with one address of its family.
inline std::vector<std::string> one_each(const query& asked) {
  return {answer_to(asked, {asked.type == type_a ? a(asked.name, 7) : aaaa(asked.name, 7)})};
}

inline std::vector<std::string> silence(const query&) { return {}; }

inline std::vector<std::string> shown(const std::vector<io::endpoint>& all) {
  std::vector<std::string> texts;
  for (const io::endpoint& each : all) texts.push_back(each.to_string());
  return texts;
}

}  // namespace heddle::test
