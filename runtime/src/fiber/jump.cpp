// SPDX-License-Identifier: MIT
// The door to Boost.Context's jump.
#include <heddle/runtime/detail/jump.hpp>

#include <boost/context/detail/fcontext.hpp>

namespace heddle::detail {

#if defined(__x86_64__)
// A tail call, whether it was called or jumped to: then the return address is the jumper's.
extern "C" __attribute__((naked, noinline, used)) arrival heddle_jump(void* /*to*/,
                                                                      void* /*data*/) {
  asm("jmp *jump_fcontext@GOTPCREL(%rip)");
}
#else
extern "C" arrival heddle_jump(void* to, void* data) {
  const auto from = boost::context::detail::jump_fcontext(to, data);
  return {from.fctx, from.data};
}
#endif

}  // namespace heddle::detail
