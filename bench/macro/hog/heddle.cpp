// SPDX-License-Identifier: MIT
// P20: two loops, and a fiber that computes on one of them for seconds without a pause. Beside it,
// how late a 2 ms timer is, how long an echo takes, how long fibers stay queued. Each loop is
// hogged in turn, and each time everything is at home once on the hogged loop, where its timers are
// armed, its sockets registered and its fibers queued when the hog begins, and once on the other.
#include <heddle/io.hpp>
#include <heddle/runtime.hpp>

#include "harness/harness.hpp"

#include <array>
#include <atomic>
#include <cstddef>
#include <mutex>
#include <span>
#include <thread>
#include <vector>

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

namespace {

using steady = std::chrono::steady_clock;
using std::chrono::milliseconds;
constexpr unsigned loops = 2;
constexpr milliseconds period{2};
constexpr int early_birds = 100;  // sleep since before the hog, wake one after another during it
constexpr int queued_fibers = 16;

/// Delays in milliseconds that any fiber or thread may add to.
class delays {
 public:
  void add(steady::duration delay) {
    const std::lock_guard guard(lock_);
    samples_.push_back(std::chrono::duration<double, std::milli>(delay).count());
  }
  void report(const std::string& what, const std::string& tags, std::size_t at_least) {
    bench::require(samples_.size() >= at_least, "work was not done beside the hog");
    bench::report((what + "_count").c_str(), static_cast<double>(samples_.size()), tags);
    bench::report((what + "_p99_ms").c_str(), bench::quantile(samples_, 0.99), tags);
    bench::report((what + "_max_ms").c_str(), bench::quantile(samples_, 1.0), tags);
  }

 private:
  std::mutex lock_;  // never held across a suspension
  std::vector<double> samples_;
};

struct scene {
  unsigned home;
  unsigned hogged;
  milliseconds length;
  heddle::io::tcp_listener listener = heddle::io::tcp_listener::bind("127.0.0.1:0");
  std::atomic<int> settled{0};
  std::atomic<bool> hogging{false};
  std::atomic<bool> over{false};
  delays timer{}, early{}, echo{}, queued{}, thread{};
};

void tick(scene& here) {
  ++here.settled;
  while (!here.over) {
    const auto due = steady::now() + period;
    heddle::this_fiber::sleep_for(period);
    const auto now = steady::now();
    bench::require(now >= due, "a timer fired early");
    if (here.hogging) here.timer.add(now - due);
  }
}

/// The same on a plain thread: what the machine itself makes of a 2 ms timer beside the hog.
void tick_on_a_thread(scene& here) {
  while (!here.over) {
    const auto due = steady::now() + period;
    std::this_thread::sleep_until(due);
    if (here.hogging) here.thread.add(steady::now() - due);
  }
}

void sleep_into_the_hog(scene& here, int n) {
  const auto nap = milliseconds(300) + here.length * n / (early_birds * 2);
  const auto due = steady::now() + nap;
  ++here.settled;
  heddle::this_fiber::sleep_for(nap);
  here.early.add(steady::now() - due);
}

void answer(scene& here) {
  auto client = here.listener.accept();
  std::array<std::byte, 64> buffer;
  ++here.settled;
  while (const std::size_t got = client.read_some(buffer)) {
    client.write_all(std::span(buffer).first(got));
  }
}

/// Asks once a millisecond, from a plain thread.
void ask(scene& here) {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
  sockaddr_in where{};
  where.sin_family = AF_INET;
  where.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  where.sin_port = htons(here.listener.local_endpoint().port());
  const int on = 1;
  bench::require(::connect(fd, reinterpret_cast<sockaddr*>(&where), sizeof where) == 0, "connect");
  ::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
  std::array<char, 64> message{};
  while (!here.over) {
    const bool beside_the_hog = here.hogging;
    const auto asked = steady::now();
    bench::require(::send(fd, message.data(), message.size(), MSG_NOSIGNAL) == 64, "send");
    bench::require(::recv(fd, message.data(), message.size(), MSG_WAITALL) == 64, "recv");
    if (beside_the_hog) here.echo.add(steady::now() - asked);
    std::this_thread::sleep_for(milliseconds(1));
  }
  ::close(fd);
}

void hog(scene& here) {
  std::vector<heddle::task<void>> behind_it;
  behind_it.reserve(queued_fibers);
  here.hogging = true;
  const auto began = steady::now();
  for (int n = 0; n < queued_fibers; ++n) {
    behind_it.push_back(heddle::spawn([&here, began] { here.queued.add(steady::now() - began); }));
  }
  while (steady::now() - began < here.length) {
  }
  here.hogging = false;
  for (auto& each : behind_it) each.join();
  here.over = true;
}

void play(unsigned home, unsigned hogged, milliseconds length) {
  heddle::config settings;
  settings.loops = loops;
  settings.on_stall = [](const heddle::stall_report&) {};  // that a slice is long is the point
  heddle::runtime machine(settings);
  scene here{.home = home, .hogged = hogged, .length = length};
  std::vector<heddle::task<void>> guests;
  guests.push_back(machine.spawn({.loop = home}, [&here] { tick(here); }));
  guests.push_back(machine.spawn({.loop = home}, [&here] { answer(here); }));
  for (int n = 0; n < early_birds; ++n) {
    guests.push_back(machine.spawn({.loop = home}, [&here, n] { sleep_into_the_hog(here, n); }));
  }
  std::thread client([&here] { ask(here); });
  std::thread yardstick([&here] { tick_on_a_thread(here); });
  while (here.settled < early_birds + 2) std::this_thread::sleep_for(milliseconds(1));
  std::this_thread::sleep_for(milliseconds(100));
  machine.spawn({.loop = hogged}, [&here] { hog(here); }).join();
  client.join();
  yardstick.join();
  for (auto& each : guests) each.join();
  const std::string tags =
      ",\"hogged\":" + std::to_string(hogged) + ",\"home\":" + std::to_string(home);
  here.timer.report("timer", tags, 1);
  here.echo.report("echo", tags, 1);
  here.early.report("early", tags, early_birds);
  here.queued.report("queued", tags, queued_fibers);
  here.thread.report("thread", tags, 1);
}

}  // namespace

int main(int argc, char** argv) {
  const milliseconds length(bench::option(argc, argv, "--ms", 3000));
  bench::end_after(120);
  for (unsigned hogged = 0; hogged < loops; ++hogged) {
    for (unsigned home = 0; home < loops; ++home) play(home, hogged, length);
  }
}
