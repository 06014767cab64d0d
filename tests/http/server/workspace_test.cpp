// SPDX-License-Identifier: MIT
// What a thread keeps between requests: the last one given back, unless it has become large.
#include "server/workspace.hpp"

#include <gtest/gtest.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <utility>
#include <vector>

namespace heddle::http::detail {
namespace {

constexpr std::size_t large = 64 * 1024;

TEST(http_workspace, that_was_given_back_is_taken_again) {
  std::unique_ptr<workspace> one = workspace::take();
  const workspace* const same = one.get();
  workspace::give(std::move(one));
  EXPECT_EQ(workspace::take().get(), same);
}

TEST(http_workspace, that_has_become_large_is_not_kept) {
  const std::vector<std::function<void(workspace&)>> ways = {
      [](workspace& one) {
        while (one.input.capacity() < large) one.input.came(one.input.room().size());
        one.input.clear();
      },
      [](workspace& one) { one.output.reserve(large); },
      [](workspace& one) { one.request.head.fields.reserve(1000); },
      [](workspace& one) { one.request.query.reserve(1000); },
      [](workspace& one) { one.request.params.reserve(1000); },
      [](workspace& one) { one.request.body_storage.reserve(large); },
  };
  for (std::size_t way = 0; way < ways.size(); ++way) {
    // The next one is there before, so that no new one can have the memory of the large one.
    std::unique_ptr<workspace> next = workspace::take();
    std::unique_ptr<workspace> grows = workspace::take();
    const workspace* const kept = next.get();
    ways[way](*grows);
    workspace::give(std::move(next));
    workspace::give(std::move(grows));
    EXPECT_EQ(workspace::take().get(), kept) << "way " << way;
  }
}

}  // namespace
}  // namespace heddle::http::detail
