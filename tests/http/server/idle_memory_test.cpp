// SPDX-License-Identifier: MIT
// What a connection costs that has been served and waits for another request.
#include <heddle/http/server.hpp>

#include "http/support/served.hpp"
#include "runtime/support/sanitized.hpp"

#include <gtest/gtest.h>

#include <chrono>
#include <fstream>
#include <string>
#include <string_view>
#include <vector>

#include <unistd.h>

namespace heddle::http {
namespace {

using namespace std::chrono_literals;

/// Returns the memory of this process that is its own and resident.
std::size_t resident_bytes() {
  std::ifstream statm("/proc/self/statm");
  std::size_t size = 0;
  std::size_t resident = 0;
  std::size_t shared = 0;
  statm >> size >> resident >> shared;
  return (resident - shared) * static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
}

/// Connects, and has each connection answered once.
std::vector<io::tcp_stream> answered(const io::endpoint& at, std::size_t count) {
  std::vector<io::tcp_stream> clients;
  for (std::size_t i = 0; i < count; ++i) {
    clients.push_back(io::tcp_stream::connect(at));
    clients.back().write_all(test::bytes("GET /users/1234?a=b HTTP/1.1\r\nHost: h\r\n\r\n"));
    test::read_head(clients.back());
    test::read_exactly(clients.back(), 4);
  }
  return clients;
}

TEST(idle_memory, of_a_connection_that_waits_is_less_than_12_kib) {
  if (test::sanitized) GTEST_SKIP() << "a sanitizer has memory of its own";
  constexpr std::size_t count = 400;  // two descriptors each, of 1,024
  server serves;
  serves.get("/users/{id}",
             [](const request& asked) { return response::text(std::string(asked.param("id"))); });
  test::while_served(serves, [](const io::endpoint& at) {
    const auto warm = answered(at, 20);
    this_fiber::sleep_for(1500ms);
    const std::size_t before = resident_bytes();
    const auto clients = answered(at, count);
    this_fiber::sleep_for(1500ms);  // the moment for which a connection keeps its memory
    const std::size_t each = (resident_bytes() - before) / count;
    RecordProperty("bytes", static_cast<int>(each));
    std::printf("a connection: %zu bytes, with its client's end\n", each);
    EXPECT_LT(each, 12 * 1024U);
  });
}

}  // namespace
}  // namespace heddle::http
