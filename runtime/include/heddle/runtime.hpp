// SPDX-License-Identifier: MIT
// Everything of heddle::runtime.
#pragma once

#include <heddle/runtime/as_completed.hpp>
#include <heddle/runtime/blocking.hpp>
#include <heddle/runtime/cancel.hpp>
#include <heddle/runtime/cancelled.hpp>
#include <heddle/runtime/clock.hpp>
#include <heddle/runtime/config.hpp>
#include <heddle/runtime/context_var.hpp>
#include <heddle/runtime/cpu_pool.hpp>
#include <heddle/runtime/deadline.hpp>
#include <heddle/runtime/error.hpp>
#include <heddle/runtime/fiber_local.hpp>
#include <heddle/runtime/fork_join.hpp>
#include <heddle/runtime/gather.hpp>
#include <heddle/runtime/generator.hpp>
#include <heddle/runtime/lock_owner.hpp>
#include <heddle/runtime/map.hpp>
#include <heddle/runtime/outcome.hpp>
#include <heddle/runtime/owned_fd.hpp>
#include <heddle/runtime/parallel.hpp>
#include <heddle/runtime/park.hpp>
#include <heddle/runtime/race.hpp>
#include <heddle/runtime/readiness.hpp>
#include <heddle/runtime/runtime.hpp>
#include <heddle/runtime/spinlock.hpp>
#include <heddle/runtime/stats.hpp>
#include <heddle/runtime/task.hpp>
#include <heddle/runtime/task_group.hpp>
#include <heddle/runtime/this_fiber.hpp>
#include <heddle/runtime/wait_queue.hpp>
