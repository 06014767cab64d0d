// SPDX-License-Identifier: MIT
// Addresses in words.
#include "debug/symbols.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <unistd.h>

namespace heddle::test {

/// Known to the dynamic linker: it is neither static nor in an unnamed namespace.
__attribute__((noinline)) int is_exported(int number) {
  asm volatile("" : "+r"(number));
  return number;
}

}  // namespace heddle::test

namespace heddle::detail {
namespace {

using ::testing::EndsWith;
using ::testing::MatchesRegex;
using ::testing::StartsWith;

__attribute__((noinline)) int is_not_exported(int number) {
  asm volatile("" : "+r"(number));
  return number + 1;
}

template <class Function>
const char* address_of(Function* of) {
  return reinterpret_cast<const char*>(of);
}

TEST(symbols, a_function_is_named_as_it_is_in_the_source) {
  EXPECT_THAT(describe_code(address_of(&test::is_exported), code_address::interrupted),
              MatchesRegex("heddle::test::is_exported\\(int\\)\\+0x0 "
                           "\\(.*heddle_runtime_tests\\+0x[0-9a-f]+\\)"));
  EXPECT_THAT(describe_code(address_of(&::getppid), code_address::interrupted),
              MatchesRegex("getppid\\+0x0 \\(.*libc.*\\+0x[0-9a-f]+\\)"));
}

TEST(symbols, where_a_call_returns_to_belongs_to_the_caller) {
  const char* const behind = address_of(&test::is_exported) + 1;
  EXPECT_THAT(describe_code(behind, code_address::returned_to),
              StartsWith("heddle::test::is_exported(int)+0x1 "));
}

TEST(symbols, a_function_that_is_not_exported_has_its_module_and_place) {
  EXPECT_THAT(describe_code(address_of(&is_not_exported), code_address::interrupted),
              MatchesRegex("[^ ]*heddle_runtime_tests\\+0x[0-9a-f]+"));
}

TEST(symbols, what_is_no_code_is_an_address) {
  EXPECT_EQ(describe_code(reinterpret_cast<const void*>(0x10), code_address::interrupted), "0x10");
}

}  // namespace
}  // namespace heddle::detail
