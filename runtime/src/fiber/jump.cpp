// SPDX-License-Identifier: MIT
// The door to Boost.Context's jump.
#include <heddle/runtime/detail/jump.hpp>

#if defined(__x86_64__)
// A tail call, whether it was called or jumped to (then the return address is the jumper's).
asm(R"(
    .text
    .p2align 4
    .globl  heddle_jump
    .type   heddle_jump, @function
heddle_jump:
    .cfi_startproc
    jmp     *jump_fcontext@GOTPCREL(%rip)
    .cfi_endproc
    .size   heddle_jump, .-heddle_jump
)");
#else
#include <boost/context/detail/fcontext.hpp>

namespace heddle::detail {

extern "C" arrival heddle_jump(void* to, void* data) {
  const auto from = boost::context::detail::jump_fcontext(to, data);
  return {from.fctx, from.data};
}

}  // namespace heddle::detail
#endif
