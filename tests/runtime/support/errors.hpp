// SPDX-License-Identifier: MIT
// What a call that fails has thrown: its message, or its code.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <system_error>
#include <typeinfo>

namespace heddle::test {

/// Returns what `call` says when it throws exactly an Error.
template <class Error, class Call>
std::string message_of(Call call) {
  try {
    call();
  } catch (const Error& error) {
    return typeid(error) == typeid(Error) ? error.what() : "a class derived from the expected one";
  }
  return "nothing was thrown";
}

/// Returns the code of the std::system_error that `call` throws, whose message must name `whose`.
template <class Call>
std::error_code code_of(const char* whose, Call call) {
  try {
    call();
  } catch (const std::system_error& error) {
    EXPECT_THAT(error.what(), ::testing::HasSubstr(whose));
    return error.code();
  }
  return {};
}

}  // namespace heddle::test
