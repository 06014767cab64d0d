// SPDX-License-Identifier: MIT
// See fiber_label.hpp.
#include "base/fiber_label.hpp"

#include "base/one_line.hpp"

namespace heddle::detail {

std::string text_of(fiber_id id) {
  if (id == fiber_id::none) return "none";
  return "#" + std::to_string(static_cast<std::uint64_t>(id));
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
