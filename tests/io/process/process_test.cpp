// SPDX-License-Identifier: MIT
// Children: what they read, write, return; how they are ended; that none is left.
#include <heddle/io/file.hpp>
#include <heddle/io/process.hpp>
#include <heddle/runtime.hpp>

#include "io/shared_names.hpp"
#include "runtime/support/child.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <csignal>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <thread>

#include <sys/wait.h>
#include <unistd.h>

namespace heddle::io {
namespace {

using ::testing::Not;

bool has_children() {
  siginfo_t found{};
  return ::waitid(P_ALL, 0, &found, WEXITED | WNOHANG | WNOWAIT) == 0;
}

template <class F>
void in_fibers(F body) {
  heddle::run(test::with_loops(2), body);
  EXPECT_FALSE(has_children());
}

TEST(process, gives_its_output_and_says_how_it_ended) {
  in_fibers([] {
    const process_result ended = run_process({"sh", "-c", "echo out; echo err >&2; exit 3"});
    EXPECT_EQ(ended.out, "out\n");
    EXPECT_EQ(ended.err, "err\n");
    EXPECT_EQ(ended.status, (exit_status{3, 0}));
    EXPECT_FALSE(ended.status.success());
    EXPECT_EQ(run_process({"sh", "-c", "kill -USR1 $$"}).status, (exit_status{0, SIGUSR1}));
    EXPECT_TRUE(run_process({"true"}).status.success());
  });
}

TEST(process, works_on_a_plain_thread) {
  process child = process::start({"sh", "-c", "exit 7"});
  EXPECT_EQ(child.wait().code, 7);
}

TEST(process, is_fed_more_than_a_pipe_holds_while_it_writes_as_much) {
  in_fibers([] {
    const std::string much(1 << 20, 'x');
    EXPECT_EQ(run_process({"cat"}, much).out, much);
    EXPECT_TRUE(run_process({"true"}, much).status.success()) << "it reads nothing";
  });
}

TEST(process, that_writes_too_much_is_ended) {
  in_fibers([] {
    try {
      static_cast<void>(run_process({"cat", "/dev/zero"}, {}, {.most_output_bytes = 1000}));
      FAIL() << "there is no end to it";
    } catch (const io_error& refused) {
      EXPECT_EQ(refused.code(), io_errc::too_much);
    }
  });
}

TEST(process, that_cannot_be_started_is_named) {
  in_fibers([] {
    const auto before = test::open_descriptors().size();
    try {
      static_cast<void>(process::start({"/no/such/program"}, {.in = stdio::pipe}));
      FAIL() << "it is not there";
    } catch (const io_error& refused) {
      EXPECT_EQ(refused.code(), std::errc::no_such_file_or_directory);
      EXPECT_THAT(refused.what(), HasSubstr("start /no/such/program: "));
    }
    EXPECT_THROW(static_cast<void>(process::start({})), std::invalid_argument);
    EXPECT_THROW(static_cast<void>(process::start({"true"}, {.directory = "/no/such"})), io_error);
    EXPECT_EQ(test::open_descriptors().size(), before);
  });
}

TEST(process, is_not_started_with_a_text_that_it_would_see_the_beginning_of) {
  const std::string cut("a\0b", 3);
  EXPECT_THROW(process::start({"echo", cut}), std::invalid_argument);
  EXPECT_THROW(process::start({"true"}, {.directory = cut}), std::invalid_argument);
  EXPECT_THROW(process::start({"true"}, {.environment = std::vector<std::string>{cut}}),
               std::invalid_argument);
  EXPECT_THROW(file::open(cut), io_error);
}

TEST(process, gets_its_pipes_also_from_one_that_has_no_descriptors_0_and_1) {
  const test::child_end end = test::in_child([] {
    ::close(STDIN_FILENO);
    ::close(STDOUT_FILENO);
    process child = process::start({"sh", "-c", "echo here >&2"},
                                   {.in = stdio::null, .out = stdio::null, .err = stdio::pipe});
    std::string said(5, '\0');
    std::error_code error;
    child.err().read_exactly(room_in(said), error);
    return said == "here\n";
  });
  EXPECT_TRUE(end.exited_with(0)) << end.status << end.output;
}

TEST(process, has_the_environment_and_the_directory_that_it_was_given) {
  in_fibers([] {
    process child = process::start({"/bin/sh", "-c", "echo $HEDDLE_X $HOME; pwd"},
                                   {.out = stdio::pipe,
                                    .environment = std::vector<std::string>{"HEDDLE_X=here"},
                                    .directory = "/"});
    std::string text(100, '\0');
    std::size_t bytes = 0;
    while (const std::size_t more = child.out().read_some(test::room_in(text).subspan(bytes))) {
      bytes += more;
    }
    EXPECT_EQ(text.substr(0, bytes), "here\n/\n");
    EXPECT_TRUE(child.wait().success());
  });
}

TEST(process, that_is_run_has_the_environment_and_the_directory_that_it_was_given) {
  in_fibers([] {
    const process_result ended =
        run_process({"/bin/sh", "-c", "cat; echo $HEDDLE_X $HOME; pwd"}, "in\n",
                    {.environment = std::vector<std::string>{"HEDDLE_X=here"}, .directory = "/"});
    EXPECT_EQ(ended.out, "in\nhere\n/\n");
    EXPECT_TRUE(ended.status.success());
  });
}

TEST(process, that_is_run_may_write_just_as_much_as_is_allowed) {
  in_fibers([] {
    const std::vector<std::string> command{"sh", "-c", "printf 12345; printf 1234 >&2"};
    const process_result ended = run_process(command, {}, {.most_output_bytes = 5});
    EXPECT_EQ(ended.out, "12345");
    EXPECT_EQ(ended.err, "1234");
    EXPECT_THROW(run_process(command, {}, {.most_output_bytes = 4}), io_error);
  });
}

TEST(process, that_is_run_is_killed_after_its_grace) {
  in_fibers([] {
    const std::vector<std::string> command{
        "sh", "-c", "trap '' TERM; printf ready; for n in $(seq 6000); do sleep 0.01; done"};
    const auto begin = clock::now();
    EXPECT_THROW(run_process(command, {}, {.grace = 1ms, .most_output_bytes = 4}), io_error);
    EXPECT_LT(clock::now() - begin, 4s) << "it had the usual grace";
  });
}

/// The line of /proc/self/status that begins with `what`.
std::string status_line(const std::string& status, const std::string& what) {
  const auto begin = status.find(what);
  return status.substr(begin, status.find('\n', begin) - begin);
}

TEST(process, has_no_descriptor_of_ours_and_signals_as_we_were_given_them) {
  in_fibers([] {
    auto both = test::connected_pair();
    const std::string list = "\n" + run_process({"ls", "/proc/self/fd"}).out;
    for (const int own : {both.near.native_handle(), both.far.native_handle()}) {
      EXPECT_THAT(list, Not(HasSubstr("\n" + std::to_string(own) + "\n")));
    }
    const std::string child = run_process({"cat", "/proc/self/status"}).out;
    EXPECT_EQ(status_line(child, "SigBlk:"), "SigBlk:\t0000000000000000");
    // What this process ignores because its parent did, the child ignores, too; but not SIGPIPE.
    const std::string ignored = status_line(child, "SigIgn:").substr(8);
    EXPECT_EQ(std::stoull(ignored, nullptr, 16) & (1ULL << (SIGPIPE - 1)), 0U);
  });
}

TEST(process, is_ended_when_its_owner_goes) {
  in_fibers([] {
    pid_t id = 0;
    {
      const process child = process::start({"sleep", "1000"});
      id = child.id();
      EXPECT_EQ(::kill(id, 0), 0);
    }
    EXPECT_EQ(::kill(id, 0), -1);
    const auto begin = clock::now();
    EXPECT_FALSE(move_on_after(10ms, [] { static_cast<void>(run_process({"sleep", "1000"})); }));
    EXPECT_LT(clock::now() - begin, 5s);
  });
}

TEST(process, that_ignores_sigterm_is_killed_after_its_grace) {
  in_fibers([] {
    process child =
        process::start({"sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.01; done"},
                       {.out = stdio::pipe, .grace = 50ms});
    std::string ready(6, '\0');
    child.out().read_exactly(test::room_in(ready));
    EXPECT_EQ(child.end(), (exit_status{0, SIGKILL}));
  });
}

TEST(process, that_hears_sigterm_may_end_by_itself) {
  in_fibers([] {
    process child =
        process::start({"sh", "-c", "trap 'exit 5' TERM; echo ready; while :; do sleep 0.01; done"},
                       {.out = stdio::pipe});
    std::string ready(6, '\0');
    child.out().read_exactly(test::room_in(ready));
    EXPECT_EQ(child.end(), (exit_status{5, 0}));
    EXPECT_EQ(child.end(), (exit_status{5, 0}));
    EXPECT_EQ(child.wait(), (exit_status{5, 0}));
    child.send_signal(SIGKILL);  // to nobody
  });
}

TEST(process, a_cancelled_wait_leaves_it_running) {
  in_fibers([] {
    process child = process::start({"cat"}, {.in = stdio::pipe});
    EXPECT_FALSE(move_on_after(5ms, [&] { static_cast<void>(child.wait()); }));
    EXPECT_EQ(::kill(child.id(), 0), 0);
    child.in().close();
    EXPECT_TRUE(child.wait().success());
  });
}

TEST(process, a_cancelled_end_kills_at_once) {
  in_fibers([] {
    process child =
        process::start({"sh", "-c", "trap '' TERM; echo ready; while :; do sleep 0.01; done"},
                       {.out = stdio::pipe, .grace = 1h});
    std::string ready(6, '\0');
    child.out().read_exactly(test::room_in(ready));
    EXPECT_FALSE(move_on_after(5ms, [&] { child.end(); }));
    EXPECT_EQ(child.wait(), (exit_status{0, SIGKILL}));
  });
}

TEST(process, several_fibers_may_wait_for_one) {
  in_fibers([] {
    process child = process::start({"cat"}, {.in = stdio::pipe});
    task_group all;
    for (int n = 0; n < 5; ++n) all.spawn([&] { EXPECT_TRUE(child.wait().success()); });
    this_fiber::sleep_for(1ms);
    child.in().close();
    all.join();
  });
}

TEST(process, that_is_none_says_so) {
  process none;
  EXPECT_EQ(none.id(), 0);
  EXPECT_THROW(none.wait(), std::logic_error);
  EXPECT_THROW(none.end(), std::logic_error);
  EXPECT_THROW(none.send_signal(SIGTERM), std::logic_error);
}

TEST(process, many_at_once_leave_nothing) {
  in_fibers([] {
    const auto before = test::open_descriptors().size();
    task_group all;
    for (int n = 0; n < 30; ++n) {
      all.spawn([n] {
        EXPECT_EQ(run_process({"sh", "-c", "cat; exit " + std::to_string(n)}, "x").status.code, n);
      });
    }
    all.join();
    EXPECT_EQ(test::open_descriptors().size(), before);
  });
}

}  // namespace
}  // namespace heddle::io
