// SPDX-License-Identifier: MIT
// A WebSocket program for others to talk to:
//   websocket serve           echoes; prints its port, and goes on until its input ends
//   websocket connect PORT    sends messages to an echo there, and says by its exit status whether
//                             they came back
// Over plain sockets with a handshake of its own, so that it stands for the frames alone. Both
// offer and accept compression.
#include <heddle/http/websocket.hpp>
#include <heddle/io.hpp>
#include <heddle/runtime.hpp>

#include "connection/owned_transport.hpp"
#include "websocket/access.hpp"
#include "websocket/handshake.hpp"

#include <cstdio>
#include <cstdlib>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <unistd.h>

namespace {

using namespace heddle;
using namespace heddle::http;
using namespace heddle::http::detail;
using message = websocket::message;
using reader = io::buffered_reader<io::tcp_stream>;

websocket_config settings() {
  websocket_config config;
  config.compression.enabled = io::toggle::on;
  config.subprotocols = {"echo"};
  return config;
}

/// A head of HTTP as it was sent, well formed, since the other side is a friend.
struct plain_head {
  std::string first;
  std::vector<std::pair<std::string, std::string>> fields;

  explicit plain_head(reader& from) : first(line(from)) {
    for (std::string next = line(from); !next.empty(); next = line(from)) {
      const std::size_t colon = next.find(':');
      fields.emplace_back(next.substr(0, colon),
                          next.substr(next.find_first_not_of(' ', colon + 1)));
    }
  }

  void put_into(head& into) const {
    for (const auto& [name, value] : fields) into.fields.push_back({name, value});
  }

 private:
  static std::string line(reader& from) {
    const auto next = from.read_line();
    if (!next) throw std::runtime_error("the connection ended within a head");
    return std::string(next->ends_with('\r') ? next->substr(0, next->size() - 1) : *next);
  }
};

websocket begin(io::tcp_stream stream, const reader& from, websocket_role own,
                const agreed_websocket& agreed) {
  websocket_start start;
  start.own = own;
  start.agreed = agreed;
  const auto behind = from.buffered();
  const std::vector<std::byte> kept(behind.begin(), behind.end());
  start.already_read = kept;
  return websocket_access::over(
      std::make_unique<owned_transport<io::tcp_stream>>(std::move(stream)), start);
}

void serve_one(io::tcp_stream stream) {
  reader from(stream);
  const plain_head text(from);
  request_head request;
  request.method = std::string_view(text.first).substr(0, text.first.find(' '));
  text.put_into(request);
  const upgrade_answer answer = answer_upgrade(request, settings());
  std::string head = "HTTP/1.1 " + std::to_string(answer.status) + " -\r\n";
  head.append(answer.fields.text()).append("\r\n");
  stream.write_all(std::as_bytes(std::span(head)));
  if (answer.status != 101) return;
  websocket socket = begin(std::move(stream), from, websocket_role::server, answer.agreed);
  std::error_code error;
  while (auto next = socket.receive(error)) socket.send(*next, error);
  if (error) std::fprintf(stderr, "ended: %s\n", error.message().c_str());
}

int serve() {
  io::tcp_listener listener = io::tcp_listener::bind("127.0.0.1:0");
  const std::string where = listener.local_endpoint().to_string();
  std::printf("%s\n", where.substr(where.rfind(':') + 1).c_str());
  std::fflush(stdout);
  task_group all;
  cancel_scope serving;
  all.spawn([&] { serving.run([&] { io::serve(listener, serve_one); }); });
  all.run([&] {
    wait_readable(STDIN_FILENO);
    serving.cancel();
  });
  return 0;
}

std::vector<message> messages() {
  std::string large;
  for (int n = 0; large.size() < 300'000; ++n) large += "line " + std::to_string(n) + "\n";
  return {message::text("hello"),
          message::binary(std::string("\0\xff\xfe", 3)),
          message::text(""),
          message::binary(""),
          message::text(large),
          message::text(large),
          message::binary(large),
          message::text("\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5"),
          message::text(std::string(125, 'a')),
          message::text(std::string(126, 'a')),
          message::text(std::string(65'536, 'a'))};
}

int talk_to(const char* port) {
  io::tcp_stream stream = io::tcp_stream::connect(io::endpoint("127.0.0.1:" + std::string(port)));
  const websocket_config config = settings();
  const upgrade_request asked = ask_for_upgrade(config);
  std::string head = "GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n";
  head.append(asked.fields.text()).append("\r\n");
  stream.write_all(std::as_bytes(std::span(head)));
  reader from(stream);
  const plain_head text(from);
  response_head answer;
  answer.status = std::atoi(text.first.substr(text.first.find(' ') + 1).c_str());
  text.put_into(answer);
  const agreed_websocket agreed = check_upgrade(answer, asked, config);
  websocket socket = begin(std::move(stream), from, websocket_role::client, agreed);
  std::printf("connected, compression: %s, subprotocol: '%s'\n", socket.compresses() ? "yes" : "no",
              agreed.subprotocol.c_str());
  int wrong = 0;
  for (const message& each : messages()) {
    socket.ping("beside it");
    socket.send(each);
    wrong += socket.receive() == each ? 0 : 1;
  }
  const bool closed = socket.close(static_cast<http::close_code>(4001), "that is all");
  const bool same = socket.close_code() == static_cast<http::close_code>(4001);
  std::printf("%d of %zu messages came back changed; closed: %s\n", wrong, messages().size(),
              closed && same ? "properly" : "not properly");
  return wrong == 0 && closed && same ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view what = argc > 1 ? argv[1] : "";
  try {
    if (what == "serve" && argc == 2) return heddle::run(serve);
    if (what == "connect" && argc == 3) return heddle::run([&] { return talk_to(argv[2]); });
  } catch (const std::exception& failed) {
    std::fprintf(stderr, "%s: %s\n", argv[0], failed.what());
    return 1;
  }
  std::fprintf(stderr, "usage: %s serve | connect PORT\n", argv[0]);
  return 2;
}
