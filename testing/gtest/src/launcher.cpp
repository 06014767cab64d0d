// SPDX-License-Identifier: MIT
// Does in a fiber what GoogleTest does with a test on its thread: makes the fixture, calls its
// three functions, of which the later two depend on the earlier ones, and tells apart in which of
// them an exception was thrown.
#include <heddle/gtest/test.hpp>

#include <heddle/runtime/cancelled.hpp>

#include "test_run.hpp"

#include <exception>
#include <memory>
#include <string>

namespace heddle::testing {

namespace detail {

namespace {

/// Calls what a fixture keeps to itself, however it has declared it.
class opened : ::testing::Test {
 public:
  static void set_up(::testing::Test& one) { (one.*(&opened::SetUp))(); }
  static void tear_down(::testing::Test& one) { (one.*(&opened::TearDown))(); }
};

void fail_fatally(spawn_site where, const std::string& what) {
  GTEST_FAIL_AT(where.file, static_cast<int>(where.line)) << what;
}

bool may_go_on() { return !::testing::Test::HasFatalFailure() && !::testing::Test::IsSkipped(); }

/// Calls `part`; an exception that leaves it is a failure in `name`.
template <class F>
void guarded(spawn_site where, const std::string& name, F&& part) {
  if (!GTEST_FLAG_GET(catch_exceptions)) return part();
  try {
    part();
  } catch (const cancelled&) {
    throw;
  } catch (const ::testing::AssertionException&) {  // its failure is known
  } catch (const ::testing::internal::GoogleTestFailureException&) {
    throw;  // meant for another framework
  } catch (const std::exception& error) {
    fail_fatally(where, "C++ exception with description \"" + std::string(error.what()) +
                            "\" thrown in " + name + ".");
  } catch (...) {
    fail_fatally(where, "Unknown C++ exception thrown in " + name + ".");
  }
}

void live(test_factory& real, const test_origin& from, cancel_scope& scope) {
  const spawn_site where = from.where;
  const std::unique_ptr<::testing::Test> one(real.CreateTest());
  if (!may_go_on()) return;
  scope.run([&] {
    guarded(where, "SetUp()", [&] { opened::set_up(*one); });
    if (!may_go_on()) return;
    guarded(where, "the test body", [&] { from.call(*one); });
  });
  guarded(where, "TearDown()", [&] { opened::tear_down(*one); });
}

}  // namespace

void launcher::TestBody() {
  run_test([this](cancel_scope& scope) { live(real_, from_, scope); }, from_);
}

}  // namespace detail

void run_as_test(const std::function<void()>& body, spawn_site where) {
  detail::run_test([&body](cancel_scope& scope) { scope.run(body); }, {.where = where});
}

}  // namespace heddle::testing
