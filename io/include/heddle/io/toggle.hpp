// SPDX-License-Identifier: MIT
// An option that is on or off.
#pragma once

namespace heddle::io {

enum class toggle : bool { off, on };

}  // namespace heddle::io
