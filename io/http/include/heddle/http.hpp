// SPDX-License-Identifier: MIT
// HTTP/1.1 and WebSocket.
#pragma once

#include <heddle/http/client.hpp>
#include <heddle/http/client_config.hpp>
#include <heddle/http/client_error.hpp>
#include <heddle/http/client_request.hpp>
#include <heddle/http/error.hpp>
#include <heddle/http/fields.hpp>
#include <heddle/http/proxy.hpp>
#include <heddle/http/request.hpp>
#include <heddle/http/response.hpp>
#include <heddle/http/server.hpp>
#include <heddle/http/server_config.hpp>
#include <heddle/http/streaming.hpp>
#include <heddle/http/url.hpp>
#include <heddle/http/websocket.hpp>
#include <heddle/http/websocket_client_config.hpp>
#include <heddle/http/websocket_config.hpp>
#include <heddle/http/websocket_error.hpp>
