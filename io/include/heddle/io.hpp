// SPDX-License-Identifier: MIT
// Everything of heddle::io.
#pragma once

#include <heddle/io/buffered_reader.hpp>
#include <heddle/io/buffered_writer.hpp>
#include <heddle/io/copy.hpp>
#include <heddle/io/datagram_socket.hpp>
#include <heddle/io/drain_stop.hpp>
#include <heddle/io/endpoint.hpp>
#include <heddle/io/error.hpp>
#include <heddle/io/file.hpp>
#include <heddle/io/graceful.hpp>
#include <heddle/io/pipe.hpp>
#include <heddle/io/process.hpp>
#include <heddle/io/resolver.hpp>
#include <heddle/io/send_file.hpp>
#include <heddle/io/serve.hpp>
#include <heddle/io/signal_set.hpp>
#include <heddle/io/stream.hpp>
#include <heddle/io/stream_socket.hpp>
#include <heddle/io/tcp.hpp>
#include <heddle/io/toggle.hpp>
#include <heddle/io/udp.hpp>
#include <heddle/io/unix.hpp>
