// SPDX-License-Identifier: MIT
// The four ways to answer.
#include "chooser.hpp"

#include "splitmix.hpp"

#include <algorithm>
#include <numeric>
#include <utility>

namespace heddle::testing::detail {

namespace {

/// The answers of a seed.
class seeded {
 public:
  explicit seeded(std::uint64_t seed) : seed_(seed) {}

  std::uint64_t next() { return splitmix(seed_, ++given_); }
  std::uint32_t below(std::uint32_t bound) {
    return static_cast<std::uint32_t>((next() >> 32) * bound >> 32);
  }

 private:
  std::uint64_t seed_;
  std::uint64_t given_ = 0;
};

class by_chance : public chooser {
 public:
  explicit by_chance(std::uint64_t seed) : random_(seed) {}
  std::uint32_t choose(std::uint32_t bound) override { return random_.below(bound); }
  std::uint32_t choose_loop(std::span<const unsigned> loops, bool /*went_on*/) override {
    return random_.below(static_cast<std::uint32_t>(loops.size()));
  }

 private:
  seeded random_;
};

class by_priority : public chooser {
 public:
  by_priority(std::uint64_t seed, unsigned loops, unsigned changes, std::uint64_t turns)
      : random_(seed), priority_(loops) {
    std::iota(priority_.begin(), priority_.end(), 1);
    for (std::size_t n = priority_.size(); n > 1; --n) {
      std::swap(priority_[n - 1], priority_[random_.below(static_cast<std::uint32_t>(n))]);
    }
    for (unsigned n = 0; n < changes; ++n) changes_.push_back(random_.next() % turns);
  }

  std::uint32_t choose(std::uint32_t bound) override { return random_.below(bound); }

  std::uint32_t choose_loop(std::span<const unsigned> loops, bool /*went_on*/) override {
    const auto now = turn_++;
    for (auto left = std::count(changes_.begin(), changes_.end(), now); left > 0; --left) {
      priority_[loops[highest(loops)]] = --lowest_;
    }
    return highest(loops);
  }

 private:
  std::uint32_t highest(std::span<const unsigned> loops) const {
    const auto less = [this](unsigned a, unsigned b) { return priority_[a] < priority_[b]; };
    const auto found = std::max_element(loops.begin(), loops.end(), less);
    return static_cast<std::uint32_t>(found - loops.begin());
  }

  seeded random_;
  std::vector<std::int64_t> priority_;
  std::int64_t lowest_ = 1;
  std::vector<std::uint64_t> changes_;
  std::uint64_t turn_ = 0;
};

class by_schedule : public chooser {
 public:
  explicit by_schedule(const schedule& answers) : answers_(answers.answers) {}
  std::uint32_t choose(std::uint32_t bound) override {
    const auto now = question_++;
    if (next_ == answers_.size() || answers_[next_].question != now) return 0;
    return std::min(answers_[next_++].value, bound - 1);
  }
  std::uint32_t choose_loop(std::span<const unsigned> loops, bool /*went_on*/) override {
    return choose(static_cast<std::uint32_t>(loops.size()));
  }

 private:
  std::vector<schedule::answer> answers_;
  std::size_t next_ = 0;
  std::uint64_t question_ = 0;
};

}  // namespace

std::unique_ptr<chooser> random_chooser(std::uint64_t seed) {
  return std::make_unique<by_chance>(seed);
}

std::unique_ptr<chooser> priority_chooser(std::uint64_t seed, unsigned loops, unsigned changes,
                                          std::uint64_t turns) {
  return std::make_unique<by_priority>(seed, loops, changes, turns);
}

std::unique_ptr<chooser> scheduled_chooser(const schedule& answers) {
  return std::make_unique<by_schedule>(answers);
}

/// Follows the path as far as it goes, and adds to it what it meets after.
class every_schedule::walk : public chooser {
 public:
  explicit walk(every_schedule& all) : all_(all) {}

  std::uint32_t choose(std::uint32_t bound) override {
    if (at_ == all_.path_.size()) all_.path_.push_back({0, bound});
    return std::min(all_.path_[at_++].answer, bound - 1);
  }

  std::uint32_t choose_loop(std::span<const unsigned> loops, bool went_on) override {
    if (went_on && preemptions_ == all_.most_preemptions_) return 0;
    const std::uint32_t answer = choose(static_cast<std::uint32_t>(loops.size()));
    if (went_on && answer != 0) ++preemptions_;
    return answer;
  }

 private:
  every_schedule& all_;
  std::size_t at_ = 0;
  unsigned preemptions_ = 0;
};

std::unique_ptr<chooser> every_schedule::begin() { return std::make_unique<walk>(*this); }

bool every_schedule::advance() {
  while (!path_.empty() && path_.back().answer + 1 >= path_.back().bound) path_.pop_back();
  if (path_.empty()) return false;
  ++path_.back().answer;
  return true;
}

}  // namespace heddle::testing::detail
