// SPDX-License-Identifier: MIT
// Everything in heddle::sync.
#pragma once

#include <heddle/sync/channel.hpp>
#include <heddle/sync/event.hpp>
#include <heddle/sync/gate.hpp>
#include <heddle/sync/oneshot.hpp>
#include <heddle/sync/select.hpp>
