// SPDX-License-Identifier: MIT
// One request and its response, on one connection, or two if the first had died.
// Invariants: (1) the connection goes back to the pool exactly if the response ended as it said,
// nothing lies behind it, and the whole request was sent; (2) the sending fiber ends before the
// lease does; (3) what failed once fails in the same way when asked again.
#pragma once

#include "client/pool.hpp"
#include "client/request_sender.hpp"
#include "client/response_body.hpp"
#include "message/head.hpp"
#include "message/head_scanner.hpp"

#include <heddle/http/client_error.hpp>
#include <heddle/http/client_request.hpp>

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <system_error>

namespace heddle::http::detail {

class client_core;

class call {
 public:
  call(std::shared_ptr<client_core> of, client_request asked, deadline limit);

  /// Makes the request and reads the response's head. Errors: http_error. Suspends: yes.
  void begin();

  int status() const noexcept { return status_; }
  const fields& header() const noexcept { return fields_; }
  const fields& trailer() const noexcept { return trailer_; }
  const client_request& asked() const noexcept { return asked_; }
  deadline limit() const noexcept { return limit_; }

  /// As client_response::read_some.
  std::size_t read_some(std::span<std::byte> into, std::error_code& error);

  /// Reads what is left of the body, `most` bytes at most, and forgets it.
  void discard(std::size_t most);

  /// Errors: the http_error that it names.
  [[noreturn]] void fail(std::error_code code, std::string_view why = {}) const;

 private:
  /// `declined`: the server will not say whether it wants the body.
  enum class progress : std::uint8_t { answered, died, declined };

  void take_slot();
  void connect();
  progress exchange();
  progress begin_again();
  void open_body();
  std::size_t await_head(head_scanner& scanner, bool& began);
  void throw_if_sending_failed();
  bool take_head(std::string_view text);
  void find_proxy();
  bool may_be_repeated() const noexcept;
  void take_trailer(std::error_code& error);
  void finish() noexcept;
  void give_up(std::error_code why) noexcept;
  std::size_t read_body(std::span<std::byte> into, std::error_code& error);

  const std::shared_ptr<client_core> core_;
  client_request asked_;
  const deadline limit_;
  client_phase phase_ = client_phase::pool;
  int status_ = 0;
  fields fields_;
  fields trailer_;
  framing framed_;
  std::error_code died_of_;
  std::error_code failed_;
  expecting expects_;
  const proxy* by_ = nullptr;  // of the dialer's
  lease lease_;
  std::optional<request_sender> sender_;
  std::optional<response_body> body_;  // until the response has ended
};

}  // namespace heddle::http::detail
