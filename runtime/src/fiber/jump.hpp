// SPDX-License-Identifier: MIT
// The jump between two stacks: Boost.Context's, called so that the core still predicts where
// returns go. A core predicts each `ret` from a small stack of its own, pushed by each `call`.
// jump_fcontext is called, but goes on with a `jmp`, so on the stack that is entered every later
// `ret`, all the way up to the user's code, is predicted one frame off: some 20 cycles each.
// heddle_jump() pairs the call with a `ret` to the place where it returns anyway: right where many
// fibers wait at the same place (yield, park). Where two known places alternate (a joiner and the
// child it runs) the plain jump is better: the core learns its `jmp`, and only the one `ret` to the
// joiner's caller is off. Invariants: (1) data passed is never null: it marks the first pass; (2)
// the callers' exception globals are not touched: fiber/context.hpp swaps them, whatever Boost's
// version.
#pragma once

#include <boost/context/detail/fcontext.hpp>

namespace heddle::detail {

using boost::context::detail::fcontext_t;
using boost::context::detail::jump_fcontext;
using boost::context::detail::transfer_t;

using jump_function = transfer_t (*)(fcontext_t to, void* data);

#if defined(__x86_64__)
extern "C" transfer_t heddle_jump(fcontext_t to, void* data);
#else
inline transfer_t heddle_jump(fcontext_t to, void* data) {
  return boost::context::detail::jump_fcontext(to, data);
}
#endif

}  // namespace heddle::detail
