// SPDX-License-Identifier: MIT
// Tasks that want the same thing, of which the first fiber provides some, one after the other, or
// that are all told of it. One of the tasks may be cancelled at any point: what it was about to
// get, and the wake-up that came with it, is then another's, or still there.
#include <heddle/io/tcp.hpp>
#include <heddle/runtime.hpp>
#include <heddle/runtime/wait_queue.hpp>
#include <heddle/sync.hpp>

#include "testing/scenarios/scenario.hpp"

#include <array>
#include <chrono>
#include <cstddef>
#include <mutex>
#include <optional>
#include <system_error>
#include <utility>

namespace heddle::test {

namespace {

using namespace std::chrono_literals;
namespace sync = heddle::sync;

/// A thing has take(), which waits; provide(), which gives one or returns false if nobody takes it;
/// unclaimed(): so many takes would not have to wait; held(): provided, and not taken; negative:
/// taken, and not yet provided.
template <class Thing>
struct contest {
  Thing thing;
  int in_line = 0;
  int taken = 0;
  int provided = 0;

  void program() {
    task_group all;
    for (int n = 0; n < 3; ++n) {
      all.spawn([this] {
        struct place {
          int& count;
          explicit place(int& of) : count(of) { ++count; }
          ~place() { --count; }
        } const mine(in_line);
        thing.take();
        ++taken;
      });
    }
    all.run([this] {
      // Between two that are provided somebody may be cancelled, and not yet have left the line.
      for (int n = 0; n < 3; ++n) {
        this_fiber::yield();
        const bool given = thing.provide();
        provided += given ? 1 : 0;
        if (!given) account("who waits for what is offered", 0, in_line);
      }
      this_fiber::sleep_for(1ms);  // no longer than until nobody else can go on
      if (in_line > 0) account("unclaimed while somebody waits", 0, thing.unclaimed());
    });
  }
  void after() { account("provided and not taken", thing.held(), provided - taken); }
};

template <std::size_t Capacity>
struct values_to_receive {
  sync::channel<int> values{Capacity};
  void take() {
    if (!values.receive()) throw lost("an open channel says that it is closed");
  }
  bool provide() {
    int value = 1;
    return values.send_for(value, 1ms);
  }
  int unclaimed() const { return static_cast<int>(values.size()); }
  int held() const { return unclaimed(); }
};

template <std::size_t Capacity>
struct room_to_send {
  sync::channel<int> values{Capacity};
  void take() { values.send(1); }
  bool provide() { return values.receive_for(1ms).has_value(); }
  int unclaimed() const { return static_cast<int>(Capacity - values.size()); }
  int held() const { return -static_cast<int>(values.size()); }
};

template <class Queue>
struct items_to_get {
  Queue items{1};
  void take() {
    items.get();
    items.task_done();
  }
  bool provide() {
    int item = 1;
    return items.put_for(item, 1ms);
  }
  int unclaimed() const { return static_cast<int>(items.size()); }
  int held() const { return unclaimed(); }
};

template <class Queue>
struct room_to_put {
  Queue items{1};
  void take() { items.put(1); }
  bool provide() { return items.get_for(1ms).has_value(); }
  int unclaimed() const { return 1 - static_cast<int>(items.size()); }
  int held() const { return -static_cast<int>(items.size()); }
};

struct permits {
  sync::semaphore free{0};
  void take() { free.acquire(); }
  bool provide() {
    free.release();
    return true;
  }
  int unclaimed() const { return static_cast<int>(free.available()); }
  int held() const { return unclaimed(); }
};

/// Goods under a lock; each is told of to one waiter.
struct goods {
  sync::mutex lock;
  sync::condition_variable more;
  int stock = 0;
  void take() {
    std::unique_lock held(lock);
    more.wait(held, [this] { return stock > 0; });
    --stock;
  }
  bool provide() {
    {
      const std::lock_guard held(lock);
      ++stock;
    }
    more.notify_one();
    return true;
  }
  int unclaimed() const { return stock; }
  int held() const { return stock; }
};

/// A turnstile on the public waiting protocol.
struct tokens {
  wait_queue line;
  int free = 0;
  void take() {
    line.wait_unless([this]() noexcept { return free > 0 && free-- > 0; });
  }
  bool provide() {
    line.wake_one([this](bool handed_over) noexcept { free += handed_over ? 0 : 1; });
    return true;
  }
  int unclaimed() const { return free; }
  int held() const { return free; }
};

struct values_of_either_channel {
  sync::channel<int> left{0};
  sync::channel<int> right{1};
  bool left_is_next = true;
  void take() {
    const auto check = [](std::optional<int>&& value) {
      if (!value) throw lost("an open channel says that it is closed");
    };
    sync::select(sync::on_receive(left, check), sync::on_receive(right, check));
  }
  bool provide() {
    int value = 1;
    const bool to_left = std::exchange(left_is_next, !left_is_next);
    return (to_left ? left : right).send_for(value, 1ms);
  }
  int unclaimed() const { return static_cast<int>(left.size() + right.size()); }
  int held() const { return unclaimed(); }
};

struct connections_to_accept {
  void program() {
    auto listener = io::tcp_listener::bind(io::endpoint("127.0.0.1:0"));
    std::array<std::byte, 1> answer{};
    task_group all;
    for (int n = 0; n < 2; ++n) {
      all.spawn([&] {
        std::error_code error;
        while (!error) {
          io::tcp_stream newcomer = listener.accept(error);
          std::error_code gone;  // a client that is cancelled
          if (!error) newcomer.write_all(answer, gone);
        }
      });
    }
    all.run([&] {
      for (int answers = 0; answers < 2;) {
        auto stream = io::tcp_stream::connect(listener.local_endpoint());
        std::error_code reset;  // by who was cancelled, or has no descriptor for it
        answers += static_cast<int>(stream.read_some(answer, reset));
      }
      listener.close();
    });
  }
  void after() {}
};

struct news_for_all {
  void program() {
    constexpr int all_news = 3;
    sync::broadcast<int> news(8);
    sync::watch<int> level(0);
    task_group all;
    for (int n = 0; n < 2; ++n) {
      all.spawn([from = news.subscribe()]() mutable {
        int seen = 0;
        while (from.receive()) ++seen;
        account("news", all_news, seen);
      });
      all.spawn([from = level.subscribe()]() mutable {
        int last = 0;
        while (const std::optional<int> next = from.next()) last = *next;
        account("the last level", all_news, last);
      });
    }
    all.run([&] {
      for (int n = 1; n <= all_news; ++n) {
        news.send(n);
        level.set(n);
        this_fiber::yield();
      }
      news.close();
      level.close();
    });
  }
  void after() {}
};

/// An event, a gate and a latch, each of which lets all through.
struct signals_to_all {
  sync::event told;
  sync::gate way;
  sync::latch none_left{1};
  void program() {
    task_group all;
    for (int n = 0; n < 2; ++n) {
      all.spawn([this] { told.wait(); });
      all.spawn([this] { way.wait(); });
      all.spawn([this] { none_left.wait(); });
    }
    all.run([this] {
      this_fiber::yield();
      told.set();
      way.open();
      none_left.count_down();
    });
  }
  void after() {}
};

}  // namespace

std::vector<scenario> rival_scenarios() {
  return {
      stand_alone<contest<values_to_receive<0>>>("rival_receivers_without_buffer"),
      stand_alone<contest<values_to_receive<1>>>("rival_receivers"),
      stand_alone<contest<room_to_send<0>>>("rival_senders_without_buffer"),
      stand_alone<contest<room_to_send<1>>>("rival_senders"),
      stand_alone<contest<items_to_get<sync::queue<int>>>>("rival_getters"),
      stand_alone<contest<items_to_get<sync::priority_queue<int>>>>("rival_getters_of_priority"),
      stand_alone<contest<room_to_put<sync::queue<int>>>>("rival_putters"),
      stand_alone<contest<permits>>("rival_permits"),
      stand_alone<contest<goods>>("rival_consumers"),
      stand_alone<contest<tokens>>("rival_tokens"),
      stand_alone<contest<values_of_either_channel>>("rival_selects"),
      stand_alone<connections_to_accept>("rival_acceptors"),
      stand_alone<news_for_all>("news_for_all"),
      stand_alone<signals_to_all>("signals_to_all"),
  };
}

}  // namespace heddle::test
