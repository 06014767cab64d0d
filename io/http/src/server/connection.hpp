// SPDX-License-Identifier: MIT
// One connection of a server, from its first byte to its last: requests one after another.
//
// Wait for a request; read its head; find its handler; run it; answer. Answers are gathered while
// another request is held already, and sent before anything is waited for. A wait has two parts:
// a moment with all memory kept, because most clients come back at once; then without any, known to
// the idle_set.
// Invariants: (1) nothing is waited for while an answer is unsent; (2) the buffer is pinned while a
// handler runs, so views of the request stay valid; (3) after a refusal nothing more is answered.
#pragma once

#include "connection/inbound.hpp"
#include "connection/outbound.hpp"
#include "connection/transport.hpp"
#include "message/head_scanner.hpp"
#include "server/answer_head.hpp"
#include "server/exchange.hpp"
#include "server/idle_set.hpp"
#include "server/incoming.hpp"
#include "server/outgoing.hpp"
#include "server/server_core.hpp"

#include <cstddef>

namespace heddle::http::detail {

class connection {
 public:
  connection(transport& over, server_core& core, idle_set& idle);

  /// Serves until the client or the server has had enough. Errors: `cancelled`. Suspends: yes.
  void run();

 private:
  enum class next { request, end };

  next await_request();
  next await_request_without_memory(deadline limit);
  next read_head();
  /// Returns whether the connection goes on.
  bool serve_request();
  void handle(incoming& body, outgoing& answer);
  void call(const server_core::handler& handle, incoming& body, outgoing& answer);
  void upgrade(const websocket_route& to, outgoing& answer);
  void converse(const websocket_route& to, websocket& talk);
  void handle_whole(const server::handler& handle, incoming& body, outgoing& answer);
  void answer_failure(outgoing& answer);
  bool finish(incoming& body, outgoing& answer);
  void refuse(const refusal& why);
  void linger();

  transport& over_;
  server_core& core_;
  idle_set& idle_;
  inbound in_;
  outbound out_;
  head_scanner scanner_;
  exchange exchange_;
  date_text date_;
  std::size_t unsent_ = 0;  // answers gathered
  bool first_ = true;
  bool upgraded_ = false;  // it is no connection of HTTP any more
};

}  // namespace heddle::http::detail
