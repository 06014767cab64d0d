// SPDX-License-Identifier: MIT
// Tests of GoogleTest whose body is a fiber. Each gets a runtime of its own, in whose first fiber
// the fixture is constructed, set up, tested, torn down and destroyed; SetUpTestSuite and
// environments stay on the plain thread.
// A test fails, with a list of fibers, if it leaves a fiber or a descriptor behind, if an error of
// a task reaches nobody, or if it has not ended by its deadline. Then it is cancelled. If it, or a
// fiber that it left behind, has not ended 1 to 5 seconds later, the process is aborted.
// Environment: HEDDLE_TEST_TIMEOUT (10s; default 60s; 0s: none), HEDDLE_TEST_LOOPS (default:
// HEDDLE_LOOPS, or else 2), and what config::from_env() reads. A bad value fails the test.
// Invariants: (1) the first fiber is pinned: what GoogleTest keeps for each thread, SCOPED_TRACE
// and EXPECT_FATAL_FAILURE for instance, works there across suspension points; in a fiber that may
// migrate such a scope must not suspend; (2) death tests are "threadsafe": the process has threads.
// Uses GoogleTest's own registration, as its macros do: version 1.12 or newer.
#pragma once

#include <heddle/runtime/config.hpp>
#include <heddle/runtime/error.hpp>

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <memory>
#include <type_traits>
#include <utility>

namespace heddle::testing {

/// Runs `body()` as HEDDLE_TEST does, in a test that is no fiber: TYPED_TEST, for instance. Errors:
/// what leaves `body`; std::logic_error in a fiber.
void run_as_test(const std::function<void()>& body, spawn_site where = spawn_site::current());

namespace detail {

using test_factory = ::testing::internal::TestFactoryBase;

/// Where a test comes from, what it wants of its runtime, and how its body is called.
struct test_origin {
  spawn_site where;
  void (*configure)(config& settings) = nullptr;
  void (*call)(::testing::Test& made) = nullptr;
};

/// What GoogleTest runs in the place of the user's test, which it makes in a fiber.
class launcher : public ::testing::Test {
 public:
  /// `real` outlives it.
  launcher(test_factory& real, const test_origin& from) : real_(real), from_(from) {}
  void TestBody() override;

 private:
  test_factory& real_;
  const test_origin& from_;
};

class launcher_factory : public test_factory {
 public:
  launcher_factory(std::unique_ptr<test_factory> real, test_origin from)
      : real_(std::move(real)), from_(from) {}
  ::testing::Test* CreateTest() override { return new launcher(*real_, from_); }

 private:
  std::unique_ptr<test_factory> real_;
  test_origin from_;
};

/// Calls Fixture::configure_runtime if there is one. Derived, so that it may be protected.
template <class Fixture>
struct configurer : Fixture {
  static void configure(config& settings) {
    if constexpr (requires { Fixture::configure_runtime(settings); }) {
      Fixture::configure_runtime(settings);
    }
  }
};

template <class Test, class Fixture>
test_origin origin_of(const char* file, int line) {
  return {{file, static_cast<std::uint32_t>(line)},
          &configurer<Fixture>::configure,
          [](::testing::Test& made) { static_cast<Test&>(made).TestBody(); }};
}

template <class Test, class Fixture>
bool register_test(const char* suite, const char* name, const char* file, int line) {
  namespace internal = ::testing::internal;
  using hooks = internal::SuiteApiResolver<Fixture>;
  internal::TypeId fixture_id = internal::GetTypeId<Fixture>();
  if constexpr (std::is_same_v<Fixture, ::testing::Test>) fixture_id = internal::GetTestTypeId();
  internal::MakeAndRegisterTestInfo(
      suite, name, nullptr, nullptr, internal::CodeLocation(file, line), fixture_id,
      hooks::GetSetUpCaseOrSuite(file, line), hooks::GetTearDownCaseOrSuite(file, line),
      new launcher_factory(std::make_unique<internal::TestFactoryImpl<Test>>(),
                           origin_of<Test, Fixture>(file, line)));
  return true;
}

/// Makes the factories of a parameterised test, one for each value.
template <class Test>
class launcher_factories
    : public ::testing::internal::TestMetaFactoryBase<typename Test::ParamType> {
 public:
  explicit launcher_factories(test_origin from) : from_(from) {}
  test_factory* CreateTestFactory(typename Test::ParamType value) override {
    using real = ::testing::internal::ParameterizedTestFactory<Test>;
    return new launcher_factory(std::make_unique<real>(std::move(value)), from_);
  }

 private:
  test_origin from_;
};

template <class Test, class Fixture>
bool register_parameterised_test(const char* suite, const char* name, const char* file, int line) {
  const ::testing::internal::CodeLocation place(file, line);
  ::testing::UnitTest::GetInstance()
      ->parameterized_test_registry()
      .template GetTestSuitePatternHolder<Fixture>(suite, place)
      ->AddTestPattern(suite, name,
                       new launcher_factories<Test>(origin_of<Test, Fixture>(file, line)), place);
  return true;
}

}  // namespace detail

}  // namespace heddle::testing

/// TEST, with a fiber as its body.
#define HEDDLE_TEST(suite, name) HEDDLE_TEST_CLASS(suite, name, ::testing::Test, register_test)

/// TEST_F, with a fiber as its body. A fixture with a public or protected
/// `static void configure_runtime(heddle::config&)` has that change the settings; if it sets
/// on_unhandled, errors that reach nobody are its own affair.
#define HEDDLE_TEST_F(fixture, name) HEDDLE_TEST_CLASS(fixture, name, fixture, register_test)

/// TEST_P, with a fiber as its body; instantiated by INSTANTIATE_TEST_SUITE_P. The fixture may have
/// configure_runtime, as for HEDDLE_TEST_F.
#define HEDDLE_TEST_P(fixture, name) \
  HEDDLE_TEST_CLASS(fixture, name, fixture, register_parameterised_test)

// The class has the name that GoogleTest gives it, so that FRIEND_TEST finds it.
#define HEDDLE_TEST_CLASS(suite, name, fixture, registers)                                      \
  class suite##_##name##_Test : public fixture { /* NOLINT(bugprone-macro-parentheses) */       \
   public:                                                                                      \
    void TestBody() override;                                                                   \
                                                                                                \
   private:                                                                                     \
    [[maybe_unused]] static const bool heddle_registered_;                                      \
  };                                                                                            \
  const bool suite##_##name##_Test::heddle_registered_ =                                        \
      ::heddle::testing::detail::registers<suite##_##name##_Test, fixture>(#suite, #name,       \
                                                                           __FILE__, __LINE__); \
  void suite##_##name##_Test::TestBody()
