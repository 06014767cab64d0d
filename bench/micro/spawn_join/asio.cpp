// SPDX-License-Identifier: MIT
// P2 by Boost.Asio: one C++20 coroutine spawned on the io_context, and waited for.
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/this_coro.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "harness/micro.hpp"

namespace {

namespace asio = boost::asio;

asio::awaitable<void> count(std::int64_t& ran) {
  ++ran;
  co_return;
}

asio::awaitable<void> measured(benchmark::State& state) {
  const auto loop = co_await asio::this_coro::executor;
  std::int64_t ran = 0;
  for (auto _ : state) co_await asio::co_spawn(loop, count(ran), asio::use_awaitable);
  bench::processed(state, ran);
}

void spawn_join(benchmark::State& state) {
  asio::io_context loop(1);
  asio::co_spawn(loop, measured(state), asio::detached);
  loop.run();
}
BENCHMARK(spawn_join);

}  // namespace
