// SPDX-License-Identifier: MIT
// Boost.Beast over heddle streams. Beast's blocking calls ask a stream for read_some and
// write_some; over a fiber's stream they park the fiber instead of the thread, and nothing else has
// to change.
#include "page_client.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/error.hpp>
#include <boost/beast/core/flat_buffer.hpp>
#include <boost/beast/http.hpp>

#include <array>
#include <cstddef>
#include <span>
#include <system_error>
#include <utility>

namespace lab {
namespace {

namespace net = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

constexpr std::size_t max_header_bytes = 8 * 1024;
constexpr std::size_t max_body_bytes = 64 * 1024;

/// A heddle stream as Beast's SyncStream. Borrows the stream.
class beast_stream {
 public:
  explicit beast_stream(heddle::io::tcp_stream& over) : over_(over) {}

  template <class Buffers>
  std::size_t read_some(const Buffers& into, beast::error_code& error) {
    error = {};
    for (auto at = net::buffer_sequence_begin(into); at != net::buffer_sequence_end(into); ++at) {
      const net::mutable_buffer one(*at);
      if (one.size() == 0) continue;
      std::error_code why;
      const std::size_t got =
          over_.read_some({static_cast<std::byte*>(one.data()), one.size()}, why);
      if (why) {
        error = why;
      } else if (got == 0) {
        error = net::error::eof;
      }
      return got;
    }
    return 0;
  }

  /// Gathers header and body first: two small buffers would be two system calls and two packets.
  template <class Buffers>
  std::size_t write_some(const Buffers& from, beast::error_code& error) {
    std::array<std::byte, 4096> flat;
    const std::size_t size = net::buffer_copy(net::buffer(flat.data(), flat.size()), from);
    std::error_code why;
    const std::size_t sent = over_.write_some(std::span(flat).first(size), why);
    error = why;
    return sent;
  }

  template <class Buffers>
  std::size_t read_some(const Buffers& into) {
    beast::error_code error;
    const std::size_t got = read_some(into, error);
    if (error) throw beast::system_error(error);
    return got;
  }

  template <class Buffers>
  std::size_t write_some(const Buffers& from) {
    beast::error_code error;
    const std::size_t sent = write_some(from, error);
    if (error) throw beast::system_error(error);
    return sent;
  }

 private:
  heddle::io::tcp_stream& over_;
};

static_assert(beast::is_sync_stream<beast_stream>::value);

}  // namespace

struct page_client::connection {
  heddle::io::tcp_stream stream;
  std::string host;
  beast::flat_buffer buffer{max_header_bytes + max_body_bytes};
};

page_client::page_client(const heddle::io::endpoint& server)
    : connection_(new connection{.stream = heddle::io::tcp_stream::connect(server),
                                 .host = server.to_string()}) {}
page_client::page_client(page_client&&) noexcept = default;
page_client& page_client::operator=(page_client&&) noexcept = default;
page_client::~page_client() = default;

page page_client::get(std::string_view target) {
  beast_stream stream(connection_->stream);
  http::request<http::empty_body> request(http::verb::get, {target.data(), target.size()}, 11);
  request.set(http::field::host, connection_->host);
  http::write(stream, request);
  http::response_parser<http::string_body> parser;
  parser.header_limit(max_header_bytes);
  parser.body_limit(max_body_bytes);
  http::read(stream, connection_->buffer, parser);
  return {parser.get().result_int(), std::move(parser.get().body())};
}

}  // namespace lab
