// SPDX-License-Identifier: MIT
// Runs tests of failing.cpp in a process of their own.
#pragma once

#include <array>
#include <cstdio>
#include <cstdlib>
#include <string>

#include <sys/wait.h>

namespace heddle::test {

struct test_outcome {
  int status = 0;      // as waitpid has it
  std::string output;  // of both streams

  bool passed() const { return WIFEXITED(status) && WEXITSTATUS(status) == 0; }
  bool failed() const { return WIFEXITED(status) && WEXITSTATUS(status) == 1; }
  bool aborted() const { return !WIFEXITED(status) || WEXITSTATUS(status) > 1; }
  bool says(const std::string& text) const { return output.find(text) != std::string::npos; }
};

/// `environment`: "HEDDLE_TEST_TIMEOUT=1s" and so on, for a shell.
inline test_outcome run_failing_tests(const std::string& filter,
                                      const std::string& environment = {}) {
  const std::string command = "ulimit -c 0; env -u HEDDLE_SEED " + environment +
                              " '" HEDDLE_FAILING_TESTS "' --gtest_filter='" + filter + "' 2>&1";
  test_outcome result;
  std::FILE* const output = ::popen(command.c_str(), "re");
  if (output == nullptr) std::abort();
  std::array<char, 4096> piece{};
  for (std::size_t got = 0; (got = std::fread(piece.data(), 1, piece.size(), output)) > 0;) {
    result.output.append(piece.data(), got);
  }
  result.status = ::pclose(output);
  return result;
}

}  // namespace heddle::test
