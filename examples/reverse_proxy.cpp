// SPDX-License-Identifier: MIT
// Usage: reverse_proxy [ENDPOINT ORIGIN]. Passes what clients of ENDPOINT ask for on to ORIGIN, and
// the answers back, in pieces, so that bodies of any size take little memory:
// `reverse_proxy 127.0.0.1:8080 http://127.0.0.1:9000`. Without arguments it serves an origin
// itself, sends a body there and back, and ends.
#include <heddle/heddle.hpp>

#include <algorithm>
#include <array>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>

namespace {

namespace http = heddle::http;
using heddle::io::tcp_listener;

/// Returns whether a field speaks of one connection, and not of the message.
bool is_of_the_hop(std::string_view name, std::string_view connection) {
  constexpr std::array<std::string_view, 10> known = {
      "Connection", "Keep-Alive",        "Proxy-Connection", "Proxy-Authorization", "TE",
      "Trailer",    "Transfer-Encoding", "Upgrade",          "Content-Length",      "Expect"};
  const auto same = [&](std::string_view each) { return http::same_name(each, name); };
  if (std::any_of(known.begin(), known.end(), same)) return true;
  while (!connection.empty()) {  // the names that Connection lists
    const std::string_view each = connection.substr(0, connection.find(','));
    connection.remove_prefix(std::min(each.size() + 1, connection.size()));
    const auto begin = std::min(each.find_first_not_of(" \t"), each.size());
    const auto end = each.find_last_not_of(" \t") + 1;
    if (begin < end && same(each.substr(begin, end - begin))) return true;
  }
  return false;
}

class proxy {
 public:
  explicit proxy(http::url origin) : origin_(std::move(origin)) {}

  void pass_on(http::request_reader& in, http::response_writer& out) {
    http::client_request onward(in.method(), behind(in.target()));
    const std::string_view connection = in.header("Connection").value_or("");
    for (const http::field_view& each : in.header()) {
      const bool host = http::same_name(each.name, "Host");
      if (!host && !is_of_the_hop(each.name, connection)) onward.add(each.name, each.value);
    }
    in.read_some({});  // a client that waits for 100 Continue gets it before two fibers are at work
    const auto length = in.header("Content-Length");
    if (length) {
      onward.body_from(in, std::stoull(std::string(*length)));
    } else if (in.header("Transfer-Encoding")) {
      onward.body_from(in);
    }
    try {
      answer(client_.open(onward), in.method(), out);
    } catch (const http::http_error& failed) {
      if (out.begun()) throw;
      throw http::status_error(502, failed.code().message());
    }
  }

 private:
  http::url behind(std::string_view target) const {
    try {
      http::url there = origin_.resolve(target);
      if (there.origin() == origin_.origin()) return there;
    } catch (const std::invalid_argument&) {  // what a URL must not have, such as a backslash
    }
    throw http::status_error(400, "not here");
  }

  void answer(http::client_response from, std::string_view method, http::response_writer& out) {
    out.status(from.status());
    const std::string_view connection = from.header().get("Connection").value_or("");
    from.header().for_each([&](const http::field_view& each) {
      if (!is_of_the_hop(each.name, connection)) out.add(each.name, each.value);
    });
    const auto length = from.header().get("Content-Length");
    if (length && method != "HEAD") out.content_length(std::stoull(std::string(*length)));
    heddle::io::copy(from, out);
  }

  const http::url origin_;
  // Its client follows redirects, and gets bodies as they come.
  http::client client_{http::client_config{.redirects = 0, .decompress = heddle::io::toggle::off}};
};

void serve_front(tcp_listener& listener, const http::url& origin) {
  proxy passes(origin);
  http::server front;
  for (const char* const method : {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}) {
    front.stream(method, "/{path...}", [&](auto& in, auto& out) { passes.pass_on(in, out); });
  }
  front.serve(listener);
}

std::string address_of(const tcp_listener& listener) {
  return "http://" + listener.local_endpoint().to_string();
}

void try_it() {
  http::server origin;
  origin.stream("POST", "/echo", [](auto& in, auto& out) { heddle::io::copy(in, out); });
  auto behind = tcp_listener::bind("127.0.0.1:0");
  auto front = tcp_listener::bind("127.0.0.1:0");
  auto one = heddle::spawn([&] { origin.serve(behind); });
  auto other = heddle::spawn([&] { serve_front(front, http::url(address_of(behind))); });
  const std::string body(1'000'000, 'x');
  http::client asks;
  const bool same = asks.post(address_of(front) + "/echo", body).body() == body;
  const int missing = asks.get(address_of(front) + "/missing").status();
  std::cout << "the same body came back: " << std::boolalpha << same << "\nmissing: " << missing
            << '\n';
  asks.close();
  front.close();
  other.join();
  behind.close();
  one.join();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 1 && argc != 3) {
    std::cerr << "Usage: reverse_proxy [ENDPOINT ORIGIN]\n";
    return 2;
  }
  try {
    heddle::run([&] {
      if (argc == 1) return try_it();
      auto listener = tcp_listener::bind(argv[1]);
      serve_front(listener, http::url(argv[2]));
    });
  } catch (const std::exception& failed) {
    std::cerr << "reverse_proxy: " << failed.what() << '\n';
    return 1;
  }
}
