// SPDX-License-Identifier: MIT
// The jump between two stacks: Boost.Context's, entered so that the core still predicts where
// returns go. A core predicts each `ret` from a small stack of its own, pushed by each `call`.
// jump_fcontext expects to be called but goes on with a `jmp`, so after a plain call every later
// `ret` on the stack that is entered, all the way up to the user's code, would be predicted one
// frame off: some 20 cycles each. jump() pushes the return address itself and enters by a `jmp`
// too: as many calls as returns. It stands in a public header because this_fiber::yield is inlined
// into its caller: a return out of it would be predicted to go to the other fiber's caller.
// Invariants: (1) all registers that a call may change are clobbers of the asm; jump_fcontext keeps
// the others; (2) the ABI's red zone below the stack pointer is not written to: a compiler need not
// know that there is a call; (3) on arrival the stack pointer is as it was before the push, so a
// waiting frame can be unwound from there, 128 bytes up.
#pragma once

#include <cstdint>

namespace heddle::detail {

/// What a jump hands to the stack it enters: the stack it came from, and a word.
struct arrival {
  void* context;
  void* data;
};

/// Boost.Context's jump, under a name that users of a shared libheddle can link to.
extern "C" arrival heddle_jump(void* to, void* data);

// Elsewhere, and where returns may be checked against a shadow stack (-fcf-protection), it is
// called: right, but slower. (clang-tidy 14 dies of the operand that makes no code.)
#if defined(__x86_64__) && !(defined(__CET__) && (__CET__ & 2)) && !defined(__clang_analyzer__)
#if defined(__AVX512F__)
#define HEDDLE_UPPER_REGISTERS                                                                  \
  , "xmm16", "xmm17", "xmm18", "xmm19", "xmm20", "xmm21", "xmm22", "xmm23", "xmm24", "xmm25",   \
      "xmm26", "xmm27", "xmm28", "xmm29", "xmm30", "xmm31", "k0", "k1", "k2", "k3", "k4", "k5", \
      "k6", "k7"
#else
#define HEDDLE_UPPER_REGISTERS
#endif

/// Goes on at `to` and hands it `data`; returns what is handed to this stack when somebody jumps
/// back.
inline __attribute__((always_inline)) arrival jump(void* to, void* data) noexcept {
  arrival from;
  asm volatile(
      "leaq -128(%%rsp), %%rsp\n\t"
      "leaq 1f(%%rip), %%rax\n\t"
      "pushq %%rax\n\t"
      "jmp heddle_jump@PLT\n"
      "1:\n\t"
      "leaq 128(%%rsp), %%rsp"
      : "=a"(from.context), "=d"(from.data), "+D"(to), "+S"(data)
      : "X"(heddle_jump)  // so that a link-time optimiser sees the use
      : "rcx", "r8", "r9", "r10", "r11", "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6",
        "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13", "xmm14", "xmm15", "st", "st(1)",
        "st(2)", "st(3)", "st(4)", "st(5)", "st(6)", "st(7)" HEDDLE_UPPER_REGISTERS, "cc",
        "memory");
  return from;
}
#undef HEDDLE_UPPER_REGISTERS
#else
inline __attribute__((always_inline)) arrival jump(void* to, void* data) noexcept {
  return heddle_jump(to, data);
}
#endif

/// The part of a saved execution that a jump fills.
struct saved_context {
  void* context = nullptr;
};

/// What is to become of an execution that was left, once its stack is saved.
enum class after : std::uintptr_t { nothing, yielded, parks, ended };

/// Who was left, and what is to become of it: travels with a jump as one word.
struct departure {
  saved_context* who;
  after what;

  void* packed() const noexcept {
    return reinterpret_cast<void*>(reinterpret_cast<std::uintptr_t>(who) |
                                   static_cast<std::uintptr_t>(what));
  }
  static departure unpack(const void* data) noexcept {
    const auto bits = reinterpret_cast<std::uintptr_t>(data);
    return {reinterpret_cast<saved_context*>(bits & ~std::uintptr_t{7}),
            static_cast<after>(bits & 7)};
  }
};

/// The first thing on a stack just entered: keeps the context of the one that was left.
inline __attribute__((always_inline)) departure keep_context(arrival from) noexcept {
  const departure left = departure::unpack(from.data);
  left.who->context = from.context;
  return left;
}

/// A switch that is decided but not made: where to jump to, and what to hand over.
struct handover {
  void* to = nullptr;  // null: nothing is left to do
  void* data = nullptr;
};

/// The part of this_fiber::yield before its jump. Errors: as yield.
handover begin_yield();
/// The part after it, if the one that was left wants anything done.
void finish_switch(departure left) noexcept;

}  // namespace heddle::detail
