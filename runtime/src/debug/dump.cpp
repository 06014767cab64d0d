// SPDX-License-Identifier: MIT
// Walks the stacks of a runtime; the loops go on meanwhile.
#include "debug/dump.hpp"

#include "base/fiber_label.hpp"
#include "sched/scheduler.hpp"

#include <array>
#include <charconv>
#include <cstdint>
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

std::string hexadecimal(std::uint64_t number) {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.begin(), digits.end(), number, 16).ptr;
  return "0x" + std::string(digits.begin(), end);
}

/// Returns ", waits for mutex 0x7f00"; nothing if the wait does not say.
std::string wait_of(const fiber& one) {
  const parker::subject_t subject = one.subject();
  if (subject.kind == nullptr) return {};
  std::string text = std::string(", waits for ") + subject.kind->name;
  switch (subject.kind->named_by) {
    case wait_kind::object::none:
      break;
    case wait_kind::object::address:
      text += " " + hexadecimal(subject.object);
      break;
    case wait_kind::object::fiber:
      text += " fiber " + text_of(fiber_id{subject.object});
      break;
    case wait_kind::object::descriptor:
      text += " descriptor " + std::to_string(subject.object);
      break;
  }
  return text;
}

}  // namespace

std::string describe_fibers(scheduler& of) {
  std::string text;
  std::size_t count = 0;
  of.stacks.for_each([&](fiber& one) {
    const fiber::state state = one.status.load(std::memory_order_relaxed);
    if (state == fiber::state::pooled) return;
    const fiber_identity::copy who = one.identity.read();
    if (who.id == fiber_id::none) return;  // just starting or ending
    ++count;
    text += "  " + fiber_label(who.id, who.name.data(), who.site) + ": " + state_name(state);
    if (state == fiber::state::parked) text += wait_of(one);
    text += "\n";
  });
  const std::uint64_t live = of.live_tasks();
  return "runtime \"" + of.settings().name + "\": " + std::to_string(live) + " live tasks, " +
         std::to_string(count) + " started\n" + text;
}

}  // namespace heddle::detail
