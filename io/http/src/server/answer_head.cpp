// SPDX-License-Identifier: MIT
// Appended piece by piece to one string; numbers by to_chars.
#include "server/answer_head.hpp"

#include "message/syntax.hpp"

#include <algorithm>
#include <charconv>
#include <cstdio>

namespace heddle::http::detail {

namespace {

void append_number(std::string& out, std::uint64_t value) {
  std::array<char, 24> digits{};
  const auto end = std::to_chars(digits.data(), digits.data() + digits.size(), value);
  out.append(digits.data(), end.ptr);
}

std::size_t write_date(std::array<char, 32>& into, std::time_t when) noexcept {
  constexpr std::array<const char*, 7> days = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
  constexpr std::array<const char*, 12> months = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                                  "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
  std::tm parts{};
  ::gmtime_r(&when, &parts);  // names by hand: strftime's are the locale's
  const int bytes =
      std::snprintf(into.data(), into.size(), "%s, %02d %s %04d %02d:%02d:%02d GMT",
                    days[static_cast<std::size_t>(parts.tm_wday)], parts.tm_mday,
                    months[static_cast<std::size_t>(parts.tm_mon)], (parts.tm_year + 1900) % 10000,
                    parts.tm_hour, parts.tm_min, parts.tm_sec);
  return static_cast<std::size_t>(bytes);
}

constexpr std::size_t date_bytes = 29;
constexpr std::string_view ok_line = "HTTP/1.1 200 OK\r\n";
constexpr std::string_view before_date = "HTTP/1.1 200 OK\r\nDate: ";
constexpr std::string_view line_end = "\r\n";

// Source: RFC 9110, section 15.
constexpr std::string_view reasons = R"(
101 Switching Protocols
200 OK
201 Created
202 Accepted
203 Non-Authoritative Information
204 No Content
205 Reset Content
206 Partial Content
300 Multiple Choices
301 Moved Permanently
302 Found
303 See Other
304 Not Modified
307 Temporary Redirect
308 Permanent Redirect
400 Bad Request
401 Unauthorized
402 Payment Required
403 Forbidden
404 Not Found
405 Method Not Allowed
406 Not Acceptable
407 Proxy Authentication Required
408 Request Timeout
409 Conflict
410 Gone
411 Length Required
412 Precondition Failed
413 Content Too Large
414 URI Too Long
415 Unsupported Media Type
416 Range Not Satisfiable
417 Expectation Failed
421 Misdirected Request
422 Unprocessable Content
425 Too Early
426 Upgrade Required
428 Precondition Required
429 Too Many Requests
431 Request Header Fields Too Large
451 Unavailable For Legal Reasons
500 Internal Server Error
501 Not Implemented
502 Bad Gateway
503 Service Unavailable
504 Gateway Timeout
505 HTTP Version Not Supported
511 Network Authentication Required
)";

void append_length(std::string& out, std::uint64_t bytes) {
  constexpr std::string_view name = "Content-Length: ";
  std::array<char, 48> line{};
  char* const digits = std::copy(name.begin(), name.end(), line.begin());
  char* end = std::to_chars(digits, line.end() - 2, bytes).ptr;
  *end++ = '\r';
  *end++ = '\n';
  out.append(line.data(), end);
}

/// Says that the connection ends, whatever else was set by hand to be said of it: all but
/// keep-alive, which would be the contrary.
void append_close(std::string& out, const http::fields* by_hand) {
  out += "Connection: close";
  if (by_hand != nullptr) {
    by_hand->for_each([&](const field_view& each) {
      if (!is_word(each.name, "connection")) return;
      std::string_view options = each.value;
      for (std::string_view option; next_element(options, option);) {
        if (!is_word(option, "keep-alive")) out.append(", ").append(option);
      }
    });
  }
  out += "\r\n";
}

void append_without_connection(std::string& out, const http::fields& all) {
  all.for_each([&](const field_view& each) {
    if (is_word(each.name, "connection")) return;
    out.append(each.name).append(": ").append(each.value).append("\r\n");
  });
}

void append_framing(std::string& out, const answer_head& head) {
  switch (head.how) {
    case body_length::known:
      append_length(out, head.bytes);
      return;
    case body_length::chunked:
      out += "Transfer-Encoding: chunked\r\n";
      return;
    case body_length::until_close:
    case body_length::none:
      return;
  }
}

}  // namespace

std::string_view reason_of(int status) noexcept {
  std::array<char, 8> key{'\n'};
  const auto end = std::to_chars(key.data() + 1, key.data() + 5, status);
  *end.ptr = ' ';
  const std::string_view wanted(key.data(), static_cast<std::size_t>(end.ptr + 1 - key.data()));
  const std::size_t at = reasons.find(wanted);
  if (at == std::string_view::npos) return {};
  const std::string_view words = reasons.substr(at + wanted.size());
  return words.substr(0, words.find('\n'));
}

void date_text::look() noexcept {
  std::timespec time{};
  ::clock_gettime(CLOCK_REALTIME_COARSE, &time);
  if (time.tv_sec == second_) return;
  second_ = time.tv_sec;
  std::array<char, 32> date{};
  const std::size_t bytes = write_date(date, second_);
  char* end = std::copy(before_date.begin(), before_date.end(), text_.begin());
  end = std::copy_n(date.data(), bytes, end);
  std::copy(line_end.begin(), line_end.end(), end);
}

std::string_view date_text::ok_lines() noexcept {
  look();
  return {text_.data(), before_date.size() + date_bytes + line_end.size()};
}

std::string_view date_text::line() noexcept { return ok_lines().substr(ok_line.size()); }

std::string http_date(std::time_t when) {
  std::array<char, 32> text{};
  return std::string(text.data(), write_date(text, when));
}

own_fields own_fields_of(const http::fields& header) noexcept {
  own_fields found;
  if (header.lines_.empty()) return found;
  header.for_each([&](const field_view& each) {
    if (each.name.size() == 4 && is_word(each.name, "date")) found.date = true;
    if (each.name.size() != 10 || !is_word(each.name, "connection")) return;
    found.connection = true;
    if (has_element(each.value, "close")) found.close = true;
  });
  return found;
}

void append_head(std::string& out, const answer_head& head, date_text& date) {
  if (head.status == 200 && !head.own.date) {
    out += date.ok_lines();
  } else {
    out += "HTTP/1.1 ";
    append_number(out, static_cast<std::uint64_t>(head.status));
    out.append(" ").append(reason_of(head.status)).append("\r\n");
    if (!head.own.date) out += date.line();
  }
  const bool overruled =
      head.then == after_message::close && head.own.connection && !head.own.close;
  if (head.then == after_message::close) {
    if (!head.own.close) append_close(out, overruled ? head.fields : nullptr);
  } else if (head.spoken == version::http_1_0) {
    out += "Connection: keep-alive\r\n";
  }
  append_framing(out, head);
  if (overruled) {
    append_without_connection(out, *head.fields);
  } else if (head.fields != nullptr) {
    out += head.fields->text();
  }
  out += "\r\n";
}

}  // namespace heddle::http::detail
