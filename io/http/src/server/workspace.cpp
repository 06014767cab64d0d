// SPDX-License-Identifier: MIT
// A stack of them for each thread. The calls are not inlined, so that a fiber that goes on on
// another thread finds that thread's.
#include "server/workspace.hpp"

#include <array>
#include <cstddef>
#include <utility>

namespace heddle::http::detail {

namespace {

constexpr std::size_t large = 16 * 1024;

struct kept {
  std::array<std::unique_ptr<workspace>, 16> stack;
  std::size_t count = 0;
};
thread_local constinit kept ours{};

bool is_large(const workspace& one) noexcept {
  return one.input.capacity() > large || one.output.capacity() > large || one.request.is_large();
}

}  // namespace

[[gnu::noinline]] std::unique_ptr<workspace> workspace::take() {
  if (ours.count == 0) return std::make_unique<workspace>();
  return std::move(ours.stack[--ours.count]);
}

[[gnu::noinline]] void workspace::give(std::unique_ptr<workspace> back) noexcept {
  if (ours.count == ours.stack.size() || is_large(*back)) return;
  ours.stack[ours.count++] = std::move(back);
}

}  // namespace heddle::http::detail
