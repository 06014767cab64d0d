// SPDX-License-Identifier: MIT
// All of heddle::testing. GoogleTest is not needed.
#pragma once

#include <heddle/testing/cancel_sweep.hpp>
#include <heddle/testing/explore.hpp>
#include <heddle/testing/fault_proxy.hpp>
#include <heddle/testing/network.hpp>
#include <heddle/testing/proxy_plan.hpp>
#include <heddle/testing/simulation.hpp>
