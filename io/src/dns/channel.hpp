// SPDX-License-Identifier: MIT
// Questions to name servers, by c-ares, which knows the wire format, the repetitions and TCP; and
// how a fiber waits for the answers. Invariants: (1) made on a thread that may block, for it reads
// files; from then on no call blocks; (2) used by one fiber at a time; (3) sockets are
// close-on-exec, and all are closed with the channel. The protocol of waiting: README.md. c-ares is
// seen in channel.cpp only.
#pragma once

#include <heddle/runtime/owned_fd.hpp>
#include "dns/host_name.hpp"

#include <heddle/io/resolver.hpp>
#include <heddle/runtime/readiness.hpp>

#include <array>
#include <chrono>
#include <cstddef>
#include <memory>
#include <string>
#include <system_error>
#include <vector>

namespace heddle::io::detail {

/// What came of one question.
struct reply {
  bool arrived = false;
  std::error_code error = {};
  std::vector<endpoint> addresses = {};  ///< with port 0
  std::chrono::seconds ttl{0};           ///< of that which ends first
};

class channel {
 public:
  /// Reads the system's settings. Errors: std::system_error; std::bad_alloc. Blocks the thread.
  explicit channel(const resolver_options& options);
  ~channel();
  channel(const channel&) = delete;
  channel& operator=(const channel&) = delete;

  /// Returns what the system's settings, or the options, say of short names.
  search_rules rules() const;

  enum class family : std::size_t { ipv6 = 0, ipv4 = 1 };

  /// Asks for one kind of address of an absolute name; its reply may be there at once.
  /// Shape: the last question for this family has been answered or dropped. Suspends: no.
  void ask(const std::string& name, family which);
  const reply& answer(family which) const noexcept;
  /// Drops the questions that have no answer.
  void drop() noexcept;

  /// Takes what has arrived, and repeats what is late. Errors: throws `cancelled`. Suspends:
  /// sometimes, cancel-safe.
  void process();

  /// Waits until there is something to process, or `limit` has passed. Errors: throws `cancelled`;
  /// std::system_error. Suspends: yes, cancel-safe.
  void wait(deadline limit);

 private:
  struct inside;  // what c-ares calls back
  const std::unique_ptr<inside> inside_;
};

}  // namespace heddle::io::detail
