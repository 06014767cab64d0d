// SPDX-License-Identifier: MIT
// A line for one call, served by an executor of the user's: on the heap, because the executor may
// keep what it was given for longer than the caller stays.
#include <heddle/runtime/blocking.hpp>

#include "pool/call_line.hpp"

#include <exception>
#include <memory>
#include <mutex>
#include <stdexcept>
#include <utility>

namespace heddle::detail {

namespace {

constexpr wait_kind executor_kind{"a call handed to an executor", wait_kind::object::none};

}  // namespace

class handed_line final : public call_line, public std::enable_shared_from_this<handed_line> {
 public:
  using hand_over_function = std::function<void(handed_call)>;
  explicit handed_line(const hand_over_function& hand_over) noexcept : hand_over_(&hand_over) {}

  /// Runs the call, if it is still there.
  void serve() noexcept {
    std::unique_lock guard(lock_);
    pool_call* const call = take();
    guard.unlock();
    if (call == nullptr) return;
    execute(*call);
    guard.lock();
    end(guard, *call);
  }

  /// Nobody will call serve() any more.
  void drop() noexcept {
    std::unique_lock guard(lock_);
    dropped_ = true;
    if (!asking_) fail(guard);
  }

 private:
  void send_somebody(std::unique_lock<spinlock> guard) override {
    guard.unlock();
    (*hand_over_)(handed_call(std::make_shared<call_ticket>(shared_from_this())));
    guard.lock();
    asking_ = false;
    if (dropped_) fail(guard);
  }

  void fail(std::unique_lock<spinlock>& guard) noexcept {
    pool_call* const call = take();
    if (call == nullptr) return;
    guard.unlock();
    try {
      throw std::runtime_error("heddle::run_in: the executor has dropped the call");
    } catch (...) {
      call->error = std::current_exception();  // that, or that there was no memory for it
    }
    guard.lock();
    end(guard, *call);
  }
  void end(std::unique_lock<spinlock>& guard, pool_call& call) noexcept {
    resumption caller = finish(call);
    guard.unlock();
  }

  const hand_over_function* hand_over_;  // valid while the executor is asked

  // Under lock_.
  bool asking_ = true;  // it may still refuse, by an exception, which is the caller's then
  bool dropped_ = false;
};

/// What all copies of a handed_call share.
class call_ticket {
 public:
  explicit call_ticket(std::shared_ptr<handed_line> to) noexcept : line(std::move(to)) {}
  ~call_ticket() { line->drop(); }
  call_ticket(const call_ticket&) = delete;
  call_ticket& operator=(const call_ticket&) = delete;

  const std::shared_ptr<handed_line> line;
};

void handed_call::operator()() const noexcept { ticket_->line->serve(); }

void run_handed_over(pool_call& call, const std::function<void(handed_call)>& hand_over) {
  std::make_shared<handed_line>(hand_over)->run(call, wait_subject(executor_kind));
}

}  // namespace heddle::detail
