// SPDX-License-Identifier: MIT
// One buffer, filled and emptied in turn.
#include <heddle/io/copy.hpp>

#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace heddle::io::detail {

std::uint64_t copy(source_ref from, sink_ref to, const copy_options& options) {
  constexpr std::size_t most_bytes = std::size_t{1} << 30;
  if (options.buffer_bytes < 1 || options.buffer_bytes > most_bytes) {
    throw std::invalid_argument("heddle::io::copy_options::buffer_bytes is " +
                                std::to_string(options.buffer_bytes) + ", not in 1..2^30");
  }
  std::vector<std::byte> buffer(options.buffer_bytes);
  std::uint64_t copied = 0;
  for (;;) {
    std::error_code error;
    const std::size_t bytes = from.read(from.stream, buffer, error);
    if (error) from.fail(from.stream, error, "read from");
    if (bytes == 0) return copied;
    write_all(to, std::span(buffer).first(bytes), error);
    if (error) to.fail(to.stream, error, "write to");
    copied += bytes;
  }
}

}  // namespace heddle::io::detail
