// SPDX-License-Identifier: MIT
// A closed loop on every connection: ask, wait for the answer, pause, ask again.
#include "client.hpp"

#include "page_client.hpp"

#include <heddle/runtime/clock.hpp>
#include <heddle/runtime/runtime.hpp>
#include <heddle/runtime/task.hpp>
#include <heddle/runtime/this_fiber.hpp>

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdio>
#include <exception>
#include <optional>
#include <random>
#include <sstream>
#include <utility>
#include <vector>

namespace lab {
namespace {

using heddle::clock;
using namespace std::chrono_literals;

constexpr auto grace = 5s;  // for answers under way when the time is over

constexpr std::array<std::pair<const char*, double load_counts::*>, 7> fields{{
    {"connected", &load_counts::connected},
    {"requests", &load_counts::requests},
    {"failed", &load_counts::failed},
    {"seconds", &load_counts::seconds},
    {"p50_ms", &load_counts::p50_ms},
    {"p99_ms", &load_counts::p99_ms},
    {"worst_ms", &load_counts::worst_ms},
}};

/// When what is done, the same for all connections.
struct schedule {
  clock::time_point start;
  clock::time_point count_from;
  clock::time_point end;
};

/// One connection, used by its own fiber only, and by others when that has ended.
struct conversation {
  std::optional<page_client> client;
  std::vector<float> latencies_ms;
};

class load_generator {
 public:
  explicit load_generator(const load_settings& with) : with_(with), all_(with.connections) {}

  /// Returns whether a connection was made.
  bool run() {
    each([this](conversation& one, unsigned) { connect(one); }, clock::now() + grace);
    if (std::none_of(all_.begin(), all_.end(),
                     [](const auto& one) { return one.client.has_value(); })) {
      std::fprintf(stderr, "client: no connection to %s\n", with_.server.c_str());
      print(counts());
      return false;
    }
    when_.start = clock::now();
    when_.count_from = when_.start + with_.warm_up;
    when_.end = when_.count_from + with_.measured;
    heddle::task<void> reporter = heddle::spawn([this] { report_progress(); });
    each([this](conversation& one, unsigned number) { talk(one, number); }, when_.end + grace);
    reporter.join();
    print(counts());
    return true;
  }

 private:
  /// Runs `what` in a fiber for each connection. A fiber that is not done at `limit` is cancelled:
  /// it waits for an answer that does not come, which is a failure.
  template <class What>
  void each(What what, clock::time_point limit) {
    std::vector<heddle::task<void>> fibers;
    for (unsigned n = 0; n < with_.connections; ++n) {
      fibers.push_back(heddle::spawn([this, n, &what] { what(all_[n], n); }));
    }
    for (auto& fiber : fibers) {
      while (!fiber.done() && clock::now() < limit) heddle::this_fiber::sleep_for(1ms);
      if (!fiber.done()) {
        fiber.cancel();
        failed_.fetch_add(1, std::memory_order_relaxed);
        continue;  // the handle waits for the end
      }
      fiber.join();
    }
  }

  void connect(conversation& one) {
    try {
      one.client.emplace(heddle::io::endpoint(with_.server));
    } catch (const std::exception& error) {
      fail(error.what());
    }
  }

  void talk(conversation& one, unsigned number) {
    if (!one.client) return;
    std::minstd_rand random(number + 1);
    const double mean_ms = static_cast<double>(with_.pause.count());
    const auto pause = [&](double least, double most) {
      const double share = std::uniform_real_distribution<double>(least, most)(random);
      if (mean_ms > 0) {
        heddle::this_fiber::sleep_for(std::chrono::duration<double, std::milli>(share * mean_ms));
      }
    };
    pause(0, 1);  // or all of them would ask at the same moment
    while (clock::now() < when_.end && ask(one)) pause(0.5, 1.5);
    one.client.reset();
  }

  /// Returns whether to go on.
  bool ask(conversation& one) {
    const clock::time_point asked = clock::now();
    try {
      if (one.client->get(with_.target).status != 200) fail("not status 200");
    } catch (const std::exception& error) {
      fail(error.what());
      return false;
    }
    const clock::time_point answered = clock::now();
    answered_.fetch_add(1, std::memory_order_relaxed);
    if (answered >= when_.count_from && answered < when_.end) {
      one.latencies_ms.push_back(
          std::chrono::duration<float, std::milli>(answered - asked).count());
    }
    return true;
  }

  void fail(const char* why) {
    if (failed_.fetch_add(1, std::memory_order_relaxed) >= 3) return;
    std::fprintf(stderr, "client: %s\n", why);  // one call: loops do not mix their lines
  }

  void report_progress() const {
    constexpr auto interval = 250ms;
    for (auto next = when_.start + interval; next < when_.end; next += interval) {
      heddle::this_fiber::sleep_until(next);
      std::printf("progress %llu\n",
                  static_cast<unsigned long long>(answered_.load(std::memory_order_relaxed)));
      std::fflush(stdout);
    }
  }

  load_counts counts() const {
    std::vector<float> all;
    load_counts found;
    for (const conversation& one : all_) {
      if (!one.latencies_ms.empty()) ++found.connected;
      all.insert(all.end(), one.latencies_ms.begin(), one.latencies_ms.end());
    }
    std::sort(all.begin(), all.end());
    const auto at = [&all](double share) {
      const auto last = static_cast<double>(all.size() - 1);
      return all.empty() ? 0.0 : static_cast<double>(all[static_cast<std::size_t>(share * last)]);
    };
    found.requests = static_cast<double>(all.size());
    found.failed = static_cast<double>(failed_.load(std::memory_order_relaxed));
    found.seconds = std::chrono::duration<double>(with_.measured).count();
    found.p50_ms = at(0.50);
    found.p99_ms = at(0.99);
    found.worst_ms = at(1);
    return found;
  }

  static void print(const load_counts& counts) {
    for (const auto& [name, member] : fields) std::printf("%s %.6f\n", name, counts.*member);
    std::printf("end\n");
    std::fflush(stdout);
  }

  load_settings with_;
  std::vector<conversation> all_;
  schedule when_{};
  std::atomic<std::uint64_t> answered_{0};
  std::atomic<std::uint64_t> failed_{0};
};

}  // namespace

bool run_client(const settings& with) {
  heddle::config runtime_settings;
  runtime_settings.loops = with.loops;
  runtime_settings.name = "client";
  return heddle::run(runtime_settings, [&] { return load_generator(with.load).run(); });
}

bool read_count(const std::string& line, load_counts& counts) {
  std::istringstream words(line);
  std::string name;
  double value = 0;
  if (!(words >> name >> value)) return false;
  const auto* const found = std::find_if(fields.begin(), fields.end(),
                                         [&](const auto& field) { return name == field.first; });
  if (found == fields.end()) return false;
  counts.*found->second = value;
  return true;
}

}  // namespace lab
