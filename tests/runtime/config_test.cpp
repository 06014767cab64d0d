// SPDX-License-Identifier: MIT
// Ranges, choices, printing and documentation of a config. What the environment does to one:
// config_env_test.cpp.
#include <heddle/runtime/config.hpp>

#include "base/cpu_count.hpp"
#include "config_table.hpp"

#include <gtest/gtest.h>

#include <cctype>
#include <filesystem>
#include <fstream>
#include <functional>
#include <limits>
#include <map>
#include <set>
#include <sstream>
#include <stdexcept>

using heddle::config;
using namespace std::chrono_literals;

namespace {

std::string error_of(const config& settings) {
  try {
    settings.validate();
  } catch (const std::invalid_argument& error) {
    return error.what();
  }
  return "valid";
}

std::string printed(const config& settings) {
  std::ostringstream out;
  out << settings;
  return out.str();
}

// The lines of the guide's table, by the field they are about.
std::map<std::string, std::string> guide_rows() {
  const auto root = std::filesystem::path(HEDDLE_TEST_TREE);
  std::ifstream guide(root / "docs/guides/configuration.md");
  std::map<std::string, std::string> rows;
  for (std::string line; std::getline(guide, line);) {
    if (line.starts_with("| `")) rows.emplace(line.substr(3, line.find('`', 3) - 3), line);
  }
  return rows;
}

struct bad_value {
  std::function<void(config&)> set;
  std::string message;
};

// Every bound of every field that has one, from outside.
const bad_value bad_values[] = {
    {[](config& c) { c.loops = 1025; }, "config::loops = 1025: must be in 0..1024"},
    {[](config& c) { c.loops = std::numeric_limits<unsigned>::max(); },
     "config::loops = 4294967295: must be in 0..1024"},
    {[](config& c) { c.cpu_threads = 1025; }, "config::cpu_threads = 1025: must be in 0..1024"},
    {[](config& c) { c.max_blocking_threads = 0; },
     "config::max_blocking_threads = 0: must be in 1..65536"},
    {[](config& c) { c.max_blocking_threads = 65537; },
     "config::max_blocking_threads = 65537: must be in 1..65536"},
    {[](config& c) { c.blocking_keep_alive = -1ns; },
     "config::blocking_keep_alive = -1ns: must be in 0s..3600s"},
    {[](config& c) { c.blocking_keep_alive = 1h + 1ns; },
     "config::blocking_keep_alive = 3600000000001ns: must be in 0s..3600s"},
    {[](config& c) { c.pool_stack_bytes = 16 * 1024 - 1; },
     "config::pool_stack_bytes = 16383: must be in 16K..1G"},
    {[](config& c) { c.pool_stack_bytes = (std::size_t{1} << 30) + 1; },
     "config::pool_stack_bytes = 1073741825: must be in 16K..1G"},
    {[](config& c) { c.stack_bytes = 0; }, "config::stack_bytes = 0: must be in 16K..1G"},
    {[](config& c) { c.stack_bytes = 16 * 1024 - 1; },
     "config::stack_bytes = 16383: must be in 16K..1G"},
    {[](config& c) { c.stack_bytes = (std::size_t{1} << 30) + 1; },
     "config::stack_bytes = 1073741825: must be in 16K..1G"},
    {[](config& c) { c.stack_bytes = std::numeric_limits<std::size_t>::max(); },
     "config::stack_bytes = 18446744073709551615: must be in 16K..1G"},
    {[](config& c) { c.slow_slice = -1ns; }, "config::slow_slice = -1ns: must be in 0s..3600s"},
    {[](config& c) { c.slow_slice = 1h + 1ns; },
     "config::slow_slice = 3600000000001ns: must be in 0s..3600s"},
    {[](config& c) { c.slow_slice = std::chrono::nanoseconds::min(); },
     "config::slow_slice = -9223372036854775808ns: must be in 0s..3600s"},
    {[](config& c) { c.spin = -1ms; }, "config::spin = -1ms: must be in 0s..10ms"},
    {[](config& c) { c.spin = 11ms; }, "config::spin = 11ms: must be in 0s..10ms"},
    {[](config& c) { c.trace_events = (1u << 24) + 1; },
     "config::trace_events = 16777217: must be in 0..16777216"},
    {[](config& c) { c.max_mprotect_guards = 1'000'001; },
     "config::max_mprotect_guards = 1000001: must be in 0..1000000"},
    {[](config& c) { c.name = std::string(65, 'x'); },
     "config::name = " + std::string(65, 'x') + ": must be in 0..64 bytes of text"},
};

const std::function<void(config&)> good_extremes[] = {
    [](config& c) { c.loops = 1024; },
    [](config& c) { c.cpu_threads = 1024; },
    [](config& c) { c.max_blocking_threads = 1; },
    [](config& c) { c.max_blocking_threads = 65536; },
    [](config& c) { c.blocking_keep_alive = 0ns; },
    [](config& c) { c.blocking_keep_alive = 1h; },
    [](config& c) { c.pool_stack_bytes = 16 * 1024; },
    [](config& c) { c.pool_stack_bytes = std::size_t{1} << 30; },
    [](config& c) { c.stack_bytes = 16 * 1024; },
    [](config& c) { c.stack_bytes = std::size_t{1} << 30; },
    [](config& c) { c.slow_slice = 0ns; },
    [](config& c) { c.slow_slice = 1h; },
    [](config& c) { c.spin = 0ns; },
    [](config& c) { c.spin = 10ms; },
    [](config& c) { c.trace_events = 1u << 24; },
    [](config& c) { c.max_mprotect_guards = 0; },
    [](config& c) { c.max_mprotect_guards = 1'000'000; },
    [](config& c) { c.name.clear(); },
    [](config& c) { c.name = std::string(64, 'x'); },
};

}  // namespace

TEST(config, the_defaults_are_valid) { EXPECT_EQ(error_of(config{}), "valid"); }

TEST(config, a_value_out_of_range_is_named_with_its_value_and_its_range) {
  for (const bad_value& bad : bad_values) {
    config settings;
    bad.set(settings);
    EXPECT_EQ(error_of(settings), bad.message);
    EXPECT_THROW(settings.effective(), std::invalid_argument) << bad.message;
  }
}

TEST(config, the_ends_of_every_range_belong_to_it) {
  for (const auto& set : good_extremes) {
    config settings;
    set(settings);
    EXPECT_EQ(error_of(settings), "valid");
  }
}

TEST(config, a_long_name_is_cut_in_the_message) {
  config settings;
  settings.name = std::string(100'000, 'x');
  EXPECT_LT(error_of(settings).size(), 200u);
}

TEST(config, the_table_has_each_field_once_and_its_variable_is_spelt_like_it) {
  std::set<std::string> names;
  for (const auto& row : heddle::detail::all_settings()) {
    EXPECT_TRUE(names.emplace(row.name).second) << row.name;
    std::string variable = "HEDDLE_";
    for (const char c : row.name) variable += static_cast<char>(std::toupper(c));
    EXPECT_EQ(row.variable, variable);
  }
  EXPECT_EQ(names.size(), 13u);
}

TEST(config, the_guide_tells_variable_default_and_range_of_each_setting) {
  const auto guide = guide_rows();
  const auto hooks_of_config = 2u;
  EXPECT_EQ(guide.size(), heddle::detail::all_settings().size() + hooks_of_config);
  for (const auto& row : heddle::detail::all_settings()) {
    ASSERT_TRUE(guide.contains(std::string(row.name))) << row.name;
    const std::string& line = guide.at(std::string(row.name));
    for (const std::string& part :
         {std::string(row.variable), text_of(row, config{}), range_of(row)}) {
      EXPECT_NE(line.find("`" + part + "`"), std::string::npos) << part << " in " << line;
    }
  }
}

TEST(config, zero_loops_and_threads_mean_the_cpus_this_process_may_use) {
  const config chosen = config{}.effective();
  EXPECT_EQ(chosen.loops, heddle::detail::usable_cpus());
  EXPECT_EQ(chosen.cpu_threads, heddle::detail::usable_cpus());

  config given;
  given.loops = 7;
  given.cpu_threads = 9;
  EXPECT_EQ(given.effective().loops, 7u);
  EXPECT_EQ(given.effective().cpu_threads, 9u);
}

TEST(config, sizes_are_rounded_up_to_powers_of_two) {
  config settings;
  settings.stack_bytes = 100'000;
  settings.trace_events = 1000;
  EXPECT_EQ(settings.effective().stack_bytes, 131'072u);
  EXPECT_EQ(settings.effective().trace_events, 1024u);

  settings.stack_bytes = 64 * 1024;
  settings.trace_events = 0;
  EXPECT_EQ(settings.effective().stack_bytes, 64u * 1024u);
  EXPECT_EQ(settings.effective().trace_events, 0u) << "0 means no ring";
}

TEST(config, the_effective_config_is_its_own_effective_config) {
  config settings;
  settings.stack_bytes = 16'385;
  settings.trace_events = (1u << 24) - 1;
  EXPECT_EQ(error_of(settings.effective()), "valid");
  EXPECT_EQ(printed(settings.effective()), printed(settings.effective().effective()));
}

TEST(config, hooks_survive_effective) {
  int calls = 0;
  config settings;
  settings.on_stall = [&](const heddle::stall_report&) { ++calls; };
  settings.effective().on_stall({});
  EXPECT_EQ(calls, 1);
}

TEST(config, prints_every_effective_value_on_a_line_with_its_unit) {
  config settings;
  settings.loops = 3;
  settings.cpu_threads = 2;
  settings.stack_bytes = 60'000;
  settings.debug = true;
  settings.on_stall = [](const heddle::stall_report&) {};
  EXPECT_EQ(printed(settings),
            "loops = 3 loops\n"
            "cpu_threads = 2 threads\n"
            "max_blocking_threads = 512 threads\n"
            "blocking_keep_alive = 10s\n"
            "pool_stack_bytes = 8M bytes\n"
            "pin_loops = off\n"
            "stack_bytes = 64K bytes\n"
            "slow_slice = 100ms\n"
            "spin = 50us\n"
            "debug = on\n"
            "trace_events = 0 records\n"
            "max_mprotect_guards = 30000 stacks\n"
            "name = heddle\n"
            "on_unhandled = default\n"
            "on_stall = set\n");
}

TEST(config, printing_a_bad_config_shows_the_bad_value_and_does_not_throw) {
  config settings;
  settings.stack_bytes = std::numeric_limits<std::size_t>::max();
  settings.trace_events = std::numeric_limits<std::size_t>::max();
  settings.name = "two\nlines";
  const std::string text = printed(settings);
  EXPECT_NE(text.find("stack_bytes = 18446744073709551615 bytes\n"), std::string::npos) << text;
  EXPECT_NE(text.find("name = two lines\n"), std::string::npos) << text;
}
