// SPDX-License-Identifier: MIT
// Files as answers: their type, their age, ranges of them. Source: RFC 9110, sections 8.8, 13, 14.
// Invariants: (1) nothing of the file system is touched on a loop: each step is a job of the
// blocking pool; (2) a path that a client chose never leads out of its folder, by "..", by a
// symbolic link, or by an absolute one, and never to what begins with a dot; (3) what is no
// regular file is not there.
#pragma once

#include "server/exchange.hpp"
#include "server/outgoing.hpp"

#include <heddle/http/response.hpp>

#include <string>
#include <string_view>

namespace heddle::http::detail {

/// Answers with the file that `made` names, and with what else it says. Errors: the answer's;
/// std::bad_alloc. Suspends: yes.
void answer_with_file(const exchange& of, outgoing& answer, const response& made);

/// Answers with the file `name` below `folder`; a folder there stands for its index.html.
void answer_from_folder(const exchange& of, outgoing& answer, const std::string& folder,
                        std::string_view name);

/// Answers with one line of text.
void answer_status(outgoing& answer, int status, std::string_view text);

}  // namespace heddle::http::detail
