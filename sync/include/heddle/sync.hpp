// SPDX-License-Identifier: MIT
// Everything in heddle::sync.
#pragma once

#include <heddle/sync/barrier.hpp>
#include <heddle/sync/broadcast.hpp>
#include <heddle/sync/channel.hpp>
#include <heddle/sync/condition_variable.hpp>
#include <heddle/sync/event.hpp>
#include <heddle/sync/gate.hpp>
#include <heddle/sync/latch.hpp>
#include <heddle/sync/mutex.hpp>
#include <heddle/sync/once.hpp>
#include <heddle/sync/oneshot.hpp>
#include <heddle/sync/queue.hpp>
#include <heddle/sync/rate_limiter.hpp>
#include <heddle/sync/select.hpp>
#include <heddle/sync/semaphore.hpp>
#include <heddle/sync/shared_mutex.hpp>
#include <heddle/sync/watch.hpp>
