// SPDX-License-Identifier: MIT
// The steps of a call, in their order.
#include "client/call.hpp"

#include "client/answer.hpp"
#include "client/client_core.hpp"
#include "message/parse_head.hpp"
#include "message/syntax.hpp"

#include <heddle/runtime/cancel.hpp>

#include <algorithm>
#include <array>
#include <stdexcept>
#include <utility>

namespace heddle::http::detail {

namespace {

constexpr std::array<std::string_view, 6> idempotent = {"GET",    "HEAD",    "PUT",
                                                        "DELETE", "OPTIONS", "TRACE"};

/// Returns what the connection goes to, by its name. A proxy that is given requests whole is asked
/// for all origins over the same connections.
std::string place_of(const url& where, const proxy* by) {
  if (by == nullptr) return where.origin();
  return (where.is_encrypted() ? where.origin() : "http") + " by " + by->name;
}

/// Returns how the body is encoded, as far as that is undone here.
content_coding coding_of(const fields& header) {
  std::size_t codings = 0;
  bool is_gzip = false;
  header.for_each([&](const field_view& each) {
    if (!same_name(each.name, "Content-Encoding")) return;
    is_gzip = is_word(each.value, "gzip") || is_word(each.value, "x-gzip");
    ++codings;
  });
  return codings == 1 && is_gzip ? content_coding::gzip : content_coding::none;
}

}  // namespace

call::call(std::shared_ptr<client_core> of, client_request asked, deadline limit)
    : core_(std::move(of)),
      asked_(std::move(asked)),
      limit_(limit),
      expects_(expects(asked_, core_->config())) {}

void call::fail(std::error_code code, std::string_view why) const {
  throw http_error(
      code,
      {.phase = phase_, .method = asked_.method(), .url = asked_.where().to_string(), .why = why});
}

void call::begin() {
  const bool in_time = move_on_at(limit_, [&] {
    find_proxy();
    take_slot();
    const bool reused = lease_.connection() != nullptr;
    if (!reused) connect();
    progress came = exchange();
    if (came == progress::died && reused && may_be_repeated()) {
      core_->retries.add();
      came = begin_again();
    }
    if (came == progress::declined) {
      expects_ = expecting::nothing;
      came = begin_again();
    }
    if (came == progress::died) fail(died_of_);
  });
  if (!in_time) fail(std::make_error_code(std::errc::timed_out), "the request's time is up");
}

/// Does it all on another connection.
call::progress call::begin_again() {
  sender_.reset();
  fields_ = {};
  connect();
  return exchange();
}

void call::find_proxy() {
  try {
    by_ = core_->dials.proxy_for(asked_.where());
  } catch (const dial_failure& found) {
    phase_ = found.phase;
    fail(found.code, found.why);
  }
}

void call::take_slot() {
  phase_ = client_phase::pool;
  const deadline wait = deadline::after(core_->config().pool_wait);
  switch (core_->shared.acquire(place_of(asked_.where(), by_), wait, lease_)) {
    case pool::outcome::granted:
      return;
    case pool::outcome::closed:
      fail(http_errc::client_closed);
    case pool::outcome::timed_out:
      fail(http_errc::pool_exhausted);
  }
}

void call::connect() {
  lease_.set(nullptr);
  try {
    lease_.set(std::make_unique<pooled_connection>(
        core_->dials.dial(asked_.where(), by_, dialer::purpose::requests)));
  } catch (const dial_failure& found) {
    phase_ = found.phase;
    fail(found.code, found.why);
  }
  core_->connections.add();
}

bool call::may_be_repeated() const noexcept {
  const bool harmless =
      std::find(idempotent.begin(), idempotent.end(), asked_.method()) != idempotent.end();
  const bool held = !asked_.source() || !sender_->has_begun_body();
  return held && (harmless || sender_->sent() == 0);
}

/// Sends the request and reads the head of the response that counts.
call::progress call::exchange() {
  const client_config& config = core_->config();
  phase_ = client_phase::send;
  sender_.emplace(*lease_.connection()->over, asked_, config, by_, expects_);
  sender_->start();
  input_buffer& buffer = lease_.connection()->in.buffer();
  bool began = false;
  for (std::size_t interim = 0;; ++interim) {
    head_scanner scanner(limits_of(config));
    const std::size_t bytes = await_head(scanner, began);
    if (bytes == 0) return progress::died;
    const bool counts = take_head(buffer.held().substr(0, bytes));
    buffer.take(bytes);
    if (counts) break;
    if (status_ == 100) sender_->proceed();
    if (interim == config.interim_responses) {
      fail(http_errc::malformed_response, "too many responses 1xx");
    }
  }
  phase_ = client_phase::body;
  if (status_ < 300) {
    sender_->proceed();  // it takes the body, though it has not said so
  } else if (!sender_->done()) {
    sender_->stop();
    const bool expected = expects_ == expecting::to_continue;
    if (expected && status_ == 417 && !sender_->has_begun_body()) return progress::declined;
  }
  open_body();
  if (body_->ended()) finish();
  return progress::answered;
}

void call::open_body() {
  const client_config& config = core_->config();
  const bool has_one = framed_.kind != body_kind::none;
  const auto coded =
      has_one && asks_for_gzip(asked_, config) ? coding_of(fields_) : content_coding::none;
  body_.emplace(lease_.connection()->in, framed_, config, coded);
  if (coded == content_coding::none) return;
  fields_.remove("Content-Encoding");
  fields_.remove("Content-Length");
}

/// Returns the size of the next head, which the buffer begins with; 0 if the connection has died
/// before anything came.
std::size_t call::await_head(head_scanner& scanner, bool& began) {
  inbound& in = lease_.connection()->in;
  const auto patience = core_->config().header_timeout;
  refusal refused;
  deadline limit = deadline::after(patience);
  for (bool was_sending = !sender_->done();;) {
    if (const std::size_t bytes = scanner.scan(in.buffer().held(), refused)) return bytes;
    if (refused) fail(http_errc::malformed_response, words_of(refused));
    std::error_code error;
    const bool more = in.fill(limit, error);
    began = began || more;
    if (more) continue;
    // TCP may give the server up, too, with the same error.
    const bool late = error == std::errc::timed_out && limit.passed();
    if (late && was_sending) {
      // The server has its time from the end of the request on.
      was_sending = !sender_->done();
      limit = deadline::after(patience);
      continue;
    }
    phase_ = client_phase::header;
    if (late) fail(error);
    throw_if_sending_failed();
    if (!error) error = sender_->died_of();
    died_of_ = error ? error : make_error_code(http_errc::no_response);
    if (began) fail(died_of_, "within the header");
    return 0;
  }
}

/// The connection has ended: if that was because of what was sent, says so.
void call::throw_if_sending_failed() {
  sender_->stop();
  sender_->rethrow();
  if (!sender_->error()) return;
  phase_ = client_phase::send;
  fail(sender_->error());
}

/// Reads a head. Returns: whether it is the response that counts.
bool call::take_head(std::string_view text) {
  phase_ = client_phase::header;
  response_head head;
  if (const refusal refused = parse_head(text, head)) {
    fail(http_errc::malformed_response, refused.why);
  }
  if (head.status == 101) fail(http_errc::malformed_response, "101 without being asked for it");
  status_ = head.status;
  if (head.status / 100 == 1) return false;
  if (head.status < 200 || head.status > 599) {
    fail(http_errc::malformed_response, "the status is not in 100..599");
  }
  if (const refusal refused = frame(head, asked_.method(), framed_)) {
    fail(http_errc::malformed_response, refused.why);
  }
  const bool whole_to_proxy = by_ != nullptr && !asked_.where().is_encrypted();
  if (head.status == 407 && whole_to_proxy) {
    phase_ = client_phase::proxy;
    fail(http_errc::proxy_refused, refusal_of(*by_, head));
  }
  try {
    for (const field_view& each : head.fields) fields_.add(each.name, each.value);
  } catch (const std::invalid_argument&) {
    fail(http_errc::malformed_response, "a header field is malformed");
  }
  return true;
}

/// Keeps the fields that came behind a chunked body.
void call::take_trailer(std::error_code& error) {
  try {
    for (const field_view& each : body_->trailer()) trailer_.add(each.name, each.value);
  } catch (const std::invalid_argument&) {
    error = http_errc::malformed_body;
  }
}

/// The response has ended: the connection goes back, or is closed.
void call::finish() noexcept {
  const bool nothing_behind = lease_.connection()->in.buffer().held().empty();
  const bool sent = sender_->done() && sender_->whole();
  body_.reset();
  sender_.reset();
  if (sent && nothing_behind && framed_.then == after_message::keep) {
    lease_.connection()->in.buffer().release();
    lease_.keep();
  }
  lease_.release();
}

void call::give_up(std::error_code why) noexcept {
  failed_ = why;
  body_.reset();
  sender_.reset();
  lease_.release();
}

std::size_t call::read_body(std::span<std::byte> into, std::error_code& error) {
  std::size_t bytes = 0;
  const bool in_time = move_on_at(limit_, [&] { bytes = body_->read_some(into, error); });
  if (!in_time) error = std::make_error_code(std::errc::timed_out);
  return bytes;
}

std::size_t call::read_some(std::span<std::byte> into, std::error_code& error) {
  error = failed_;
  if (error || !body_ || into.empty()) return 0;
  const std::size_t bytes = read_body(into, error);
  const bool ended = !error && body_->ended();
  if (ended) take_trailer(error);
  if (error) {
    give_up(error);
  } else if (ended) {
    finish();
  }
  return bytes;
}

void call::discard(std::size_t most) {
  std::array<std::byte, 2048> piece;
  std::error_code error;
  for (std::size_t bytes = 0; body_ && !error && bytes < most;) bytes += read_some(piece, error);
  if (body_) give_up(make_error_code(http_errc::body_too_large));
}

}  // namespace heddle::http::detail
