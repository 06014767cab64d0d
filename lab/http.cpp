// SPDX-License-Identifier: MIT
// Boost.Beast over heddle streams. Beast's blocking calls ask a stream for read_some and
// write_some; over a fiber's stream they park the fiber instead of the thread, and nothing else has
// to change.
#include "http.hpp"

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

using response = http::response<http::string_body>;

response respond(const http::request<http::string_body>& to, page made) {
  response answer(static_cast<http::status>(made.status), to.version());
  answer.set(http::field::server, "heddle-lab");
  answer.set(http::field::content_type, "text/html");
  answer.keep_alive(to.keep_alive());
  answer.body() = std::move(made.body);
  answer.prepare_payload();
  return answer;
}

page make_page(const http::request<http::string_body>& request, const page_maker& make) {
  if (request.method() != http::verb::get) return {405, "only GET\n"};
  return make({request.target().data(), request.target().size()});
}

void refuse(beast_stream& stream) {
  response answer(http::status::bad_request, 11);
  answer.keep_alive(false);
  answer.prepare_payload();
  http::write(stream, answer);
}

}  // namespace

void answer_requests(heddle::io::tcp_stream& client, const page_maker& make) {
  beast_stream stream(client);
  beast::flat_buffer buffer(max_header_bytes + max_body_bytes);
  for (bool open = true; open;) {
    http::request_parser<http::string_body> parser;
    parser.header_limit(max_header_bytes);
    parser.body_limit(max_body_bytes);
    beast::error_code error;
    http::read(stream, buffer, parser, error);
    if (error == http::error::end_of_stream) return;
    if (error && error.category() == http::make_error_code(http::error::bad_method).category()) {
      refuse(stream);
    }
    if (error) throw beast::system_error(error);
    const response answer = respond(parser.get(), make_page(parser.get(), make));
    http::write(stream, answer);
    open = answer.keep_alive();
  }
}

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
