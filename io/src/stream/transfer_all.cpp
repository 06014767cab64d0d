// SPDX-License-Identifier: MIT
// Over and over, until all is there.
#include <heddle/io/stream.hpp>

namespace heddle::io::detail {

std::size_t read_exactly(source_ref stream, std::span<std::byte> into, std::error_code& error) {
  error.clear();
  std::size_t bytes = 0;
  while (bytes < into.size() && !error) {
    const std::size_t more = stream.read(stream.stream, into.subspan(bytes), error);
    if (more == 0 && !error) error = io_errc::unexpected_end;
    bytes += more;
  }
  return bytes;
}

std::size_t write_all(sink_ref stream, std::span<const std::byte> from, std::error_code& error) {
  error.clear();
  std::size_t bytes = 0;
  while (bytes < from.size() && !error) {
    bytes += stream.write(stream.stream, from.subspan(bytes), error);
  }
  return bytes;
}

}  // namespace heddle::io::detail
