// SPDX-License-Identifier: MIT
// HTTP/1.1 over a heddle stream, both ends, just enough for the demo: GET, small pages, keep-alive.
// Boost.Beast reads and writes the messages; it appears in http.cpp only.
// Invariant: what a stranger sends is bounded: 8 KiB of header, 64 KiB of body.
#pragma once

#include <heddle/io/endpoint.hpp>
#include <heddle/io/tcp.hpp>

#include <functional>
#include <memory>
#include <string>
#include <string_view>

namespace lab {

struct page {
  unsigned status = 200;
  std::string body;
};

/// Makes the page for a target such as "/slow". Called in the connection's fiber; it may wait.
using page_maker = std::function<page(std::string_view target)>;

/// Answers one request after another until the client ends the connection or asks for its end.
/// Errors: std::exception of the stream or of HTTP; a malformed request gets a 400 first.
/// Suspends: yes.
void answer_requests(heddle::io::tcp_stream& client, const page_maker& make);

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
