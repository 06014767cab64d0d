// SPDX-License-Identifier: MIT
// All who wait are woken, and look again.
#include "websocket/reading_right.hpp"

#include <optional>

namespace heddle::http::detail {

namespace {
constexpr wait_kind reading{"its turn to read from websocket"};
}  // namespace

reading_right::outcome reading_right::take(user who) {
  std::optional<outcome> got;
  const auto look = [&] {
    if (has_it_ == user::nobody) {
      has_it_ = who;
      got = outcome::taken;
    } else if (has_it_ == user::receiver && who == user::receiver) {
      got = outcome::twice;
    }
    return got.has_value();
  };
  while (!got) waiting_.wait_unless(look, {}, wait_subject(reading, this));
  return *got;
}

void reading_right::leave() noexcept {
  waiting_.wake_all(wake_reason::event, [&]() noexcept { has_it_ = user::nobody; });
}

}  // namespace heddle::http::detail
