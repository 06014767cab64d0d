// SPDX-License-Identifier: MIT
// What code lies at an address, in words: the function, if the dynamic linker knows it, and the
// module with the offset in it that addr2line and debuggers take. A program's own functions are
// known if it is linked with -rdynamic (CMake: ENABLE_EXPORTS), and are not static.
#pragma once

#include <cstdint>
#include <string>

namespace heddle::detail {

/// Whether an address is one that runs, or one that a call returns to, just behind the call.
enum class code_address : std::uint8_t { interrupted, returned_to };

/// Returns "ns::f(int)+0x1c (/usr/bin/program+0x12ab)"; without a function, or only the address,
/// where no more is known. Errors: std::bad_alloc.
std::string describe_code(const void* address, code_address kind);

}  // namespace heddle::detail
