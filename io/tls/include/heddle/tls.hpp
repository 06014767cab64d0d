// SPDX-License-Identifier: MIT
// Everything of heddle::tls.
#pragma once

#include <heddle/tls/config.hpp>
#include <heddle/tls/error.hpp>
#include <heddle/tls/listener.hpp>
#include <heddle/tls/stream.hpp>
