// SPDX-License-Identifier: MIT
// Everything in heddle::sync.
#pragma once

#include <heddle/sync/gate.hpp>
