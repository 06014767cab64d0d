// SPDX-License-Identifier: MIT
// P1 by Boost.Asio: two C++20 coroutines of one io_context post themselves behind each other.
#include <boost/asio/awaitable.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "harness/micro.hpp"

namespace {

namespace asio = boost::asio;

asio::awaitable<void> take_turns(const bool& stop, std::int64_t& turns) {
  while (!stop) {
    ++turns;
    co_await asio::post(asio::use_awaitable);
  }
}

asio::awaitable<void> measured(benchmark::State& state, bool& stop, const std::int64_t& turns) {
  for (auto _ : state) co_await asio::post(asio::use_awaitable);
  bench::took_turns(state, turns);
  stop = true;
}

void one_switch(benchmark::State& state) {
  asio::io_context loop(1);
  std::int64_t turns = 0;
  bool stop = false;
  asio::co_spawn(loop, take_turns(stop, turns), asio::detached);
  asio::co_spawn(loop, measured(state, stop, turns), asio::detached);
  loop.run();
}
BENCHMARK(one_switch);

}  // namespace
