// SPDX-License-Identifier: MIT
// Redirects, one call after another, within one deadline.
#include "client/client_core.hpp"

#include <optional>
#include <stdexcept>
#include <utility>

namespace heddle::http::detail {

namespace {

constexpr std::size_t discarded_bytes = 64 * 1024;  // of a redirect's body, to keep its connection

bool redirects_by(int status) noexcept {
  return (status >= 301 && status <= 303) || status == 307 || status == 308;
}

/// Returns where the response sends the request, if it does and the request can go there.
std::optional<url> destination(const call& answered, const client_config& config) {
  const auto location = answered.header().get("Location");
  const client_request& asked = answered.asked();
  const bool goes = redirects_by(answered.status()) && location && config.redirects != 0;
  if (!goes || (asked.source() && answered.status() != 303)) return std::nullopt;
  std::optional<url> to;
  try {
    to = asked.where().resolve(*location);
  } catch (const std::invalid_argument& malformed) {
    answered.fail(http_errc::redirect_refused, malformed.what());
  }
  const bool downgrade = asked.where().is_encrypted() && !to->is_encrypted();
  if (downgrade && config.downgrades == io::toggle::off) {
    answered.fail(http_errc::redirect_refused,
                  "from https to http, which client_config::downgrades does not allow");
  }
  return to;
}

}  // namespace

client_response client_core::open(const client_request& asked) {
  requests.add();
  const deadline limit = deadline::after(asked.timeout().value_or(config_.request_timeout));
  auto next = std::make_unique<call>(shared_from_this(), asked, limit);
  for (std::size_t followed = 0;; ++followed) {
    next->begin();
    const std::optional<url> to = destination(*next, config_);
    if (!to) return client_response(std::move(next));
    if (followed == config_.redirects) next->fail(http_errc::too_many_redirects);
    next->discard(discarded_bytes);
    redirects.add();
    client_request onward = next->asked();
    onward.redirect(next->status(), *to);
    next = std::make_unique<call>(shared_from_this(), std::move(onward), limit);
  }
}

client_stats client_core::stats() const {
  const pool::numbers now = shared.count();
  return {.requests = requests.value(),
          .connections = connections.value(),
          .retries = retries.value(),
          .redirects = redirects.value(),
          .open = now.open,
          .idle = now.idle,
          .waiting = now.waiting};
}

}  // namespace heddle::http::detail
