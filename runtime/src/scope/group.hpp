// SPDX-License-Identifier: MIT
// Where the groups of a fiber hang.
#pragma once

namespace heddle::detail {

class fiber;
struct cancel_domain;

/// Returns the domain of `self`, the running fiber, and makes it if there is none.
/// Errors: std::bad_alloc.
cancel_domain& domain_of(fiber& self);

}  // namespace heddle::detail
