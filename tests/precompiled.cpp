// SPDX-License-Identifier: MIT
// Nothing: a source for the target that compiles, once, the headers that most tests include.
