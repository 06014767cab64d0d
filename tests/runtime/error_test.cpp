// SPDX-License-Identifier: MIT
// The texts of ids, places and errors.
#include <heddle/runtime/error.hpp>

#include <gtest/gtest.h>

#include <iomanip>
#include <ios>
#include <sstream>

using heddle::fiber_id;
using heddle::spawn_site;
using heddle::unhandled_error;

namespace app {

struct not_a_std_exception {};

}  // namespace app

namespace {

template <class T>
std::string printed(T value) {
  std::ostringstream out;
  out << std::hex << std::showbase << value;
  return out.str();
}

std::string described(std::exception_ptr error) {
  return unhandled_error{fiber_id{17}, "fetch", {"main.cpp", 12}, std::move(error)}.describe();
}

struct misprinted : std::exception {
  const char* what() const noexcept override { return "first\nsecond\x1b[2J"; }
};

}  // namespace

TEST(error, an_id_is_printed_the_same_whatever_the_stream_is_set_to) {
  EXPECT_EQ(printed(fiber_id{255}), "#255");
  EXPECT_EQ(printed(fiber_id{~std::uint64_t{0}}), "#18446744073709551615");
  EXPECT_EQ(printed(fiber_id::none), "none");
  std::ostringstream out;
  out << std::setw(6) << fiber_id{7} << '|';
  EXPECT_EQ(out.str(), "    #7|");
}

TEST(error, a_place_is_printed_as_editors_take_it) {
  EXPECT_EQ(printed(spawn_site{"dir/main.cpp", 120}), "dir/main.cpp:120");
  EXPECT_EQ(printed(spawn_site{}), "an unknown place");
  EXPECT_EQ(printed(spawn_site{nullptr, 1}), "an unknown place");
}

TEST(error, a_spawn_site_is_the_line_that_asks) {
  const spawn_site here = spawn_site::current();
  EXPECT_EQ(here.line, static_cast<unsigned>(__LINE__ - 1));
  EXPECT_STREQ(here.file, __FILE__);
}

TEST(error, a_standard_exception_is_described_by_what_it_says) {
  EXPECT_EQ(described(std::make_exception_ptr(std::runtime_error("connection refused"))),
            "fiber #17 \"fetch\", spawned at main.cpp:12: connection refused");
  EXPECT_EQ(described(std::make_exception_ptr(heddle::shut_down("stopped"))),
            "fiber #17 \"fetch\", spawned at main.cpp:12: stopped");
}

TEST(error, another_exception_is_described_by_its_type) {
  EXPECT_EQ(
      described(std::make_exception_ptr(app::not_a_std_exception{})),
      "fiber #17 \"fetch\", spawned at main.cpp:12: exception of type app::not_a_std_exception");
  EXPECT_EQ(described(std::make_exception_ptr(42)),
            "fiber #17 \"fetch\", spawned at main.cpp:12: exception of type int");
}

TEST(error, a_description_is_one_line) {
  EXPECT_EQ(described(std::make_exception_ptr(misprinted())),
            "fiber #17 \"fetch\", spawned at main.cpp:12: first second [2J");
}

TEST(error, an_empty_report_can_be_described) {
  EXPECT_EQ(unhandled_error{}.describe(), "fiber none, spawned at an unknown place: no exception");
}

TEST(error, describing_leaves_the_exceptions_in_flight_alone) {
  try {
    throw std::runtime_error("outer");
  } catch (...) {
    described(std::make_exception_ptr(1));
    try {
      throw;
    } catch (const std::runtime_error& still) {
      EXPECT_STREQ(still.what(), "outer");
    }
  }
  EXPECT_EQ(std::uncaught_exceptions(), 0);
}
