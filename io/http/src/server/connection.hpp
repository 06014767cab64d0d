// SPDX-License-Identifier: MIT
// One connection of a server, from its first byte to its last: requests one after another.
//
// Wait for a request; read its head; find its handler; run it; answer. Answers are gathered while
// another request is held already, and sent before anything is waited for. A wait has two parts,
// both without buffers: a moment, because most clients come back at once; then without stack too,
// and known to the idle_set. Invariants: (1) nothing is waited for while an answer is unsent; (2)
// the buffer is pinned while a handler runs, so views of the request stay valid; (3) after a
// refusal nothing more is answered.
#pragma once

#include "connection/inbound.hpp"
#include "connection/outbound.hpp"
#include "connection/transport.hpp"
#include "message/refusal.hpp"
#include "server/idle_set.hpp"
#include "server/incoming.hpp"
#include "server/outgoing.hpp"
#include "server/server_core.hpp"
#include "server/workspace.hpp"

#include <heddle/runtime/deadline.hpp>

#include <cstddef>
#include <memory>

namespace heddle::http::detail {

class connection {
 public:
  connection(std::shared_ptr<transport> over, server_core& core, idle_set& idle);

  /// Serves until the client or the server has had enough. Errors: `cancelled`. Suspends: yes.
  void run();

 private:
  enum class next { request, end };

  next await_request();
  bool await_bytes(deadline limit);
  bool await_bytes_for_long(deadline limit);
  void pick_up();
  void put_down() noexcept;
  void end_work() noexcept;
  next read_head();
  std::size_t find_head(refusal& refused);
  /// Returns whether the connection goes on.
  bool serve_request();
  void handle(incoming& body, outgoing& answer);
  void call(const server_core::handler& handle, incoming& body, outgoing& answer);
  void upgrade(const websocket_route& to, outgoing& answer);
  void converse(const websocket_route& to, websocket& talk, conversation& begun);
  void handle_whole(const server::handler& handle, incoming& body, outgoing& answer);
  bool is_own(const std::error_code& error, const body_reader& body) const noexcept;
  void answer_failure(const incoming& body, outgoing& answer);
  bool finish(incoming& body, outgoing& answer);
  void refuse(const refusal& why);
  void linger();

  const std::shared_ptr<transport> over_;  // with a WebSocket that its handler has moved elsewhere
  server_core& core_;
  idle_set& idle_;
  inbound in_;
  outbound out_;
  const io::endpoint peer_;
  std::unique_ptr<workspace> work_;  // while there is something to do
  std::size_t unsent_ = 0;           // answers gathered
  bool first_ = true;
  deadline first_head_until_;
  bool upgraded_ = false;  // it is no connection of HTTP any more
};

}  // namespace heddle::http::detail
