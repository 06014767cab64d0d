// SPDX-License-Identifier: MIT
// Twenty fetches, service and client in one runtime, over the loopback interface.
#include "pages.hpp"

#include "console.hpp"
#include "loop_map.hpp"
#include "page_client.hpp"
#include "service.hpp"

#include <heddle/io/tcp.hpp>
#include <heddle/runtime/clock.hpp>
#include <heddle/runtime/runtime.hpp>
#include <heddle/runtime/task.hpp>

#include <chrono>
#include <exception>
#include <functional>
#include <string>
#include <utility>

namespace lab {
namespace {

using heddle::clock;

double ms_since(clock::time_point start) {
  return std::chrono::duration<double, std::milli>(clock::now() - start).count();
}

/// Fetches pages from one server and counts what went wrong.
class fetcher {
 public:
  fetcher(heddle::io::endpoint server, pages_result& counts)
      : server_(std::move(server)), counts_(counts) {}

  /// The whole difference between the two ways is in these two functions.
  fetching one_by_one() {
    return timed([this](clock::time_point start, std::vector<fetch>& pages) {
      for (fetch& page : pages) page = fetch_one(start);
    });
  }
  fetching at_once() {
    return timed([this](clock::time_point start, std::vector<fetch>& pages) {
      std::vector<heddle::task<fetch>> under_way;
      for (std::size_t n = 0; n < pages.size(); ++n) {
        under_way.push_back(heddle::spawn([this, start] { return fetch_one(start); }));
      }
      for (std::size_t n = 0; n < pages.size(); ++n) pages[n] = under_way[n].join();
    });
  }

 private:
  using way = std::function<void(clock::time_point, std::vector<fetch>&)>;

  fetching timed(const way& fetch_all) {
    fetching done;
    done.pages.resize(page_count);
    const heddle::fiber_id first = mark();
    const clock::time_point start = clock::now();
    fetch_all(start, done.pages);
    done.total_ms = ms_since(start);
    const heddle::fiber_id last = mark();
    done.loops = between(heddle::runtime::current().trace(), first, last);
    for (const fetch& page : done.pages) ++(page.end_ms < 0 ? counts_.failed : counts_.fetched);
    return done;
  }

  /// A failed page ends at -1.
  fetch fetch_one(clock::time_point start) const {
    fetch times{.begin_ms = ms_since(start), .end_ms = -1};
    try {
      page_client client(server_);
      if (client.get("/slow").status == 200) times.end_ms = ms_since(start);
    } catch (const std::exception& error) {
      say(std::string("a page failed: ") + error.what());
    }
    return times;
  }

  heddle::io::endpoint server_;
  pages_result& counts_;
};

void keep_better(fetching& best, fetching&& next) {
  if (best.pages.empty() || next.total_ms < best.total_ms) best = std::move(next);
}

page_run fetch_on(unsigned loops, unsigned rounds, pages_result& counts) {
  heddle::config runtime_settings;
  runtime_settings.loops = loops;
  runtime_settings.trace_events = 1 << 15;
  return heddle::run(runtime_settings, [&] {
    const loop_map map(heddle::runtime::current());
    page_service service(map);
    heddle::io::tcp_listener listener = heddle::io::tcp_listener::bind("127.0.0.1:0");
    heddle::task<void> serving = heddle::spawn([&] { service.serve(listener); });
    fetcher pages(listener.local_endpoint(), counts);
    page_run best{.loops = loops, .one_by_one = {}, .at_once = {}};
    for (unsigned round = 1; round <= rounds; ++round) {
      fetching slow = pages.one_by_one();
      fetching fast = pages.at_once();
      say(std::to_string(loops) + (loops == 1 ? " loop, round " : " loops, round ") +
          std::to_string(round) + ": one after another " + milliseconds(slow.total_ms) +
          ", at once " + milliseconds(fast.total_ms));
      keep_better(best.one_by_one, std::move(slow));
      keep_better(best.at_once, std::move(fast));
    }
    listener.close();
    serving.join();
    return best;
  });
}

}  // namespace

pages_result run_pages(const settings& with) {
  pages_result result;
  result.one_loop = fetch_on(1, with.rounds, result);
  result.all_loops = with.loops == 1 ? result.one_loop : fetch_on(with.loops, with.rounds, result);
  return result;
}

table table_of(const pages_result& result) {
  table made{{"20 pages of 50 ms", "one after another", "at once", "speed-up"}, {}};
  for (const page_run* run : {&result.one_loop, &result.all_loops}) {
    if (run == &result.all_loops && run->loops == 1) continue;
    made.rows.push_back({std::to_string(run->loops) + (run->loops == 1 ? " loop" : " loops"),
                         milliseconds(run->one_by_one.total_ms),
                         milliseconds(run->at_once.total_ms), times(run->speed_up())});
  }
  return made;
}

}  // namespace lab
