// SPDX-License-Identifier: MIT
// P15 and P16, the floor: an epoll loop that reads requests by Boost.Beast's basic_parser, notes
// the fields, looks the path up among two, and gathers the answers to one send. It has no limits,
// no time-outs, no handler that may wait. Prints its port; ends when its standard input does.
#include "harness/epoll_server.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>

#include <ctime>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace {

namespace beast = boost::beast;

/// Notes where the parts of a request are.
class request_parser final : public beast::http::basic_parser<true> {
 public:
  std::string_view target;
  std::vector<std::pair<std::string_view, std::string_view>> fields;

 private:
  using text = beast::string_view;
  using error = beast::error_code;
  static std::string_view plain(text of) { return {of.data(), of.size()}; }

  void on_request_impl(beast::http::verb, text, text found, int, error&) override {
    target = plain(found);
  }
  void on_field_impl(beast::http::field, text name, text value, error&) override {
    fields.emplace_back(plain(name), plain(value));
  }
  void on_response_impl(int, text, int, error&) override {}
  void on_header_impl(error&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error&) override {}
  std::size_t on_body_impl(text of, error&) override { return of.size(); }
  void on_chunk_header_impl(std::uint64_t, text, error&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, text of, error&) override { return of.size(); }
  void on_finish_impl(error&) override {}
};

/// The answer, with the date of this second.
class answers {
 public:
  std::string_view to(std::string_view target) {
    if (target != "/plain") return missing;
    std::timespec time{};
    ::clock_gettime(CLOCK_REALTIME_COARSE, &time);
    if (time.tv_sec != second_) make(time.tv_sec);
    return found_;
  }

 private:
  static constexpr std::string_view missing = "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n";

  void make(std::time_t second) {
    std::tm parts{};
    std::array<char, 32> date{};
    second_ = second;
    ::gmtime_r(&second, &parts);
    std::strftime(date.data(), date.size(), "%a, %d %b %Y %H:%M:%S GMT", &parts);
    found_ =
        std::string("HTTP/1.1 200 OK\r\nDate: ") + date.data() +
        "\r\nContent-Length: 13\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nHello, World!";
  }

  std::time_t second_ = 0;
  std::string found_;
};

struct client {
  int fd;
  std::size_t held = 0;
  std::array<char, 8192> buffer;
  std::string unsent;
};

class server : public bench::epoll_server<server, client> {
 public:
  void serve(client& one) {
    const bool was_full = !one.unsent.empty();
    if (!was_full && !receive(one)) return;
    const ssize_t sent = ::send(one.fd, one.unsent.data(), one.unsent.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno != EAGAIN) return drop(one);
    one.unsent.erase(0, sent < 0 ? 0 : static_cast<std::size_t>(sent));
    const bool full = !one.unsent.empty();
    if (full != was_full) watch(one.fd, full ? EPOLLOUT : EPOLLIN, &one, EPOLL_CTL_MOD);
  }

 private:
  /// Returns whether there is something to send.
  bool receive(client& one) {
    char* const room = one.buffer.data() + one.held;
    const ssize_t got = ::recv(one.fd, room, one.buffer.size() - one.held, 0);
    if (got < 0 && errno == EAGAIN) return false;
    if (got <= 0) {
      drop(one);
      return false;
    }
    const std::string_view all(one.buffer.data(), one.held + static_cast<std::size_t>(got));
    std::size_t from = 0;
    while (from < all.size()) {
      request_parser parser;
      parser.eager(true);
      beast::error_code error;
      const std::string_view rest = all.substr(from);
      const std::size_t taken =
          parser.put(boost::asio::const_buffer(rest.data(), rest.size()), error);
      if (error == beast::http::error::need_more) break;
      bench::require(!error && parser.is_done(), "the load is not HTTP");
      from += taken;
      one.unsent += answers_.to(parser.target);
    }
    one.held = all.size() - from;
    std::memmove(one.buffer.data(), one.buffer.data() + from, one.held);
    return !one.unsent.empty();
  }

  answers answers_;
};

}  // namespace

int main() {
  bench::end_after(300);
  server().run();
}
