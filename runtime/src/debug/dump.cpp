// SPDX-License-Identifier: MIT
// Walks the stacks of a runtime; the loops go on meanwhile.
#include "debug/dump.hpp"

#include "base/fiber_label.hpp"
#include "sched/scheduler.hpp"

#include <cstddef>
#include <limits>
#include <string>

namespace heddle::detail {

namespace {

const char* state_name(fiber::state state) noexcept {
  switch (state) {
    case fiber::state::pooled:
      return "pooled";
    case fiber::state::runnable:
      return "runnable";
    case fiber::state::parked:
      return "parked";
  }
  return "unknown";
}

/// Returns ", waits for mutex 0x7f00"; nothing if the wait does not say.
std::string wait_of(const fiber& one) {
  const wait_subject subject = one.subject();
  return subject.kind() == nullptr ? std::string() : ", waits for " + text_of(subject);
}

/// Returns ", held by fiber #7"; nothing if it does not wait for a lock.
std::string holder_of(scheduler& of, fiber_id who) {
  const fiber_id holder = of.lock_waits.holder_of(who);
  return holder == fiber_id::none ? std::string() : ", held by " + text_of_caller(holder);
}

std::string line_of(scheduler& of, const fiber& one, const fiber_identity::copy& who,
                    fiber::state state) {
  std::string text =
      "  " + fiber_label(who.id, who.name.data(), who.site) + ": " + state_name(state);
  if (state == fiber::state::parked) text += wait_of(one) + holder_of(of, who.id);
  return text + "\n";
}

std::string describe(scheduler& of, std::size_t most) {
  std::string text;
  std::size_t count = 0;
  of.stacks.for_each([&](fiber& one) {
    const fiber::state state = one.status.load(std::memory_order_relaxed);
    if (state == fiber::state::pooled) return;
    const fiber_identity::copy who = one.identity.read();
    if (who.id == fiber_id::none) return;  // just starting or ending
    if (++count <= most) text += line_of(of, one, who, state);
  });
  if (count > most) text += "  and " + std::to_string(count - most) + " more\n";
  return "runtime \"" + of.settings().name + "\": " + std::to_string(of.live_tasks()) +
         " live tasks, " + std::to_string(count) + " started\n" + text;
}

}  // namespace

std::string describe_fibers(scheduler& of) {
  return describe(of, std::numeric_limits<std::size_t>::max());
}

std::string describe_some_fibers(scheduler& of) { return describe(of, 100); }

}  // namespace heddle::detail
