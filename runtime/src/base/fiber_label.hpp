// SPDX-License-Identifier: MIT
// The one way in which messages say which fiber they mean.
// Invariants: (1) numbers are written without any locale or stream flags, so that an id looks the
// same in every message and can be searched for; (2) a label is one line.
#pragma once

#include <heddle/runtime/error.hpp>

#include <string>
#include <string_view>

namespace heddle::detail {

/// Returns "#17", or "none".
std::string text_of(fiber_id id);

/// Returns "file:line", or "an unknown place".
std::string text_of(spawn_site where);

/// Returns: fiber #17 "fetch", spawned at main.cpp:12. An empty name is left out.
std::string fiber_label(fiber_id id, std::string_view name, spawn_site where);

}  // namespace heddle::detail
