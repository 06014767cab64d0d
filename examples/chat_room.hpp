// SPDX-License-Identifier: MIT
// The room of chat.cpp. A member has a fiber that receives, and one that sends what the others say,
// out of a queue of 64 lines. Who is too slow for that is shown out: nobody waits for anybody.
// Messages are lines: what happened (here, join, leave, say), who, what was said.
#pragma once

#include <heddle/http.hpp>
#include <heddle/runtime.hpp>
#include <heddle/sync/channel.hpp>

#include <algorithm>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <system_error>
#include <vector>

/// Outlives its members.
class room {
 public:
  /// The first message of a member is its name.
  void talk(heddle::http::websocket& with) {
    std::error_code error;  // a member that vanishes is nothing to report
    const auto name = with.receive(error);
    if (!name) return;
    seat mine(*this, *name);
    if (!mine.taken)
      return void(with.close(heddle::http::close_code::policy_violation, "no such name"));
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
    seat(room& where, const heddle::http::websocket::message& who)
        : in(where), name(who.data), taken(who.is_text() && in.enter(*this)) {}
    ~seat() { in.leave(*this); }
    room& in;
    const std::string name;
    lines queue{64};
    const bool taken;
  };

  static void send_all(heddle::http::websocket& with, lines& queue) {
    std::error_code error;
    for (const line& each : queue) with.send(*each, error);
    with.close(heddle::http::close_code::try_again_later,
               "too slow");  // since the queue was closed
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
