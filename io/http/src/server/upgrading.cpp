// SPDX-License-Identifier: MIT
// From a request to a WebSocket, and to that one's end.
#include "server/connection.hpp"
#include "server/file_answer.hpp"
#include "websocket/access.hpp"
#include "websocket/handshake.hpp"

#include <heddle/io/error.hpp>
#include <heddle/runtime/cancel.hpp>
#include <heddle/runtime/cancelled.hpp>

#include <exception>
#include <memory>
#include <span>

namespace heddle::http::detail {

void connection::upgrade(const websocket_route& to, outgoing& answer) {
  const upgrade_answer decided = answer_upgrade(work_->request.head, to.config);
  if (decided.status != 101) {
    decided.fields.for_each([&](const field_view& each) { answer.set(each.name, each.value); });
    core_.refused(decided.status);
    return answer_status(answer, decided.status, decided.why);
  }
  upgraded_ = true;
  if (!answer.switch_protocols(decided.fields)) return;
  const std::string_view held = in_.buffer().held();
  const auto begun = std::make_shared<conversation>(
      over_, websocket_start{.own = websocket_role::server,
                             .limits = to.config.limits,
                             .agreed = decided.agreed,
                             .already_read = std::as_bytes(std::span(held))});
  in_.buffer().take(held.size());
  websocket talk = websocket_access::over(begun);
  // The handler may have moved it to where it lives on; the connection ends here all the same.
  try {
    converse(to, talk, *begun);
  } catch (...) {
    begun->let_go();
    throw;
  }
  begun->let_go();
}

/// Runs the handler, until it returns or serve() is to end, and closes.
void connection::converse(const websocket_route& to, websocket& talk, conversation& begun) {
  cancel_scope talks;
  close_code code = close_code::going_away;
  if (idle_.enter(talks)) {
    try {
      if (talks.run([&] { to.handle(talk, request_access(work_->request)); }))
        code = close_code::normal;
    } catch (const cancelled&) {
      idle_.leave(talks);
      throw;
    } catch (const websocket_error&) {
      code = close_code::none;  // the peer has been told
    } catch (const io::io_error&) {
      code = close_code::none;  // nobody is there to be told
    } catch (...) {
      code = close_code::internal_error;
      core_.failures.add();
      core_.report({.peer = peer_,
                    .method = work_->request.head.method,
                    .target = work_->request.head.target,
                    .error = std::current_exception()});
    }
    idle_.leave(talks);
  }
  if (code != close_code::none && begun.is_open()) begun.close({code, ""});
}

}  // namespace heddle::http::detail
