// SPDX-License-Identifier: MIT
// Pieces are framed in place: room for the size before them, for the line's end behind them.
#include "client/request_sender.hpp"

#include <heddle/http/error.hpp>
#include <heddle/runtime/cancel.hpp>
#include <heddle/runtime/cancelled.hpp>

#include <algorithm>
#include <array>
#include <charconv>
#include <span>
#include <utility>

namespace heddle::http::detail {

namespace {

constexpr std::size_t joined_bytes = 16 * 1024;  // bodies up to this are sent with their head
constexpr std::size_t piece_bytes = 16 * 1024;

bool wants_length(std::string_view method) noexcept {
  return method == "POST" || method == "PUT" || method == "PATCH";
}

std::string chunk_line(std::size_t bytes) {
  std::array<char, 20> size{};
  const auto end = std::to_chars(size.data(), size.data() + size.size(), bytes, 16);
  return std::string(size.data(), end.ptr) + "\r\n";
}

}  // namespace

bool asks_for_gzip(const client_request& asked, const client_config& config) noexcept {
  return config.decompress == io::toggle::on && !asked.header().get("Accept-Encoding") &&
         !asked.header().get("Range");
}

std::string head_of(const client_request& asked, const client_config& config, const proxy* by) {
  const url& where = asked.where();
  const bool whole = by != nullptr && !where.is_encrypted();
  std::string head = asked.method() + " " + (whole ? where.to_string() : where.target()) +
                     " HTTP/1.1\r\nHost: " + where.authority() + "\r\n";
  if (whole && !by->authorization.empty() && !asked.header().get("Proxy-Authorization")) {
    head += "Proxy-Authorization: " + by->authorization + "\r\n";
  }
  if (!config.user_agent.empty() && !asked.header().get("User-Agent")) {
    head += "User-Agent: " + config.user_agent + "\r\n";
  }
  if (asks_for_gzip(asked, config)) head += "Accept-Encoding: gzip\r\n";
  if (asked.source() && !asked.source_bytes()) {
    head += "Transfer-Encoding: chunked\r\n";
  } else if (asked.source() || !asked.body().empty() || wants_length(asked.method())) {
    const std::uint64_t bytes = asked.source() ? *asked.source_bytes() : asked.body().size();
    head += "Content-Length: " + std::to_string(bytes) + "\r\n";
  }
  return head.append(asked.header().text());
}

expecting expects(const client_request& asked, const client_config& config) noexcept {
  const bool sized = !asked.source() || asked.source_bytes();
  const std::uint64_t bytes =
      asked.source() ? asked.source_bytes().value_or(0) : asked.body().size();
  const bool long_enough = !sized || (bytes != 0 && bytes >= config.expect_continue_bytes);
  const bool waits = config.expect_continue == io::toggle::on && long_enough;
  return waits ? expecting::to_continue : expecting::nothing;
}

void request_sender::give_up(std::error_code why) noexcept {
  error_ = why;
  to_.abort();
}

/// The system tells once what a connection has died of: who reads may see no more than an end.
void request_sender::note(std::error_code failure) noexcept {
  if (failure != std::errc::broken_pipe) died_of_ = failure;
}

/// Returns: false if nothing more can be sent.
bool request_sender::write(std::string_view text) {
  std::span<const std::byte> rest = std::as_bytes(std::span(text));
  std::error_code error;
  while (!rest.empty()) {
    std::size_t bytes = 0;
    const bool in_time =
        move_on_after(config_.write_timeout, [&] { bytes = to_.write_some(rest, error); });
    if (!in_time) give_up(std::make_error_code(std::errc::timed_out));
    if (error) note(error);
    if (!in_time || error) return false;
    sent_ += bytes;
    rest = rest.subspan(bytes);
  }
  return true;
}

void request_sender::send_source() {
  const io::detail::source_ref& from = *asked_.source();
  const bool chunked = !asked_.source_bytes();
  std::uint64_t left = asked_.source_bytes().value_or(0);
  std::string piece(piece_bytes, '\0');
  while (chunked || left != 0) {
    const std::size_t most = chunked ? piece_bytes : std::min<std::uint64_t>(left, piece_bytes);
    std::error_code error;
    const std::size_t bytes =
        from.read(from.stream, std::as_writable_bytes(std::span(piece).first(most)), error);
    if (!error && bytes == 0 && !chunked) error = http_errc::body_cut_off;
    if (error) return give_up(error);
    if (bytes == 0) break;
    const std::string_view data = std::string_view(piece).substr(0, bytes);
    if (!chunked) left -= bytes;
    if (!write(chunked ? chunk_line(bytes).append(data).append("\r\n") : std::string(data))) return;
  }
  whole_ = !chunked || write("0\r\n\r\n");
}

void request_sender::run() {
  try {
    if (!write(head_)) return;
    if (expects_ == expecting::to_continue) wanted_.wait_for(config_.expect_continue_wait);
    begun_body_ = true;
    if (asked_.source()) {
      send_source();
    } else {
      whole_ = write(asked_.body());
    }
  } catch (const cancelled&) {
    throw;
  } catch (...) {
    thrown_ = std::current_exception();
    to_.abort();
  }
}

void request_sender::start() {
  const bool waits = expects_ == expecting::to_continue;
  head_ = head_of(asked_, config_, by_) + (waits ? "Expect: 100-continue\r\n\r\n" : "\r\n");
  const bool small = !waits && !asked_.source() && asked_.body().size() <= joined_bytes;
  if (small) {
    begun_body_ = true;
    head_ += asked_.body();
    std::error_code error;
    sent_ = to_.try_write_some(std::as_bytes(std::span(std::as_const(head_))), error);
    whole_ = sent_ == head_.size();
    if (whole_) return;
    if (error && error != std::errc::operation_would_block) return note(error);
    head_.erase(0, sent_);
  }
  sending_ = spawn([this, small] {
    if (small) {
      whole_ = write(head_);
    } else {
      run();
    }
  });
}

}  // namespace heddle::http::detail
