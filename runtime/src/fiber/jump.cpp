// SPDX-License-Identifier: MIT
// heddle_jump for x86-64, System V calling convention.
#include "fiber/jump.hpp"

#if defined(__x86_64__)
asm(R"(
    .text
    .p2align 4
    .globl  heddle_jump
    .hidden heddle_jump
    .type   heddle_jump, @function
heddle_jump:
    .cfi_startproc
    call    jump_fcontext@PLT
1:  # jump_fcontext arrives here by jmp, with data in rdx: the call that led here is not yet paired.
    testq   %rdx, %rdx
    je      2f
    movq    %rdx, %rsi
    xorl    %edx, %edx
    leaq    1b(%rip), %rcx
    pushq   %rcx
    .cfi_adjust_cfa_offset 8
    ret                         # predicted: back to 1
    .cfi_adjust_cfa_offset -8
2:  movq    %rsi, %rdx
    ret
    .cfi_endproc
    .size   heddle_jump, .-heddle_jump
)");
#endif
