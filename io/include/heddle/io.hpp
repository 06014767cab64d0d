// SPDX-License-Identifier: MIT
// Everything of heddle::io.
#pragma once

#include <heddle/io/endpoint.hpp>
#include <heddle/io/error.hpp>
#include <heddle/io/serve.hpp>
#include <heddle/io/tcp.hpp>
