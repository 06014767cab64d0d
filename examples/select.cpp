// SPDX-License-Identifier: MIT
// Waiting for whichever of several things comes first: values from two channels, or the time.
#include <heddle/heddle.hpp>

#include <chrono>
#include <iostream>
#include <optional>
#include <string>

namespace {

using namespace std::chrono_literals;
using heddle::sync::channel;
namespace sync = heddle::sync;  // fine in a namespace; outside, <unistd.h> has a function ::sync()

/// Prints what comes until one of the channels has ended or `limit` has passed.
void listen(channel<std::string>& north, channel<std::string>& south, heddle::deadline limit) {
  bool more = true;
  const auto print = [&](const std::optional<std::string>& news) {
    std::cout << news.value_or("no more to come") << '\n';
    more = news.has_value();  // a closed channel can be received from for ever: do not come back
  };
  while (more) {
    sync::select(sync::on_receive(north, print), sync::on_receive(south, print),
                 sync::on_deadline(limit, [&] {
                   std::cout << "the time is up\n";
                   more = false;
                 }));
  }
}

}  // namespace

int main() {
  heddle::run([] {
    channel<std::string> north(8);
    channel<std::string> south(8);
    north.send("frost");
    south.send("sun");
    listen(north, south, heddle::deadline::after(20ms));

    auto last = heddle::spawn([&] { south.close(); });
    listen(north, south, heddle::deadline::after(1h));
    last.join();
  });
}
