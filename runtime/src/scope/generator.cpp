// SPDX-License-Identifier: MIT
// The hand-over between a generator's producer and its consumer.
#include <heddle/runtime/generator.hpp>

#include <heddle/runtime/cancel.hpp>

#include <mutex>
#include <stdexcept>
#include <utility>

namespace heddle::detail {

namespace {

constexpr wait_kind element_kind{"the next element of generator"};
constexpr wait_kind consumer_kind{"the consumer of generator"};

}  // namespace

/// Two consumers at once would get each other's elements.
class generator_core::in_use {
 public:
  explicit in_use(generator_core& core) : core_(core) {
    // order: relaxed — finds a mistake; what orders the users is their own affair.
    if (core.used_.exchange(true, std::memory_order_relaxed)) {
      throw std::logic_error("heddle::generator: two consumers advance it at once");
    }
  }
  ~in_use() { core_.used_.store(false, std::memory_order_relaxed); }
  in_use(const in_use&) = delete;
  in_use& operator=(const in_use&) = delete;

 private:
  generator_core& core_;
};

template <class Change>
void generator_core::pass_turn(side to, Change change) noexcept {
  turns_.wake_one([&](bool) noexcept {
    change();
    whose_ = to;
  });
}

wake_reason generator_core::wait_for_turn(side mine, cancellation mode) noexcept {
  const wait_subject about(mine == side::consumer ? element_kind : consumer_kind, this);
  bool there = false;
  const auto look = [&]() noexcept {
    there = whose_ == mine;
    return there;
  };
  // Woken without the turn: by somebody who tried to yield out of turn.
  for (;;) {
    const wake_reason why = turns_.wait_unless_nothrow(look, {}, mode, about);
    if (there || why == wake_reason::cancelled) return why;
  }
}

void generator_core::start() {
  group_.emplace();
  whose_ = side::producer;
  try {
    producer_ = group_->spawn([this] { run_producer(); }, where_);
  } catch (...) {
    whose_ = side::consumer;
    group_.reset();
    throw;
  }
}

void generator_core::run_producer() {
  struct ends {
    generator_core& core;
    ~ends() {
      core.pass_turn(side::consumer, [this]() noexcept { core.finished_ = true; });
    }
  } const at_end{*this};
  produce();
}

bool generator_core::advance() {
  const in_use mine(*this);
  if (at_end_) return false;
  cooperate();
  if (!asked_) {
    element_ = nullptr;
    if (!group_.has_value()) {
      start();
    } else {
      pass_turn(side::producer, []() noexcept {});
    }
    asked_ = true;
  }
  throw_if_cancelled(wait_for_turn(side::consumer, cancellation::deliver));
  asked_ = false;
  if (finished_) finish();
  if (raised_ != nullptr) std::rethrow_exception(std::exchange(raised_, nullptr));
  return !at_end_;
}

void generator_core::finish() {
  at_end_ = true;
  // Its body is over: a few instructions, unless destructors of its task's variables take longer.
  shield([this] { group_->join(); });
  if (!producer_.was_cancelled()) return;
  throw_if_cancelled();  // that is why, most likely
  producer_.get();
}

void* generator_core::element() const {
  if (element_ == nullptr) {
    throw std::logic_error("heddle::generator: no element here: the end, or ++ has thrown");
  }
  return element_;
}

void generator_core::close() noexcept {
  if (!group_.has_value()) return;
  if (!at_end_) {
    group_->cancel();
    pass_turn(side::producer,
              [this]() noexcept { closing_.store(true, std::memory_order_relaxed); });
  }
  group_.reset();
}

void generator_core::give(void* element, std::exception_ptr error) {
  cooperate();
  bool in_turn = false;
  turns_.wake_one([&](bool) noexcept {
    in_turn = whose_ == side::producer && !closing_.load(std::memory_order_relaxed);
    if (!in_turn) return;
    element_ = element;
    raised_ = std::move(error);
    whose_ = side::consumer;
  });
  if (in_turn) {
    wait_for_turn(side::producer, cancellation::shield);
  } else if (!closing_.load(std::memory_order_relaxed)) {
    throw std::logic_error("heddle::generator: yield while another yield is under way");
  }
  if (closing_.load(std::memory_order_relaxed))
    throw cancelled("the consumer of its generator has gone");
  throw_if_cancelled();
}

void throw_no_generator() {
  throw std::logic_error(
      "heddle::generator: there is none here (default-constructed or moved from)");
}

void throw_null_failure() {
  throw std::invalid_argument("heddle::generator: the error that was yielded is null");
}

}  // namespace heddle::detail
