// SPDX-License-Identifier: MIT
// runtime: start and stop, side by side, misuse, statistics, dump, and a start without enough
// descriptors.
#include <heddle/runtime.hpp>

#include "runtime/support/child.hpp"
#include "runtime/support/errors.hpp"
#include "runtime/support/loops.hpp"
#include "runtime/support/process_counts.hpp"
#include "runtime/support/sanitized.hpp"
#include "runtime/support/thread_now.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <set>
#include <sstream>
#include <string>
#include <thread>
#include <vector>

#include <fcntl.h>

namespace heddle {
namespace {

using namespace std::chrono_literals;
using test::message_of;
using test::process_counts;
using test::with_loops;
using testing::AllOf;
using testing::HasSubstr;

TEST(runtime, run_gives_the_value_or_the_error_of_its_body) {
  EXPECT_EQ(run(with_loops(1), [] { return 42; }), 42);
  EXPECT_TRUE((std::is_same_v<decltype(run(config{}, std::declval<int& (*)()>())), int&>));
  EXPECT_TRUE(
      (std::is_same_v<decltype(std::declval<runtime&>().run(std::declval<int& (*)()>())), int&>));
  EXPECT_THROW(run(with_loops(1), [] { throw std::runtime_error("x"); }), std::runtime_error);
  runtime home(with_loops(2));
  EXPECT_EQ(*home.run([] { return std::make_unique<int>(3); }), 3);
}

/// A result that owns a task and cannot be moved a third time.
struct fragile {
  explicit fragile(int moves) : moves_left(moves) {}
  // NOLINTNEXTLINE(performance-noexcept-move-constructor): throwing is what it is for
  fragile(fragile&& other) : moves_left(other.moves_left - 1) {
    if (moves_left < 0) throw std::runtime_error("moved once more");
    owned = std::move(other.owned);
  }
  task<void> owned;
  int moves_left;
};

TEST(runtime, a_result_that_owns_a_task_and_throws_on_its_way_out_leaves_nobody_waiting) {
  for (int moves = 0; moves < 4; ++moves) {
    try {
      const fragile result = run(with_loops(1), [moves] {
        fragile made(moves);
        made.owned = spawn([] { this_fiber::sleep_for(std::chrono::hours(1)); });
        return made;
      });
      EXPECT_TRUE(result.owned.joinable());
      EXPECT_GE(moves, 2);
    } catch (const std::runtime_error& error) {
      EXPECT_STREQ(error.what(), "moved once more");
      EXPECT_LT(moves, 3);
    }
  }
}

TEST(runtime, one_loop_of_run_is_the_calling_thread_and_needs_no_other) {
  const std::size_t before = process_counts::now().threads;
  const long caller = test::thread_now();
  run(with_loops(1), [&] {
    EXPECT_EQ(test::thread_now(), caller);
    EXPECT_EQ(process_counts::now().threads, before);
    this_fiber::sleep_for(1ms);
    EXPECT_EQ(test::thread_now(), caller);
  });
  // Two loops and who watches them. TSAN starts a thread of its own with the first one.
  const std::size_t most = before + 3 + (test::thread_sanitized ? 1 : 0);
  run(with_loops(3), [&] { EXPECT_LE(process_counts::now().threads, most); });
}

TEST(runtime, a_thousand_runtimes_leave_nothing_behind) {
  const auto one = [](unsigned n) {
    runtime home(with_loops(1 + n % 4));
    home.spawn([] { this_fiber::sleep_for(1us); }).detach();
    if (n % 2 == 0) home.run([] { spawn([] { test::park_for_ever(); }).detach(); });
    if (n % 3 == 0) home.shutdown(100us);
  };
  for (unsigned n = 0; n < 12; ++n) one(n);
  const process_counts before = process_counts::now();
  for (unsigned n = 0; n < test::rounds(1000U); ++n) one(n);
  const process_counts after = process_counts::now();
  EXPECT_EQ(after.threads, before.threads);
  EXPECT_EQ(after.descriptors, before.descriptors);
  // The allocator may map and keep a few arenas of its own.
  EXPECT_LE(after.mappings, before.mappings + (test::sanitized ? 500 : 10));
}

TEST(runtime, two_side_by_side_keep_apart_and_work_together) {
  runtime first(with_loops(1));
  runtime second(with_loops(2));
  EXPECT_EQ(first.run([] { return &runtime::current(); }), &first);
  EXPECT_EQ(second.run([] { return &runtime::current(); }), &second);
  first.run([&] {
    auto there = second.spawn([&] {
      EXPECT_EQ(&runtime::current(), &second);
      auto back = first.spawn([&] { return &runtime::current(); });
      return back.join();
    });
    EXPECT_EQ(there.join(), &first);
    EXPECT_EQ(&runtime::current(), &first);
  });
}

TEST(runtime, one_may_be_started_and_stopped_inside_a_fiber_of_another) {
  run(with_loops(2), [] {
    runtime inner(with_loops(1));
    EXPECT_EQ(inner.spawn([] { return 5; }).join(), 5);
  });
}

TEST(runtime, blocking_calls_inside_a_fiber_are_refused_and_say_so) {
  runtime home(with_loops(1));
  home.run([&] {
    EXPECT_THAT(message_of<std::logic_error>([] { run(with_loops(1), [] {}); }),
                AllOf(HasSubstr("heddle::run"), HasSubstr("inside a fiber")));
    EXPECT_THAT(message_of<std::logic_error>([&] { home.run([] {}); }),
                AllOf(HasSubstr("runtime::run"), HasSubstr("inside a fiber")));
    EXPECT_THAT(message_of<std::logic_error>([&] { home.shutdown(0s); }),
                AllOf(HasSubstr("runtime::shutdown"), HasSubstr("inside a fiber")));
  });
  runtime other(with_loops(1));
  other.run([&] {
    EXPECT_THAT(message_of<std::logic_error>([&] { home.run([] {}); }),
                HasSubstr("inside a fiber"));
  });
}

TEST(runtime, current_outside_a_fiber_is_refused) {
  EXPECT_THAT(message_of<std::logic_error>([] { runtime::current(); }),
              HasSubstr("outside a fiber"));
}

TEST(runtime, a_bad_setting_is_refused_by_name_and_leaves_nothing_behind) {
  const process_counts before = process_counts::now();
  config settings;
  settings.loops = 5000;
  try {
    const runtime never(settings);
    ADD_FAILURE();
  } catch (const std::invalid_argument& error) {
    EXPECT_THAT(error.what(), HasSubstr("loops"));
  }
  EXPECT_EQ(process_counts::now().descriptors, before.descriptors);
}

TEST(runtime, after_shutdown_spawn_says_so) {
  runtime home(with_loops(1));
  EXPECT_TRUE(home.shutdown(1s));
  bool body_lives = true;
  struct watcher {
    explicit watcher(bool& to) : alive(&to) {}
    watcher(watcher&& other) noexcept : alive(std::exchange(other.alive, nullptr)) {}
    ~watcher() {
      if (alive != nullptr) *alive = false;
    }
    bool* alive;
  };
  try {
    home.spawn([held = watcher(body_lives)] {}).join();
    ADD_FAILURE();
  } catch (const shut_down& error) {
    EXPECT_THAT(error.what(), HasSubstr("told to stop"));
  }
  EXPECT_FALSE(body_lives);
  EXPECT_THROW(home.run([] {}), shut_down);
  EXPECT_TRUE(home.shutdown(0s));
}

TEST(runtime, its_threads_carry_its_name) {
  config settings = with_loops(2);
  settings.name = "weaver";
  runtime home(settings);
  const auto name_on = [&](unsigned loop) {
    return home
        .spawn({.pinned = true, .loop = loop},
               [] {
                 std::array<char, 16> name{};
                 ::pthread_getname_np(::pthread_self(), name.data(), name.size());
                 return std::string(name.data());
               })
        .join();
  };
  EXPECT_EQ(name_on(0), "weaver-0");
  EXPECT_EQ(name_on(1), "weaver-1");
  EXPECT_EQ(home.settings().name, "weaver");
}

TEST(runtime, loops_can_be_bound_to_their_cpus) {
  config settings = with_loops(2);
  settings.pin_loops = true;
  runtime home(settings);
  for (unsigned loop = 0; loop < 2; ++loop) {
    const int allowed = home.spawn({.pinned = true, .loop = loop},
                                   [] {
                                     cpu_set_t set;
                                     ::pthread_getaffinity_np(::pthread_self(), sizeof set, &set);
                                     return CPU_COUNT(&set);
                                   })
                            .join();
    EXPECT_EQ(allowed, 1);
  }
}

TEST(runtime, the_statistics_add_up) {
  constexpr std::uint64_t children = 1000;
  runtime home(with_loops(2));
  home.run([] {
    std::vector<task<void>> all;
    for (std::uint64_t n = 0; n < children; ++n) {
      all.push_back(spawn([] { this_fiber::sleep_for(20ms); }));
    }
    EXPECT_GE(runtime::current().stats().live_tasks, 1U);
    for (auto& each : all) each.join();
  });
  const runtime_stats stats = home.stats();
  ASSERT_EQ(stats.loops.size(), 2U);
  const loop_stats total = stats.total();
  EXPECT_EQ(total.spawned, children);
  EXPECT_EQ(total.finished, children + 1);
  const std::uint64_t fired = total.timers + total.stolen_timers;
  EXPECT_GE(fired, children * 9 / 10);  // a sleep may find its time has passed already
  EXPECT_GE(total.slices, children + fired);
  EXPECT_EQ(stats.live_tasks, 0U);
  EXPECT_GT(stats.stacks, 0U);
  EXPECT_EQ(stats.unguarded_stacks, 0U);
  EXPECT_EQ(stats.unhandled_errors, 0U);
}

TEST(runtime, live_tasks_and_stacks_in_use_are_gauges) {
  runtime home(with_loops(1));
  test::gate finish;
  std::vector<task<void>> waiting;
  for (int n = 0; n < 10; ++n) waiting.push_back(home.spawn([&] { finish.wait(); }));
  EXPECT_TRUE(test::eventually([&] { return home.stats().stacks_in_use == 10; }));
  EXPECT_EQ(home.stats().live_tasks, 10U);
  finish.open();
  for (auto& each : waiting) each.join();
  EXPECT_EQ(home.stats().live_tasks, 0U);
  EXPECT_TRUE(test::eventually([&] { return home.stats().stacks_in_use == 0; }));
}

TEST(runtime, dump_names_every_fiber_where_it_was_spawned_and_its_state) {
  runtime home(with_loops(1));
  std::atomic<bool> parked{false};
  auto waiting = home.spawn({.name = "patient"}, [&] {
    parked = true;
    test::park_for_ever();
  });
  const unsigned line = __LINE__ - 4;
  test::wait_until([&] { return parked.load(); });
  std::string text;
  EXPECT_TRUE(test::eventually([&] {
    std::ostringstream out;
    home.dump(out);
    text = out.str();
    return text.find("parked") != std::string::npos;
  }));
  EXPECT_THAT(text,
              AllOf(HasSubstr("\"patient\""), HasSubstr("runtime_test.cpp:"), HasSubstr("1 live")));
  EXPECT_THAT(text, HasSubstr("runtime_test.cpp:" + std::to_string(line)));
}

TEST(runtime, dump_may_be_taken_while_fibers_come_and_go) {
  runtime home(with_loops(2));
  std::atomic<bool> over{false};
  auto busy = home.spawn([&] {
    while (!over) {
      auto named = spawn({.name = "a name that is longer than thirty-two bytes, so that it is cut"},
                         [] { this_fiber::yield(); });
      auto unnamed = spawn([] {});
      named.join();
      unnamed.join();
    }
  });
  for (int n = 0; n < test::rounds(500); ++n) {
    std::ostringstream out;
    home.dump(out);
    EXPECT_THAT(out.str(), HasSubstr("runtime \"heddle\""));
  }
  over = true;
  busy.join();
}

// Sleeps, because what is looked at is what happens while nothing is to be done.
TEST(runtime, an_idle_one_uses_no_cpu) {
  runtime home(with_loops(4));
  home.run([] {
    for (int n = 0; n < 100; ++n) spawn([] { this_fiber::sleep_for(10us); }).join();
  });
  loop_stats before = home.stats().total();
  for (bool parked = false; !parked;) {
    std::this_thread::sleep_for(50ms);
    const loop_stats now = home.stats().total();
    parked = now.searches == before.searches && now.polls == before.polls;
    before = now;
  }
  const auto cpu_before = test::cpu_time();
  std::this_thread::sleep_for(1s);
  const loop_stats after = home.stats().total();
  EXPECT_EQ(after.slices, before.slices);
  EXPECT_EQ(after.searches, before.searches);
  EXPECT_LE(after.polls - before.polls, 4U * (1 + 5))
      << "a look for a stall, and at what stacks are left";
  EXPECT_LT(test::cpu_time() - cpu_before, 200ms) << "one loop that spins takes a second";
}

TEST(runtime, a_start_without_enough_descriptors_is_a_clean_error_and_a_later_one_works) {
  if (test::sanitized) GTEST_SKIP() << "a sanitizer needs descriptors of its own";
  int clean_errors = 0;
  int starts = 0;
  for (unsigned most = 3; most <= 40; ++most) {
    const test::child_end end = test::in_child([most] {
      const std::size_t before = process_counts::now().descriptors;
      rlimit old{};
      ::getrlimit(RLIMIT_NOFILE, &old);
      test::limit(RLIMIT_NOFILE, most);
      bool refused = false;
      try {
        runtime home(with_loops(4));
        if (home.run([] { return 1; }) != 1) return false;
      } catch (const resource_exhausted& error) {
        refused = std::string(error.what()).find("heddle") == 0;
        if (!refused) return false;
      }
      test::limit(RLIMIT_NOFILE, old.rlim_cur);
      if (process_counts::now().descriptors != before) return false;
      runtime again(with_loops(4));
      if (again.run([] { return 2; }) != 2) return false;
      std::fputs(refused ? "refused" : "started", stderr);
      return true;
    });
    EXPECT_TRUE(end.exited_with(0)) << most << " descriptors: " << end.status << end.output;
    clean_errors += end.output == "refused" ? 1 : 0;
    starts += end.output == "started" ? 1 : 0;
  }
  EXPECT_GT(clean_errors, 0);
  EXPECT_GT(starts, 0);
}

TEST(runtime, a_start_without_memory_for_its_threads_is_a_clean_error) {
  if (test::sanitized) GTEST_SKIP() << "a sanitizer needs the address space";
  int clean_errors = 0;
  for (std::size_t megabytes = 0; megabytes <= 120; megabytes += 6) {
    const test::child_end end = test::in_child([megabytes] {
      const std::size_t now = test::address_space_bytes();
      test::limit(RLIMIT_AS, now + megabytes * 1024 * 1024);
      bool refused = false;
      try {
        runtime home(with_loops(12));
        if (home.run([] { return 1; }) != 1) return false;
      } catch (const resource_exhausted&) {
        refused = true;
      } catch (const std::bad_alloc&) {
        refused = true;
      }
      test::limit(RLIMIT_AS, RLIM_INFINITY);
      if (process_counts::now().threads != 1) return false;
      runtime again(with_loops(12));
      if (again.run([] { return 2; }) != 2) return false;
      std::fputs(refused ? "refused" : "started", stderr);
      return true;
    });
    EXPECT_TRUE(end.exited_with(0)) << megabytes << " MiB: " << end.status << end.output;
    clean_errors += end.output == "refused" ? 1 : 0;
  }
  EXPECT_GT(clean_errors, 3);
}

TEST(runtime, that_cannot_start_in_a_fiber_leaves_the_fiber_s_own_alone) {
  if (test::sanitized) GTEST_SKIP() << "a sanitizer starts threads of its own";
  const test::child_end end = test::in_child([] {
    return run(with_loops(1), [] {
      const std::size_t now = test::address_space_bytes();
      bool refused = false;
      for (std::size_t megabytes = 0; megabytes <= 12; ++megabytes) {
        test::limit(RLIMIT_AS, now + megabytes * 1024 * 1024);
        try {
          runtime inner(with_loops(1));
        } catch (const resource_exhausted&) {
          refused = true;
        } catch (const std::bad_alloc&) {
          refused = true;
        }
        this_fiber::yield();
        test::limit(RLIMIT_AS, RLIM_INFINITY);
        this_fiber::sleep_for(1ms);
      }
      return refused && spawn([] { return true; }).join();
    });
  });
  EXPECT_TRUE(end.exited_with(0)) << end.status << end.output;
}

/// Returns the descriptors that an exec would hand on.
std::set<int> inherited_descriptors() {
  std::set<int> found;
  for (int fd = 3; fd < 256; ++fd) {
    const int flags = ::fcntl(fd, F_GETFD);
    if (flags >= 0 && (flags & FD_CLOEXEC) == 0) found.insert(fd);
  }
  return found;
}

TEST(runtime, its_descriptors_are_closed_by_exec) {
  const std::set<int> before = inherited_descriptors();
  runtime home(with_loops(2));
  EXPECT_EQ(inherited_descriptors(), before);
}

TEST(runtime, static_objects_may_own_one_until_the_process_ends) {
  const test::child_end end = test::in_child([]() -> bool {
    static runtime kept(with_loops(2));
    kept.spawn([] { test::park_for_ever(); }).detach();
    std::exit(kept.run([] { return 7; }));
  });
  EXPECT_TRUE(end.exited_with(7)) << end.status << end.output;
}

TEST(runtime, from_one_of_its_own_fibers_it_cannot_be_destroyed) {
  const test::child_end end = test::in_child([] {
    auto home = std::make_unique<runtime>(with_loops(1));
    home->run([&] { home.reset(); });
    return true;
  });
  EXPECT_TRUE(end.killed_by(SIGABRT)) << end.status;
  EXPECT_THAT(end.output, HasSubstr("destroyed by one of its own fibers"));
}

}  // namespace
}  // namespace heddle
