// SPDX-License-Identifier: MIT
// Usage: chat [ENDPOINT]. A chat room for browsers: `chat 127.0.0.1:8080`, then open that address
// in two windows. Who is slow holds up nobody, but is shown out once 64 messages wait for it.
// SIGTERM ends it and tells everybody so. Without an endpoint it chats with itself and ends.
#include <heddle/heddle.hpp>

#include "chat_client.hpp"

#include <algorithm>
#include <csignal>
#include <exception>
#include <iostream>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

namespace {

namespace http = heddle::http;
using std::chrono_literals::operator""s;

/// Messages are lines: what happened (here, join, leave, say), who, what was said.
class room {
 public:
  /// The first message of a member is its name.
  void talk(http::websocket& with) {
    std::error_code error;  // a member that vanishes is nothing to report
    const auto name = with.receive(error);
    if (!name) return;
    seat mine(*this, *name);
    if (!mine.taken) return void(with.close(http::close_code::policy_violation, "no such name"));
    heddle::task_group writing;  // ends before the seat does
    writing.spawn([&] { send_all(with, mine.queue); });
    while (const auto said = with.receive(error)) {
      if (said->is_text()) say(mine, said->data);
    }
  }

 private:
  using line = std::shared_ptr<const std::string>;
  using lines = heddle::sync::channel<line>;

  struct seat {
    seat(room& where, const http::websocket::message& who)
        : in(where), name(who.data), taken(who.is_text() && in.enter(*this)) {}
    ~seat() { in.leave(*this); }
    room& in;
    const std::string name;
    lines queue{64};
    const bool taken;
  };

  static void send_all(http::websocket& with, lines& queue) {
    std::error_code error;
    for (const line& each : queue) with.send(*each, error);
    with.close(http::close_code::try_again_later, "too slow");  // since the queue was closed
  }

  bool enter(seat& who) {
    const auto is_control = [](unsigned char c) { return c < ' ' || c == 0x7f; };
    if (who.name.empty() || who.name.size() > 32) return false;
    if (std::any_of(who.name.begin(), who.name.end(), is_control)) return false;
    const std::lock_guard lock(guard_);
    if (!seats_.try_emplace(who.name, &who).second) return false;
    std::string all = "here";
    for (const auto& each : seats_) all += '\n' + each.first;
    who.queue.try_send(std::make_shared<const std::string>(all));
    tell("join\n" + who.name);
    return true;
  }

  void leave(const seat& who) {
    const std::lock_guard lock(guard_);
    if (!is_seated(who)) return;
    seats_.erase(who.name);
    tell("leave\n" + who.name);
  }

  void say(const seat& who, const std::string& text) {
    const std::lock_guard lock(guard_);
    if (is_seated(who)) tell("say\n" + who.name + '\n' + text);
  }

  bool is_seated(const seat& who) const {
    const auto found = seats_.find(who.name);
    return found != seats_.end() && found->second == &who;
  }

  /// Puts it into every queue. Who has no room for it is shown out, and the others told.
  void tell(const std::string& text) {
    const auto shared = std::make_shared<const std::string>(text);
    std::vector<std::string> slow;
    for (const auto& [name, each] : seats_) {
      if (!each->queue.try_send(line(shared))) slow.push_back(name);
    }
    for (const std::string& name : slow) seats_.extract(name).mapped()->queue.close();
    for (const std::string& name : slow) tell("leave\n" + name);
  }

  std::mutex guard_;  // nobody waits under it
  std::map<std::string, seat*> seats_;
};

void serve_room(heddle::io::tcp_listener& listener) {
  http::server site;
  room talks;
  http::websocket_config config;
  config.limits.message_bytes = 2000;
  config.limits.write_stall = 10s;
  config.limits.ping_interval = 30s;
  site.get("/", [](const http::request&) { return http::response::file(CHAT_PAGE); });
  site.websocket(
      "/room", [&](http::websocket& with) { talks.talk(with); }, config);
  heddle::io::stop_on_signals([&](auto& now) { site.serve(listener, &now); });
}

void try_it() {
  auto listener = heddle::io::tcp_listener::bind("127.0.0.1:0");
  auto serving = heddle::spawn([&] { serve_room(listener); });
  chat_client ada(listener.local_endpoint(), "Ada");
  chat_client slow(listener.local_endpoint(), "Slow");
  chat_client bob(listener.local_endpoint(), "Bob");
  ada.hear("join\nBob");
  bob.say("hello");
  std::cout << ada.hear("say\n") << '\n';
  for (std::string heard; heard != "leave\nSlow"; heard = bob.hear("")) {
    bob.say(std::string(1500, 'x'));  // Slow reads nothing
    ada.hear("say\n");
  }
  std::cout << "Slow: " << slow.hear("closed") << '\n';
  std::raise(SIGTERM);
  std::cout << "Ada: " << ada.hear("closed") << '\n';
}

}  // namespace

int main(int argc, char** argv) try {
  heddle::run([&] {
    if (argc < 2) return try_it();
    auto listener = heddle::io::tcp_listener::bind(argv[1]);
    std::cout << "listening at http://" << listener.local_endpoint() << '/' << std::endl;
    serve_room(listener);
  });
} catch (const std::exception& failed) {
  std::cerr << "chat: " << failed.what() << '\n';
  return 1;
}
