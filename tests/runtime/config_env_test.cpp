// SPDX-License-Identifier: MIT
// What HEDDLE_* variables do to a config: every good form, every bad one, and unknown names.
#include "config_parse.hpp"

#include <gtest/gtest.h>

#include <clocale>
#include <cstdlib>
#include <locale>
#include <memory>
#include <optional>
#include <sstream>
#include <stdexcept>
#include <vector>

using heddle::config;
using namespace std::chrono_literals;

namespace {

struct reading {
  std::optional<config> settings;
  std::string warnings;
  std::string error;
};

// Reads settings as if `entries` were the whole environment.
reading read(const std::vector<std::string>& entries) {
  std::vector<const char*> pointers;
  pointers.reserve(entries.size() + 1);
  for (const std::string& entry : entries) pointers.push_back(entry.c_str());
  pointers.push_back(nullptr);
  reading result;
  try {
    result.settings = heddle::detail::read_settings(pointers.data(), result.warnings);
  } catch (const std::invalid_argument& error) {
    result.error = error.what();
  }
  return result;
}

std::string printed(const config& settings) {
  std::ostringstream out;
  out << settings;
  return out.str();
}

// Sets a variable of the real environment and puts back what was there.
// NOLINTBEGIN(concurrency-mt-unsafe): these tests have no other thread.
class scoped_variable {
 public:
  scoped_variable(const char* name, const char* value) : name_(name) {
    if (const char* const before = std::getenv(name)) before_ = before;
    ::setenv(name, value, 1);
  }
  ~scoped_variable() {
    ::unsetenv(name_);
    if (before_) ::setenv(name_, before_->c_str(), 1);
  }
  scoped_variable(const scoped_variable&) = delete;
  scoped_variable& operator=(const scoped_variable&) = delete;

 private:
  const char* name_;
  std::optional<std::string> before_;
};
// NOLINTEND(concurrency-mt-unsafe)

const std::string count_to_1024 = ": must be a whole number in 0..1024";
const std::string a_size = ": must be a whole number of bytes, or one with K, M or G, in 16K..1G";
const std::string up_to_an_hour = ": must be a whole number with ns, us, ms or s, in 0s..3600s";
const std::string up_to_10_ms = ": must be a whole number with ns, us, ms or s, in 0s..10ms";
const std::string a_switch = ": must be 0, 1, on or off";

struct bad_entry {
  std::string name;
  std::string value;
  std::string requirement;
};

const bad_entry bad_entries[] = {
    {"HEDDLE_LOOPS", "four", count_to_1024},
    {"HEDDLE_LOOPS", "4x", count_to_1024},
    {"HEDDLE_LOOPS", "4 ", count_to_1024},
    {"HEDDLE_LOOPS", " 4", count_to_1024},
    {"HEDDLE_LOOPS", "+4", count_to_1024},
    {"HEDDLE_LOOPS", "-1", count_to_1024},
    {"HEDDLE_LOOPS", "4.0", count_to_1024},
    {"HEDDLE_LOOPS", "0x4", count_to_1024},
    {"HEDDLE_LOOPS", "1,000", count_to_1024},
    {"HEDDLE_LOOPS", "1K", count_to_1024},
    {"HEDDLE_LOOPS", "1025", count_to_1024},
    {"HEDDLE_LOOPS", "4294967297", count_to_1024},            // 1 if cut to 32 bits
    {"HEDDLE_LOOPS", "18446744073709551617", count_to_1024},  // 1 if cut to 64 bits
    {"HEDDLE_CPU_THREADS", "1025", count_to_1024},
    {"HEDDLE_CPU_THREADS", "many", count_to_1024},
    {"HEDDLE_MAX_BLOCKING_THREADS", "0", ": must be a whole number in 1..65536"},
    {"HEDDLE_MAX_BLOCKING_THREADS", "65537", ": must be a whole number in 1..65536"},
    {"HEDDLE_BLOCKING_KEEP_ALIVE", "10", up_to_an_hour},
    {"HEDDLE_POOL_STACK_BYTES", "15K", a_size},
    {"HEDDLE_PIN_LOOPS", "yes", a_switch},
    {"HEDDLE_PIN_LOOPS", "2", a_switch},
    {"HEDDLE_PIN_LOOPS", "ON", a_switch},
    {"HEDDLE_DEBUG", "true", a_switch},
    {"HEDDLE_DEBUG", "on ", a_switch},
    {"HEDDLE_STACK_BYTES", "16383", a_size},
    {"HEDDLE_STACK_BYTES", "15K", a_size},
    {"HEDDLE_STACK_BYTES", "2G", a_size},
    {"HEDDLE_STACK_BYTES", "64k", a_size},
    {"HEDDLE_STACK_BYTES", "64KB", a_size},
    {"HEDDLE_STACK_BYTES", "64 K", a_size},
    {"HEDDLE_STACK_BYTES", "K", a_size},
    {"HEDDLE_STACK_BYTES", "-64K", a_size},
    {"HEDDLE_STACK_BYTES", "17179869185G", a_size},  // 1G if cut to 64 bits
    {"HEDDLE_SLOW_SLICE", "100", up_to_an_hour},
    {"HEDDLE_SLOW_SLICE", "0", up_to_an_hour},
    {"HEDDLE_SLOW_SLICE", "100 ms", up_to_an_hour},
    {"HEDDLE_SLOW_SLICE", "100ms!", up_to_an_hour},
    {"HEDDLE_SLOW_SLICE", "1m", up_to_an_hour},
    {"HEDDLE_SLOW_SLICE", "1h", up_to_an_hour},
    {"HEDDLE_SLOW_SLICE", "0.5s", up_to_an_hour},
    {"HEDDLE_SLOW_SLICE", "-1ms", up_to_an_hour},
    {"HEDDLE_SLOW_SLICE", "3601s", up_to_an_hour},
    {"HEDDLE_SLOW_SLICE", "ms", up_to_an_hour},
    {"HEDDLE_SLOW_SLICE", "18446744074s", up_to_an_hour},  // 0.29 s if cut to 64 bits
    {"HEDDLE_SPIN", "11ms", up_to_10_ms},
    {"HEDDLE_SPIN", "50", up_to_10_ms},
    {"HEDDLE_TRACE_EVENTS", "16777217", ": must be a whole number in 0..16777216"},
    {"HEDDLE_TRACE_EVENTS", "16K", ": must be a whole number in 0..16777216"},
    {"HEDDLE_MAX_MPROTECT_GUARDS", "1000001", ": must be a whole number in 0..1000000"},
    {"HEDDLE_NAME", std::string(65, 'x'), ": must be a text of 1..64 bytes"},
};

}  // namespace

TEST(config_env, an_empty_environment_gives_the_defaults) {
  EXPECT_EQ(printed(read({}).settings.value()), printed(config{}));
  std::string warnings;
  EXPECT_EQ(printed(heddle::detail::read_settings(nullptr, warnings)), printed(config{}));
  EXPECT_EQ(warnings, "");
}

TEST(config_env, every_setting_can_be_given) {
  const reading result = read(
      {"PATH=/bin", "HEDDLE_LOOPS=4", "HEDDLE_CPU_THREADS=5", "HEDDLE_MAX_BLOCKING_THREADS=6",
       "HEDDLE_BLOCKING_KEEP_ALIVE=3s", "HEDDLE_POOL_STACK_BYTES=1M", "HEDDLE_PIN_LOOPS=on",
       "HEDDLE_STACK_BYTES=64K", "HEDDLE_SLOW_SLICE=250ms", "HEDDLE_SPIN=20us", "HEDDLE_DEBUG=1",
       "HEDDLE_TRACE_EVENTS=4096", "HEDDLE_MAX_MPROTECT_GUARDS=100", "HEDDLE_NAME=billing = 2"});
  ASSERT_EQ(result.error, "");
  EXPECT_EQ(result.warnings, "");
  const config& settings = *result.settings;
  EXPECT_EQ(settings.loops, 4u);
  EXPECT_EQ(settings.cpu_threads, 5u);
  EXPECT_EQ(settings.max_blocking_threads, 6u);
  EXPECT_EQ(settings.blocking_keep_alive, 3s);
  EXPECT_EQ(settings.pool_stack_bytes, std::size_t{1} << 20);
  EXPECT_TRUE(settings.pin_loops);
  EXPECT_EQ(settings.stack_bytes, 65536u);
  EXPECT_EQ(settings.slow_slice, 250ms);
  EXPECT_EQ(settings.spin, 20us);
  EXPECT_TRUE(settings.debug);
  EXPECT_EQ(settings.trace_events, 4096u);
  EXPECT_EQ(settings.max_mprotect_guards, 100u);
  EXPECT_EQ(settings.name, "billing = 2");
}

TEST(config_env, what_is_printed_can_be_given_back) {
  config original;
  original.pin_loops = true;
  original.stack_bytes = 1 << 20;
  original.slow_slice = 1500us;
  original.spin = 1ns;
  original.name = "n";
  for (const auto& row : heddle::detail::all_settings()) {
    const std::string entry =
        std::string(row.variable) + "=" + heddle::detail::text_of(row, original);
    const reading result = read({entry});
    ASSERT_EQ(result.error, "");
    EXPECT_EQ(heddle::detail::text_of(row, *result.settings),
              heddle::detail::text_of(row, original));
  }
}

TEST(config_env, all_units_are_understood) {
  const std::pair<const char*, std::chrono::nanoseconds> durations[] = {
      {"0s", 0ns},  {"0ns", 0ns}, {"7ns", 7ns}, {"7us", 7us},
      {"7ms", 7ms}, {"7s", 7s},   {"3600s", 1h}};
  for (const auto& [text, value] : durations) {
    const reading result = read({std::string("HEDDLE_SLOW_SLICE=") + text});
    EXPECT_EQ(result.error, "");
    EXPECT_EQ(result.settings->slow_slice, value) << text;
  }
  const std::pair<const char*, std::size_t> sizes[] = {
      {"16384", 1 << 14}, {"16K", 1 << 14}, {"00016K", 1 << 14}, {"3M", 3 << 20}, {"1G", 1 << 30}};
  for (const auto& [text, value] : sizes) {
    const reading result = read({std::string("HEDDLE_STACK_BYTES=") + text});
    EXPECT_EQ(result.error, "");
    EXPECT_EQ(result.settings->stack_bytes, value) << text;
  }
  for (const auto& [text, value] : {std::pair{"0", false}, std::pair{"off", false},
                                    std::pair{"1", true}, std::pair{"on", true}}) {
    EXPECT_EQ(read({std::string("HEDDLE_DEBUG=") + text}).settings->debug, value) << text;
  }
}

TEST(config_env, a_bad_value_is_an_error_that_names_the_variable_and_the_text) {
  for (const bad_entry& bad : bad_entries) {
    const reading result = read({bad.name + "=" + bad.value});
    EXPECT_EQ(result.error, bad.name + "=\"" + bad.value + "\"" + bad.requirement);
  }
}

TEST(config_env, an_empty_value_is_an_error_for_every_setting) {
  for (const auto& row : heddle::detail::all_settings()) {
    const std::string variable(row.variable);
    const std::string start = variable + " is set but empty: must be ";
    EXPECT_EQ(read({variable + "="}).error.substr(0, start.size()), start);
  }
}

TEST(config_env, a_long_or_wild_value_is_shown_cut_and_on_one_line) {
  const std::string error = read({"HEDDLE_LOOPS=\x1b[31m\n" + std::string(100'000, '9')}).error;
  EXPECT_LT(error.size(), 200u);
  EXPECT_EQ(error.find_first_of("\x1b\n"), std::string::npos) << error;
}

TEST(config_env, numbers_do_not_depend_on_the_locale) {
  struct grouped : std::numpunct<char> {
    char do_thousands_sep() const override { return '.'; }
    std::string do_grouping() const override { return "\1"; }
  };
  const std::locale before = std::locale::global(std::locale(std::locale::classic(), new grouped));
  const reading good = read({"HEDDLE_TRACE_EVENTS=1024"});
  const reading bad = read({"HEDDLE_LOOPS=1.2"});
  const std::string text = printed(config{});
  std::locale::global(before);
  EXPECT_EQ(good.settings.value().trace_events, 1024u);
  EXPECT_EQ(bad.error, "HEDDLE_LOOPS=\"1.2\"" + count_to_1024);
  EXPECT_NE(text.find("max_mprotect_guards = 30000 stacks"), std::string::npos) << text;
}

TEST(config_env, an_unknown_name_is_one_warning_with_the_nearest_known_one) {
  const std::pair<const char*, const char*> names[] = {
      {"HEDDLE_LOOP", "HEDDLE_LOOPS"},
      {"HEDDLE_LOPOS", "HEDDLE_LOOPS"},
      {"HEDDLE_STACKBYTES", "HEDDLE_STACK_BYTES"},
      {"HEDDLE_SLOWSLICE", "HEDDLE_SLOW_SLICE"},
      {"HEDDLE_BLOCKING_THREADS", "HEDDLE_MAX_BLOCKING_THREADS"},
      {"HEDDLE_SEEDS", "HEDDLE_SEED"},
      {"HEDDLE_SPIN2", "HEDDLE_SPIN"},
  };
  for (const auto& [name, nearest] : names) {
    const reading result = read({std::string(name) + "=1"});
    EXPECT_TRUE(result.settings.has_value()) << result.error;
    EXPECT_EQ(result.warnings, std::string("heddle: ignoring ") + name +
                                   " in the environment: no such setting; the nearest is " +
                                   nearest + "\n");
  }
}

TEST(config_env, names_of_others_are_let_pass) {
  const reading result =
      read({"HEDDLE_SEED=x", "HEDDLE_TEST_=", "HEDDLE_TEST_DEADLINE=?", "HEDDLES=1",
            "heddle_loops=x", "XHEDDLE_LOOPS=x", "HEDDLE_LOOPS", "", "=", "=HEDDLE_LOOPS=x"});
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.warnings, "");
  EXPECT_EQ(printed(result.settings.value()), printed(config{}));
}

TEST(config_env, a_warning_about_a_wild_name_is_one_short_line) {
  const std::string warnings = read({"HEDDLE_\n\x1b" + std::string(100'000, 'A') + "=1"}).warnings;
  EXPECT_LT(warnings.size(), 250u);
  EXPECT_EQ(warnings.find('\n'), warnings.size() - 1);
}

TEST(config_env, the_first_of_two_entries_with_one_name_counts) {
  const reading result = read({"HEDDLE_LOOPS=1", "HEDDLE_LOOPS=broken"});
  EXPECT_EQ(result.error, "");
  EXPECT_EQ(result.settings.value().loops, 1u);
}

TEST(config_env, from_env_reads_the_environment_of_the_process) {
  const scoped_variable loops("HEDDLE_LOOPS", "9");
  EXPECT_EQ(config::from_env().loops, 9u);
  {
    const scoped_variable worse("HEDDLE_LOOPS", "worse");
    EXPECT_THROW(config::from_env(), std::invalid_argument);
  }
  EXPECT_EQ(config::from_env().loops, 9u);
}

TEST(config_env, from_env_warns_on_stderr_at_every_call) {
  const scoped_variable injected("HEDDLE_SERVICE_HOST", "10.0.0.1");
  for (int call = 0; call < 2; ++call) {
    testing::internal::CaptureStderr();
    config::from_env();
    const std::string text = testing::internal::GetCapturedStderr();
    EXPECT_NE(text.find("heddle: ignoring HEDDLE_SERVICE_HOST in the environment"),
              std::string::npos)
        << text;
  }
}
