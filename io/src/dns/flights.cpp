// SPDX-License-Identifier: MIT
// The steps of README.md, by letter.
#include "dns/flights.hpp"

#include <algorithm>
#include <utility>

namespace heddle::io::detail {

namespace {

constexpr wait_kind lookup_kind{"the lookup of a name"};
constexpr wait_kind turn_kind{"a turn to look up a name"};

shared_result too_late() {
  return std::make_shared<const lookup_result>(lookup_result{dns_errc::timed_out});
}

}  // namespace

flights::flights(const resolver_options& options, lookup how)
    : options_(options),
      look_up_(std::move(how)),
      cache_(options.cache_entries),
      turns_(options.lookups_at_once) {}

/// Steps J and L.
class flights::participation {
 public:
  participation(flights& of, const std::string& name) : all_(of), name_(name) {
    const std::lock_guard lock(all_.guard_);
    cached_ = all_.cache_.find(name, clock::now());
    if (cached_ != nullptr) return;
    std::shared_ptr<flight>& known = all_.flights_[name];
    if (known == nullptr) known = std::make_shared<flight>();
    joined_ = known;
    ++joined_->participants;
  }
  ~participation() {
    if (joined_ == nullptr) return;
    const std::lock_guard lock(all_.guard_);
    if (--joined_->participants != 0) return;
    const auto found = all_.flights_.find(name_);
    if (found != all_.flights_.end() && found->second == joined_) all_.flights_.erase(found);
  }
  participation(const participation&) = delete;
  participation& operator=(const participation&) = delete;

  const shared_result& cached() const noexcept { return cached_; }
  flight& joined() const noexcept { return *joined_; }

 private:
  flights& all_;
  const std::string& name_;
  shared_result cached_;
  std::shared_ptr<flight> joined_;
};

/// Step A, unless land() has happened.
class flights::leadership {
 public:
  explicit leadership(flight& of) noexcept : flight_(of) {}
  ~leadership() {
    if (landed) return;
    flight_.waiting.wake_one([this](bool found) noexcept { flight_.led = found; });
  }
  leadership(const leadership&) = delete;
  leadership& operator=(const leadership&) = delete;

  bool landed = false;

 private:
  flight& flight_;
};

/// One of the lookups that may be under way at once.
class flights::turn {
 public:
  turn(flights& of, deadline limit) : all_(of) {
    const auto free = [this] {
      if (all_.turns_ == 0) return false;
      --all_.turns_;
      return true;
    };
    taken_ = all_.line_.wait_unless(free, limit, {turn_kind, &all_}) == wake_reason::event;
  }
  ~turn() {
    if (!taken_) return;
    all_.line_.wake_one([this](bool found) noexcept {
      if (!found) ++all_.turns_;
    });
  }
  turn(const turn&) = delete;
  turn& operator=(const turn&) = delete;

  bool taken() const noexcept { return taken_; }

 private:
  flights& all_;
  bool taken_ = false;
};

shared_result flights::find(const std::string& name, deadline limit) {
  const participation mine(*this, name);
  if (mine.cached() != nullptr) return mine.cached();
  flight& joined = mine.joined();
  const deadline until = std::min(limit, deadline::after(options_.timeout));
  const auto leads_or_has = [&joined] {
    if (joined.outcome != nullptr) return true;
    return !std::exchange(joined.led, true);
  };
  const wake_reason reason =
      joined.waiting.wait_unless(leads_or_has, until, {lookup_kind, &joined});
  if (reason != wake_reason::event) return too_late();
  // Set before the wake-up, or by nobody but this caller, who then leads.
  if (joined.outcome != nullptr) return joined.outcome;
  return lead(name, joined, limit);
}

shared_result flights::lead(const std::string& name, flight& mine, deadline limit) {
  leadership leads(mine);
  const deadline whole = deadline::after(options_.timeout);
  const turn own(*this, std::min(limit, whole));
  if (!own.taken()) return too_late();
  auto result = std::make_shared<const lookup_result>(look_up_(name, std::min(limit, whole)));
  // The time of this caller is over, not that of the lookup: others go on.
  if (limit < whole && result->error == dns_errc::timed_out) return result;
  land(name, mine, result);
  leads.landed = true;
  return result;
}

void flights::land(const std::string& name, flight& mine, const shared_result& result) {
  const std::lock_guard lock(guard_);
  remember(name, result);
  const auto found = flights_.find(name);
  if (found != flights_.end() && found->second.get() == &mine) flights_.erase(found);
  mine.waiting.wake_all(wake_reason::event, [&]() noexcept { mine.outcome = result; });
}

void flights::remember(const std::string& name, const shared_result& result) {
  const auto& [error, addresses, ttl, whole] = *result;
  const bool is_none = error == dns_errc::no_such_host || error == dns_errc::no_address;
  if (error && !is_none) return;
  auto holds = std::clamp(ttl, options_.shortest_ttl, options_.longest_ttl);
  if (is_none) holds = options_.negative_ttl;
  if (!whole) holds = std::min(holds, options_.negative_ttl);
  if (holds <= std::chrono::seconds::zero()) return;
  cache_.put(name, result, deadline::after(holds).when());
}

void flights::clear() noexcept {
  const std::lock_guard lock(guard_);
  cache_.clear();
}

std::size_t flights::remembered() const noexcept {
  const std::lock_guard lock(guard_);
  return cache_.size();
}

std::size_t flights::under_way() const noexcept {
  const std::lock_guard lock(guard_);
  return flights_.size();
}

}  // namespace heddle::io::detail
