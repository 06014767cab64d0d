// SPDX-License-Identifier: MIT
// One buffer, filled by the pool and emptied into the stream.
#include <heddle/io/send_file.hpp>

#include "net/system_call.hpp"

#include <heddle/runtime/blocking.hpp>

#include <algorithm>
#include <cerrno>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

namespace heddle::io::detail {

namespace {

void check(const file_part& part) {
  constexpr std::size_t most = std::size_t{1} << 30;
  if (part.piece_bytes >= 1 && part.piece_bytes <= most) return;
  throw std::invalid_argument("heddle::io::file_part::piece_bytes is " +
                              std::to_string(part.piece_bytes) + ", not in 1..2^30");
}

/// Writes all of `piece`, and moves `part` on with each byte that was taken.
void send_piece(sink_ref to, std::span<const std::byte> piece, file_part& part,
                std::error_code& error) {
  while (!piece.empty() && !error) {
    const std::size_t taken = to.write(to.stream, piece, error);
    piece = piece.subspan(taken);
    part.offset += taken;
    part.bytes -= taken;
  }
}

}  // namespace

std::uint64_t send_file(sink_ref to, const file& from, file_part& part, std::error_code& error) {
  check(part);
  error.clear();
  const std::uint64_t begin = part.offset;
  const int fd = from.native_handle();
  std::vector<std::byte> buffer(std::min<std::uint64_t>(part.bytes, part.piece_bytes));
  while (part.bytes != 0 && !error) {
    const std::span room =
        std::span(buffer).first(std::min<std::uint64_t>(part.bytes, buffer.size()));
    const transferred got = heddle::blocking([&] { return read_at(fd, part.offset, room); });
    if (got.error != 0) error = system_error_code(got.error);
    if (got.bytes == 0) break;
    send_piece(to, room.first(got.bytes), part, error);
    // The end, unless the file grows just now: who sends a log asks again.
    if (got.bytes < room.size()) break;
  }
  return part.offset - begin;
}

void fail_to_send(sink_ref to, const file& from, const std::error_code& error) {
  if (!from.is_open()) throw io_error(error, "send", no_endpoint{"a file that is closed"});
  to.fail(to.stream, error, "send a file to");
  throw io_error(error, "send", no_endpoint{from.name()});
}

}  // namespace heddle::io::detail
