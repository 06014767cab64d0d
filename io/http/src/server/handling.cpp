// SPDX-License-Identifier: MIT
// One request: to its handler, and its answer back.
#include "server/connection.hpp"

#include "server/compression.hpp"
#include "server/file_answer.hpp"

#include <heddle/http/error.hpp>
#include <heddle/io/error.hpp>
#include <heddle/runtime/cancelled.hpp>
#include <heddle/runtime/clock.hpp>

#include <exception>
#include <new>
#include <optional>
#include <variant>

namespace heddle::http::detail {

namespace {

constexpr std::size_t discard_bytes = 64 * 1024;

chunk_limits chunks_of(const server_config& config) noexcept {
  return {.line_bytes = config.chunk_line_bytes,
          .extension_bytes = config.chunk_extension_bytes,
          .trailer_bytes = config.trailer_bytes,
          .trailer_fields = config.header_fields};
}

pace pace_of(const server_config& config) noexcept {
  return {.grace = config.body_grace, .bytes_per_second = config.body_bytes_per_second};
}

/// Returns the status for what reading a request's body has reported; 0: nobody is there to be
/// told.
int status_of(const std::error_code& error) noexcept {
  if (error == http_errc::malformed_body || error == http_errc::body_cut_off) return 400;
  if (error == http_errc::body_too_large) return 413;
  if (error == http_errc::too_slow) return 408;
  return 0;
}

}  // namespace

bool connection::serve_request() {
  const server_config& config = core_.config();
  core_.requests.add();
  const auto began = config.on_access ? clock::now() : clock::time_point{};
  const std::uint64_t sent_before = out_.sent() + out_.buffer().size();
  outgoing answer(out_, work_->request, work_->date, idle_);
  incoming body(in_, answer, work_->request.framed, chunks_of(config), pace_of(config));
  handle(body, answer);
  const bool goes_on = finish(body, answer);
  if (config.on_access) {
    config.on_access({.peer = peer_,
                      .method = work_->request.head.method,
                      .target = work_->request.head.target,
                      .status = answer.status(),
                      .bytes_received = body.body().bytes(),
                      .bytes_sent = out_.sent() + out_.buffer().size() - sent_before,
                      .took = clock::now() - began});
  }
  work_->request.clear();
  in_.buffer().unpin();
  ++unsent_;
  return goes_on;
}

void connection::handle(incoming& body, outgoing& answer) {
  using kind = router::match::kind;
  const router::match found = core_.routes().find(work_->request.head.method, work_->request);
  switch (found.what) {
    case kind::no_such_path:
      return answer_status(answer, 404, "there is nothing here");
    case kind::malformed:
      answer.close_after();
      return answer_status(answer, 400, "the path of the target is malformed");
    case kind::no_such_method:
      answer.set("Allow", found.allowed);
      if (work_->request.head.method == "OPTIONS") return answer.set_status(204);
      return answer_status(answer, 405, "the method is not one of " + found.allowed);
    case kind::found:
      break;
  }
  server_core::route& route = core_.route_of(found.handler);
  const bool gathered = !out_.buffer().empty();
  const bool waits = route.habit.expects_to_wait() || !body.body().is_here();
  if (gathered && waits && !out_.flush()) return;
  const auto began = gathered ? clock::now() : clock::time_point{};
  try {
    call(route.handle, body, answer);
  } catch (const cancelled&) {
    throw;
  } catch (...) {
    answer_failure(body, answer);
  }
  if (gathered) route.habit.took(clock::now() - began);
}

void connection::call(const server_core::handler& handle, incoming& body, outgoing& answer) {
  if (const auto* whole = std::get_if<server::handler>(&handle)) {
    handle_whole(*whole, body, answer);
  } else if (const auto* pieces = std::get_if<server::stream_handler>(&handle)) {
    request_reader reader = body.reader(work_->request);
    response_writer writer = answer.writer();
    const auto run = [&] { (*pieces)(reader, writer); };
    if (work_->request.head.method == "HEAD") return answer.run_for_head(run);
    run();
  } else if (const auto* talk = std::get_if<websocket_route>(&handle)) {
    upgrade(*talk, answer);
  } else {
    const file_folder& folder = std::get<file_folder>(handle);
    const std::string_view name = request_access(work_->request).param(folder.parameter);
    answer_from_folder(work_->request, answer, folder.path, name);
  }
}

void connection::handle_whole(const server::handler& handle, incoming& body, outgoing& answer) {
  const std::size_t most = core_.config().body_bytes;
  if (const auto held = body.body().take_held(most)) {
    work_->request.body = *held;
  } else {
    std::error_code error;
    body.read_all(work_->request.body_storage, most, error);
    if (error) throw io::io_error(error, "read the body from", peer_);
    work_->request.body = work_->request.body_storage;
  }
  response made = handle(request_access(work_->request));
  if (!made.file_path().empty()) return answer_with_file(work_->request, answer, made);
  compress(work_->request.head, made, core_.config().compress_from_bytes);
  answer.answer(made);
}

/// Returns whether the connection has reported the error, and not something else that the handler
/// talks to: its client has left, takes nothing, or has sent a body that cannot be read.
bool connection::is_own(const std::error_code& error, const body_reader& body) const noexcept {
  return (out_.failed() && error == out_.error()) || (body.error() && error == body.error());
}

/// In a catch block: answers what a handler, or the reading of its body, has thrown.
void connection::answer_failure(const incoming& body, outgoing& answer) {
  int status = 500;
  std::string text;
  try {
    throw;
  } catch (const status_error& wanted) {
    status = wanted.status();
    text = wanted.what();
  } catch (const std::system_error& failed) {
    const bool own = is_own(failed.code(), body.body());
    const int of_body = own && !out_.failed() ? status_of(failed.code()) : 0;
    if (of_body != 0) {
      status = of_body;
      text = failed.code().message();
      core_.refused(status);
      answer.close_after();
    } else if (own) {
      if (!answer.begun()) answer.set_status(400);  // for the log: nobody is there to read it
      return over_->abort();
    }
  } catch (...) {
  }
  if (text.empty()) {
    text = "the server failed";
    core_.failures.add();
    core_.report({.peer = peer_,
                  .method = work_->request.head.method,
                  .target = work_->request.head.target,
                  .error = std::current_exception()});
  }
  if (answer.begun() || out_.failed()) {
    over_->abort();
  } else {
    answer.forget();
    answer_status(answer, status, text);
  }
}

/// Ends the answer, and gets past the rest of the body. Returns whether the connection goes on.
bool connection::finish(incoming& body, outgoing& answer) {
  if (out_.failed() || upgraded_) return false;
  if (!answer.finish()) {
    over_->abort();
    return false;
  }
  if (answer.then() == after_message::close) return false;
  if (body.body().ended()) return true;
  if (!out_.flush()) return false;
  return body.discard(discard_bytes);
}

}  // namespace heddle::http::detail
