// SPDX-License-Identifier: MIT
// Everything in heddle::sync.
#pragma once

#include <heddle/sync/condition_variable.hpp>
#include <heddle/sync/gate.hpp>
#include <heddle/sync/mutex.hpp>
#include <heddle/sync/shared_mutex.hpp>
