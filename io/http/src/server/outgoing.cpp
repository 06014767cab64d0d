// SPDX-License-Identifier: MIT
// Small pieces are gathered into chunks of a size that is worth a system call.
#include "server/outgoing.hpp"

#include "message/chunk_decoder.hpp"

#include <heddle/io/error.hpp>
#include <heddle/runtime/park.hpp>

#include <array>
#include <charconv>
#include <mutex>
#include <span>
#include <stdexcept>

namespace heddle::http {

namespace detail {

namespace {
constexpr std::size_t gather_bytes = 16 * 1024;
constexpr int reset_content = 205;
}  // namespace

void outgoing::throw_if_broken() const {
  if (to_.failed()) throw io::io_error(to_.error(), "write the answer to", *of_.peer);
}

void outgoing::check_not_begun(const char* what) const {
  if (!begun_) return;
  throw std::logic_error(std::string("heddle::http::response_writer::") + what +
                         ": the head has been sent");
}

void outgoing::set_status(int status) {
  check_not_begun("status");
  status_ = response(status).status();
}

void outgoing::set(std::string_view name, std::string_view value) {
  check_not_begun("set");
  check_not_framing(name);
  fields_.set(name, value);
}

void outgoing::add(std::string_view name, std::string_view value) {
  check_not_begun("add");
  check_not_framing(name);
  fields_.add(name, value);
}

void outgoing::set_length(std::uint64_t bytes) {
  check_not_begun("content_length");
  length_ = bytes;
}

void outgoing::add_trailer(std::string_view name, std::string_view value) {
  if (is_forbidden_in_trailer(name)) {
    throw std::invalid_argument("heddle::http::response_writer::trailer: " + std::string(name) +
                                " cannot stand behind a body: it says how to read it");
  }
  trailer_.add(name, value);
}

void outgoing::forget() noexcept {
  fields_ = {};
  trailer_ = {};
  length_.reset();
}

bool outgoing::has_body() const noexcept {
  return of_.head.method != "HEAD" && !is_bodiless(status_) && status_ != reset_content;
}

/// Decides how the body is framed, and gathers the head.
void outgoing::begin(const fields& header) {
  begun_ = true;
  if (is_bodiless(status_)) {
    how_ = body_length::none;
  } else if (status_ == reset_content) {
    how_ = body_length::known;  // as empty: RFC 9110, section 15.3.6
    length_.reset();
  } else if (length_) {
    how_ = body_length::known;
  } else if (of_.head.spoken == version::http_1_1) {
    how_ = body_length::chunked;
  } else {
    how_ = body_length::until_close;
    then_ = after_message::close;
  }
  const own_fields own = own_fields_of(header);
  if (own.close || idle_.stopping()) then_ = after_message::close;
  append_head(to_.buffer(),
              {.status = status_,
               .fields = &header,
               .own = own,
               .how = how_,
               .bytes = length_.value_or(0),
               .spoken = of_.head.spoken,
               .then = then_},
              date_);
}

void outgoing::answer(const response& whole) {
  status_ = whole.status();
  length_ = whole.body().size();
  begin(whole.header());
  written_ = whole.body().size();
  if (!has_body()) return;
  if (whole.body().size() < gather_bytes) {
    to_.buffer() += whole.body();
  } else {
    to_.send(whole.body());
  }
}

bool outgoing::switch_protocols(const fields& header) {
  begun_ = true;
  status_ = 101;
  append_head(to_.buffer(), {.status = 101, .fields = &header, .how = body_length::none}, date_);
  return to_.flush();
}

void outgoing::write_chunk(std::string_view text) {
  std::array<char, 20> size{};
  const auto end = std::to_chars(size.data(), size.data() + size.size(), text.size(), 16);
  to_.buffer().append(size.data(), end.ptr).append("\r\n");
  to_.send(text);
  to_.buffer() += "\r\n";
}

bool outgoing::ask_for_body(std::error_code& error) {
  const std::lock_guard turn(turns_);
  if (!begun_) to_.buffer() += "HTTP/1.1 100 Continue\r\n\r\n";
  if (to_.flush()) return true;
  error = to_.error();
  return false;
}

void outgoing::write(std::string_view text) {
  const std::lock_guard turn(turns_);
  throw_if_broken();
  if (text.empty()) return;
  if (length_ && text.size() > *length_ - written_) {
    throw std::logic_error("heddle::http::response_writer::write: more than content_length says");
  }
  if (!begun_) begin();
  written_ += text.size();
  if (!has_body()) return send_head_alone();
  if (gathered_.size() + text.size() < gather_bytes) {
    gathered_ += text;
    return;
  }
  send_gathered();
  if (how_ == body_length::chunked) {
    write_chunk(text);
  } else {
    to_.send(text);
  }
  throw_if_broken();
}

/// Instead of a body. The caller holds turns_.
void outgoing::send_head_alone() {
  if (!for_head_) return;
  if (for_head_->cancel_requested()) cooperate();  // a handler that only writes waits nowhere
  to_.flush();
  throw_if_broken();
  for_head_->cancel("a HEAD is answered by the head alone");
}

void outgoing::flush() {
  const std::lock_guard turn(turns_);
  send_gathered();
}

/// The caller holds turns_.
void outgoing::send_gathered() {
  if (!begun_) begin();
  if (!gathered_.empty() && how_ == body_length::chunked) {
    write_chunk(gathered_);
  } else {
    to_.buffer() += gathered_;
  }
  gathered_.clear();
  to_.flush();
  throw_if_broken();
  if (!has_body()) send_head_alone();
}

bool outgoing::finish() {
  if (!begun_ && !length_) length_ = gathered_.size();
  if (!begun_) begin();
  if (length_ && how_ == body_length::known && written_ != *length_ && has_body()) return false;
  if (!has_body()) return true;
  const bool chunked = how_ == body_length::chunked;
  if (chunked && !gathered_.empty()) {
    write_chunk(gathered_);
  } else {
    to_.buffer() += gathered_;
  }
  gathered_.clear();
  if (chunked) to_.buffer().append("0\r\n").append(trailer_.text()).append("\r\n");
  return true;
}

}  // namespace detail

response_writer& response_writer::status(int status) {
  answer_->set_status(status);
  return *this;
}

response_writer& response_writer::set(std::string_view name, std::string_view value) {
  answer_->set(name, value);
  return *this;
}

response_writer& response_writer::add(std::string_view name, std::string_view value) {
  answer_->add(name, value);
  return *this;
}

response_writer& response_writer::content_length(std::uint64_t bytes) {
  answer_->set_length(bytes);
  return *this;
}

void response_writer::write(std::string_view text) { answer_->write(text); }

std::size_t response_writer::write_some(std::span<const std::byte> from, std::error_code& error) {
  error.clear();
  try {
    answer_->write({reinterpret_cast<const char*>(from.data()), from.size()});
    return from.size();
  } catch (const io::io_error& failed) {
    error = failed.code();
    return 0;
  }
}

void response_writer::flush() { answer_->flush(); }

void response_writer::trailer(std::string_view name, std::string_view value) {
  answer_->add_trailer(name, value);
}

bool response_writer::begun() const noexcept { return answer_->begun(); }

const io::endpoint& response_writer::peer_endpoint() const noexcept { return *answer_->of().peer; }

}  // namespace heddle::http
