// SPDX-License-Identifier: MIT
// Who runs on a fiber, read by others at any time: one task's words, or nobody's.
#include "fiber/identity.hpp"

#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <string>
#include <thread>

namespace heddle::detail {
namespace {

TEST(fiber_identity, says_what_was_set) {
  fiber_identity who;
  EXPECT_EQ(who.read().id, fiber_id::none);
  who.set(fiber_id{7}, {"main.cpp", 12}, "fetch");
  const fiber_identity::copy copy = who.read();
  EXPECT_EQ(copy.id, fiber_id{7});
  EXPECT_STREQ(copy.site.file, "main.cpp");
  EXPECT_EQ(copy.site.line, 12U);
  EXPECT_STREQ(copy.name.data(), "fetch");
}

TEST(fiber_identity, a_task_without_a_name_does_not_inherit_one) {
  fiber_identity who;
  who.set(fiber_id{1}, {}, "first");
  who.set(fiber_id{2}, {}, {});
  EXPECT_STREQ(who.read().name.data(), "");
  who.set(fiber_id{3}, {}, "third");
  EXPECT_STREQ(who.read().name.data(), "third");
}

TEST(fiber_identity, a_long_name_is_cut) {
  fiber_identity who;
  who.set(fiber_id{1}, {}, std::string(100, 'x'));
  EXPECT_EQ(std::string(who.read().name.data()), std::string(fiber_identity::name_bytes, 'x'));
}

TEST(fiber_identity, a_reader_never_gets_a_mixture) {
  const std::array<std::string, 2> names{std::string(32, 'a'), std::string(32, 'b')};
  const std::array<const char*, 2> files{"a.cpp", "b.cpp"};
  fiber_identity who;
  std::atomic<bool> over{false};
  std::thread writer([&] {
    for (std::uint64_t n = 2; !over; ++n) {
      who.set(fiber_id{n}, {files[n % 2], static_cast<std::uint32_t>(n)}, names[n % 2]);
    }
  });
  int whole = 0;
  for (int reads = 0; reads < test::rounds(200'000) || whole == 0; ++reads) {
    const fiber_identity::copy copy = who.read();
    if (copy.id == fiber_id::none) continue;
    const auto number = static_cast<std::uint64_t>(copy.id);
    EXPECT_EQ(copy.site.line, static_cast<std::uint32_t>(number));
    EXPECT_EQ(copy.site.file, files[number % 2]);
    EXPECT_EQ(std::string(copy.name.data()), names[number % 2]);
    ++whole;
    if (testing::Test::HasFailure()) break;
  }
  over = true;
  writer.join();
}

}  // namespace
}  // namespace heddle::detail
