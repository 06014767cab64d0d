// SPDX-License-Identifier: MIT
// See fiber_label.hpp.
#include "base/fiber_label.hpp"

#include <heddle/runtime/lock_owner.hpp>

#include "base/one_line.hpp"

#include <array>
#include <charconv>

namespace heddle::detail {

std::string text_of(fiber_id id) {
  if (id == fiber_id::none) return "none";
  return "#" + std::to_string(static_cast<std::uint64_t>(id));
}

std::string text_of_caller(fiber_id id) {
  return is_plain_thread(id) ? "a plain thread" : "fiber " + text_of(id);
}

std::string hexadecimal(std::uint64_t number) {
  std::array<char, 16> digits{};
  const auto end = std::to_chars(digits.begin(), digits.end(), number, 16).ptr;
  return "0x" + std::string(digits.begin(), end);
}

std::string text_of(wait_subject subject) {
  std::string name = subject.kind()->name;
  switch (subject.kind()->named_by) {
    case wait_kind::object::address:
      return name + " " + hexadecimal(subject.object());
    case wait_kind::object::fiber:
      return name + " fiber " + text_of(fiber_id{subject.object()});
    case wait_kind::object::descriptor:
      return name + " descriptor " + std::to_string(subject.object());
    case wait_kind::object::none:
      break;
  }
  return name;
}

std::string text_of(spawn_site where) {
  if (where.file == nullptr || *where.file == '\0') return "an unknown place";
  return where.file + (":" + std::to_string(where.line));
}

std::string fiber_label(fiber_id id, std::string_view name, spawn_site where) {
  std::string label = "fiber " + text_of(id);
  if (!name.empty()) label += " \"" + one_line(name) + "\"";
  return label + ", spawned at " + text_of(where);
}

}  // namespace heddle::detail
