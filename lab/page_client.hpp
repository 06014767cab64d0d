// SPDX-License-Identifier: MIT
// The demo's client: GET over a connection that is kept, nothing else, so that it takes as little
// of the machine as it can. Boost.Beast reads and writes the messages; it appears in
// page_client.cpp only. Invariant: what a stranger sends is bounded: 8 KiB of header, 64 KiB of
// body.
#pragma once

#include <heddle/io/endpoint.hpp>
#include <heddle/io/tcp.hpp>

#include <memory>
#include <string>
#include <string_view>

namespace lab {

struct page {
  unsigned status = 200;
  std::string body;
};

/// A connection that fetches pages, one at a time.
class page_client {
 public:
  /// Connects. Errors: io_error. Suspends: yes.
  explicit page_client(const heddle::io::endpoint& server);
  page_client(page_client&&) noexcept;
  page_client& operator=(page_client&&) noexcept;
  ~page_client();

  /// Fetches one page and keeps the connection. Errors: std::exception. Suspends: yes.
  page get(std::string_view target);

 private:
  struct connection;
  std::unique_ptr<connection> connection_;
};

}  // namespace lab
