// SPDX-License-Identifier: MIT
// The code of docs/guides/simulation.md: each tool finds its bug, and is content with the fix.
#include <heddle/io/tcp.hpp>
#include <heddle/runtime.hpp>
#include <heddle/sync.hpp>
#include <heddle/testing.hpp>

#include <gtest/gtest.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <map>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

using namespace std::chrono_literals;

std::string fetch(const std::string& key) {
  heddle::this_fiber::sleep_for(100ms);  // as a database would take
  return "value of " + key;
}

// -- simulation --------------------------------------------------------------------------------

TEST(simulation_guide, retries_for_a_minute_take_no_time) {
  heddle::testing::simulation sim;
  const auto waited = sim.run([] {
    const auto began = heddle::clock::now();
    for (auto pause = 1s; heddle::clock::now() - began < 1min; pause *= 2) {
      heddle::this_fiber::sleep_for(pause);
    }
    return heddle::clock::now() - began;
  });
  EXPECT_GE(waited, 63s);  // 1 + 2 + 4 + 8 + 16 + 32
  EXPECT_LT(waited, 64s);
}

// -- explore -----------------------------------------------------------------------------------

class hasty_cache {
 public:
  std::string get(const std::string& key) {
    const auto found = values_.find(key);
    if (found != values_.end()) return found->second;
    ++loads;
    return values_[key] = fetch(key);
  }
  int loads = 0;

 private:
  std::map<std::string, std::string> values_;
};

class careful_cache {
 public:
  std::string get(const std::string& key) {
    const std::lock_guard held(lock_);
    const auto found = values_.find(key);
    if (found != values_.end()) return found->second;
    ++loads;
    return values_[key] = fetch(key);
  }
  int loads = 0;

 private:
  heddle::sync::mutex lock_;
  std::map<std::string, std::string> values_;
};

template <class Cache>
void ask_twice() {
  Cache cache;
  heddle::task_group both;
  both.spawn([&] { cache.get("user 7"); });
  both.spawn([&] {
    heddle::this_fiber::sleep_for(50ms);
    cache.get("user 7");
  });
  both.join();
  const std::string loads = std::to_string(cache.loads);
  if (cache.loads != 1) throw std::runtime_error("loaded " + loads + " times");
}

void log(std::string_view /*line*/) {
  heddle::this_fiber::yield();  // as writing it to a file would
}

/// Says "done" to whoever waits for it.
class whistle {
 public:
  void blow() {
    blown_ = true;
    heard_.notify_all();
  }
  void wait() {
    if (blown_) return;
    log("waits for the whistle");
    std::unique_lock held(lock_);
    heard_.wait(held);
  }

 private:
  bool blown_ = false;
  heddle::sync::mutex lock_;
  heddle::sync::condition_variable heard_;
};

class mended_whistle {
 public:
  void blow() {
    {
      const std::lock_guard held(lock_);
      blown_ = true;
    }
    heard_.notify_all();
  }
  void wait() {
    std::unique_lock held(lock_);
    log("waits for the whistle");
    heard_.wait(held, [this] { return blown_; });
  }

 private:
  bool blown_ = false;
  heddle::sync::mutex lock_;
  heddle::sync::condition_variable heard_;
};

template <class Whistle>
void wait_for_whistle() {
  Whistle end_of_work;
  heddle::task_group both;
  both.spawn([&] {
    log("works");
    log("has finished");
    end_of_work.blow();
  });
  both.spawn([&] { end_of_work.wait(); });
  both.join();
}

TEST(simulation_guide, explore_finds_a_load_too_many) {
  const auto found = heddle::testing::explore(ask_twice<hasty_cache>);
  ASSERT_TRUE(found);
  std::printf("%s\n%s\n%s", found->what.c_str(), found->command.c_str(), found->trace.c_str());
  EXPECT_EQ(found->what, "loaded 2 times");
  EXPECT_FALSE(heddle::testing::explore(ask_twice<careful_cache>));
}

TEST(simulation_guide, explore_finds_a_whistle_that_nobody_hears) {
  const auto found = heddle::testing::explore(wait_for_whistle<whistle>);
  ASSERT_TRUE(found);
  std::printf("%s\n%s\n%s", found->what.c_str(), found->command.c_str(), found->trace.c_str());
  EXPECT_NE(found->what.find("deadlock"), std::string::npos);
  EXPECT_FALSE(heddle::testing::explore(wait_for_whistle<mended_whistle>));
}

// -- cancel_sweep ------------------------------------------------------------------------------

TEST(simulation_guide, the_sweep_finds_a_permit_that_is_lost) {
  std::optional<heddle::sync::semaphore> slots;
  heddle::testing::sweep_options options;
  options.before = [&] { slots.emplace(2); };
  options.accounts = {{"slots", [&] { return slots->available(); }}};

  const auto leaky = heddle::testing::cancel_sweep(
      [&] {
        slots->acquire();
        fetch("user 7");
        slots->release();
      },
      options);
  std::printf("%s", leaky.text().c_str());
  EXPECT_FALSE(leaky.ok());

  const auto mended = heddle::testing::cancel_sweep(
      [&] {
        const heddle::sync::permit slot(*slots);
        fetch("user 7");
      },
      options);
  EXPECT_TRUE(mended.ok()) << mended.text();
}

// -- network -----------------------------------------------------------------------------------

using heddle::io::tcp_listener;
using heddle::io::tcp_stream;

/// Reads one line of text; empty at the end of the stream.
std::string read_line(tcp_stream& from) {
  std::string line;
  char next = 0;
  while (from.read_some(std::as_writable_bytes(std::span(&next, 1))) == 1 && next != '\n') {
    line += next;
  }
  return line;
}

void write_line(tcp_stream& to, const std::string& line) {
  const std::string text = line + "\n";
  to.write_all(std::as_bytes(std::span(text)));
}

void serve_time(heddle::testing::simulation& sim) {
  tcp_listener listener = tcp_listener::bind(heddle::io::endpoint("0.0.0.0:37"));
  for (;;) {
    tcp_stream client = listener.accept();
    write_line(client, "it is " + std::to_string(sim.elapsed() / 1s));
  }
}

std::string ask_time(heddle::testing::simulation& sim) {
  const heddle::io::endpoint server(sim.net().address("server") + ":37");
  tcp_stream stream = tcp_stream::connect(server);
  return read_line(stream);
}

TEST(simulation_guide, a_client_meets_a_partition) {
  heddle::testing::simulation sim(3);
  sim.net().set_link("client", "server", {.latency = 20ms, .jitter = 10ms});
  sim.run([&] {
    heddle::task_group all;
    all.spawn([&] { sim.net().on("server", [&] { serve_time(sim); }); });
    heddle::this_fiber::sleep_for(1s);
    sim.net().on("client", [&] {
      EXPECT_EQ(ask_time(sim), "it is 1");
      sim.net().part("client", "server");
      EXPECT_FALSE(heddle::move_on_after(3s, [&] { ask_time(sim); }));
      sim.net().heal("client", "server");
      EXPECT_EQ(ask_time(sim), "it is 4");
    });
    all.cancel();
    all.join();
  });
}

}  // namespace
