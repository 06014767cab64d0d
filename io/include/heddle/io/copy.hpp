// SPDX-License-Identifier: MIT
// From one stream to another, up to the end, in a buffer of its own: as fast as the slower of both.
// Not here: both directions at once, which are two fibers; a part of a file (send_file.hpp).
#pragma once

#include <heddle/io/stream.hpp>

#include <cstddef>
#include <cstdint>

namespace heddle::io {

struct copy_options {
  /// Bytes under way at most. Range 1 B..1 GiB.
  std::size_t buffer_bytes = 64 * 1024;
};

namespace detail {
std::uint64_t copy(source_ref from, sink_ref to, const copy_options& options);
}

/// Writes to `to` what it reads from `from`, until that ends; neither is closed. Returns: how many
/// bytes. Errors: io_error that names the stream that failed; std::invalid_argument that names the
/// option. Suspends: yes; not cancel-safe: what was read and not yet written is lost. Cost: a read,
/// a write and a copy of it in memory for each piece.
template <byte_source From, byte_sink To>
std::uint64_t copy(From& from, To& to, const copy_options& options = {}) {
  return detail::copy(detail::source_ref::to(from), detail::sink_ref::to(to), options);
}

}  // namespace heddle::io
