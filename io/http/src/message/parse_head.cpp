// SPDX-License-Identifier: MIT
// Beast's parser without storage of its own: its callbacks note views of the caller's bytes. It
// reads the head only; what it makes of bodies is left to framing.hpp, which takes less.
#include "message/parse_head.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/basic_parser.hpp>
#include <boost/beast/http/error.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <limits>

namespace heddle::http::detail {

namespace {

namespace beast = boost::beast;
using beast::error_code;
using beast::string_view;

std::string_view plain(string_view text) noexcept { return {text.data(), text.size()}; }

version version_of(int number) noexcept {
  return number == 10 ? version::http_1_0 : version::http_1_1;
}

/// What both kinds of message have. Nothing but the head is asked of the parser, so nothing but the
/// callbacks of the head is called.
template <bool is_request, class Head>
class reader : public beast::http::basic_parser<is_request> {
 public:
  explicit reader(Head& into) : into_(into) {
    this->header_limit(std::numeric_limits<std::uint32_t>::max());  // the scanner's business
    this->skip(true);
    this->eager(false);
  }

  /// Reads up to the end of the head, or an error.
  std::size_t read(std::string_view text, error_code& error) {
    std::size_t at = 0;
    while (!error && !this->is_done() && at < text.size()) {
      at += this->put(boost::asio::const_buffer(text.data() + at, text.size() - at), error);
    }
    return at;
  }

 protected:
  Head& into_;

 private:
  void on_field_impl(beast::http::field, string_view name, string_view value,
                     error_code&) override {
    into_.fields.push_back({plain(name), plain(value)});
  }
  void on_header_impl(error_code&) override {}
  void on_body_init_impl(const boost::optional<std::uint64_t>&, error_code&) override {}
  std::size_t on_body_impl(string_view, error_code&) override { return 0; }
  void on_chunk_header_impl(std::uint64_t, string_view, error_code&) override {}
  std::size_t on_chunk_body_impl(std::uint64_t, string_view, error_code&) override { return 0; }
  void on_finish_impl(error_code&) override {}
};

class request_reader final : public reader<true, request_head> {
 public:
  using reader::reader;

 private:
  void on_request_impl(beast::http::verb, string_view method, string_view target, int number,
                       error_code&) override {
    into_.method = plain(method);
    into_.target = plain(target);
    into_.spoken = version_of(number);
  }
  void on_response_impl(int, string_view, int, error_code&) override {}
};

class response_reader final : public reader<false, response_head> {
 public:
  using reader::reader;

 private:
  void on_request_impl(beast::http::verb, string_view, string_view, int, error_code&) override {}
  void on_response_impl(int status, string_view reason, int number, error_code&) override {
    into_.status = status;
    into_.reason = plain(reason);
    into_.spoken = version_of(number);
  }
};

bool is_digit(char c) noexcept { return c >= '0' && c <= '9'; }

/// Returns whether a request line ends with a version of HTTP that is not spoken here.
bool names_another_version(std::string_view text) noexcept {
  const std::string_view line = text.substr(0, text.find("\r\n"));
  constexpr std::size_t bytes = std::string_view(" HTTP/1.1").size();
  if (line.size() < bytes) return false;
  const std::string_view last = line.substr(line.size() - bytes);
  const bool known = last.ends_with("/1.0") || last.ends_with("/1.1");
  return !known && last.starts_with(" HTTP/") && is_digit(last[6]) && last[7] == '.' &&
         is_digit(last[8]);
}

refusal refusal_of(const error_code& found, std::string_view text) {
  using beast::http::error;
  if (found == error::bad_method) return {400, "the method is malformed"};
  if (found == error::bad_target) return {400, "the target is malformed"};
  if (found == error::bad_version) {
    return names_another_version(text) ? refusal{505, "this version of HTTP is not spoken here"}
                                       : refusal{400, "the request line is malformed"};
  }
  if (found == error::bad_status) return {400, "the status line is malformed"};
  if (found == error::bad_field) return {400, "the name of a header field is malformed"};
  if (found == error::bad_content_length || found == error::multiple_content_length) {
    return {400, "Content-Length is malformed"};
  }
  if (found == error::bad_transfer_encoding) return {400, "Transfer-Encoding is malformed"};
  return {400, "a header field is malformed"};
}

template <class Reader, class Head>
refusal read(std::string_view text, Head& into) {
  into.fields.clear();
  error_code error;
  Reader(into).read(text, error);
  if (error) return refusal_of(error, text);
  return {};
}

/// Returns whether the parser has joined the lines of a folded value, which the scanner refuses: it
/// is a copy then, or begins on another line than its name.
bool is_folded(const field_view& field, std::string_view text) noexcept {
  const char* const name_end = field.name.data() + field.name.size();
  const std::less<const char*> before;
  if (before(field.value.data(), name_end)) return true;
  if (before(text.data() + text.size(), field.value.data() + field.value.size())) return true;
  const auto between = static_cast<std::size_t>(field.value.data() - name_end);
  if (between <= 2) return false;  // a colon and a space
  return std::string_view(name_end, between).find('\r') != std::string_view::npos;
}

bool is_within(const head_limits& limits, const request_head& head, std::string_view text) {
  constexpr std::size_t version_bytes = std::string_view(" HTTP/1.1").size();
  const auto target_end =
      static_cast<std::size_t>(head.target.data() + head.target.size() - text.data());
  const std::size_t start_line = target_end + version_bytes;
  const std::size_t two_ends = 4;  // of the start line, and the empty line
  return start_line <= limits.start_line_bytes &&
         text.size() - start_line - two_ends <= limits.field_bytes &&
         head.fields.size() <= limits.fields;
}

}  // namespace

refusal parse_head(std::string_view text, request_head& into) {
  return read<request_reader>(text, into);
}

refusal parse_head(std::string_view text, response_head& into) {
  return read<response_reader>(text, into);
}

std::size_t parse_whole_head(std::string_view text, const head_limits& limits, request_head& into) {
  into.fields.clear();
  error_code error;
  request_reader reads(into);
  const std::size_t bytes = reads.read(text, error);
  if (error || !reads.is_done()) return 0;
  text = text.substr(0, bytes);
  const auto folded = [&](const field_view& each) { return is_folded(each, text); };
  if (std::any_of(into.fields.begin(), into.fields.end(), folded)) return 0;
  return is_within(limits, into, text) ? bytes : 0;
}

}  // namespace heddle::http::detail
