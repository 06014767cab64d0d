// SPDX-License-Identifier: MIT
// The one way in which messages say which fiber they mean.
// Invariants: (1) numbers are written without any locale or stream flags, so that an id looks the
// same in every message and can be searched for; (2) a label is one line.
#pragma once

#include <heddle/runtime/error.hpp>
#include <heddle/runtime/park.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace heddle::detail {

/// Returns "0x7f00".
std::string hexadecimal(std::uint64_t number);

/// Returns "#17", or "none".
std::string text_of(fiber_id id);

/// Returns "fiber #17", or "a plain thread", for what stands for a caller (lock_owner.hpp).
std::string text_of_caller(fiber_id id);

/// Returns "mutex 0x7f00": what is waited for, in words. Its kind is not null.
std::string text_of(wait_subject subject);

/// Returns "file:line", or "an unknown place".
std::string text_of(spawn_site where);

/// Returns: fiber #17 "fetch", spawned at main.cpp:12. An empty name is left out.
std::string fiber_label(fiber_id id, std::string_view name, spawn_site where);

}  // namespace heddle::detail
