// SPDX-License-Identifier: MIT
// Each call is one job of the blocking pool.
#include <heddle/io/file.hpp>

#include "net/system_call.hpp"

#include <heddle/runtime/blocking.hpp>
#include <heddle/runtime/cancel.hpp>

#include <algorithm>
#include <cerrno>
#include <limits>
#include <utility>

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace heddle::io {

namespace {

/// What a call on the pool brought, or the errno value that stopped it.
struct answer {
  std::int64_t value = 0;
  int error = 0;
};

/// Repeats `call` while signals interrupt it. On the pool's thread: errno is read where it was
/// written.
template <class Call>
answer made(Call call) noexcept {
  for (;;) {
    const auto result = static_cast<std::int64_t>(call());
    if (result >= 0) return {result, 0};
    if (errno != EINTR) return {0, errno};
  }
}

int flags_of(open_mode mode) noexcept {
  switch (mode) {
    case open_mode::read:
      return O_RDONLY;
    case open_mode::write:
      return O_WRONLY | O_CREAT | O_TRUNC;
    case open_mode::append:
      return O_WRONLY | O_CREAT | O_APPEND;
    case open_mode::modify:
      return O_RDWR;
    case open_mode::make:
      return O_RDWR | O_CREAT | O_EXCL;
  }
  return O_RDONLY;
}

off_t offset_of(std::uint64_t bytes) noexcept {
  constexpr auto most = static_cast<std::uint64_t>(std::numeric_limits<off_t>::max());
  return static_cast<off_t>(std::min(bytes, most));
}

/// Makes `what(fd)` on the pool, if the file is open.
template <class Call>
answer on_pool(int fd, Call what) {
  if (fd < 0) return {0, EBADF};
  return blocking([&] { return made([&] { return what(fd); }); });
}

/// The same for a call that moves up to `wanted` bytes: none is asked for none.
template <class Call>
std::size_t some_bytes(int fd, std::size_t wanted, std::error_code& error, Call what) {
  error.clear();
  if (wanted == 0 && fd >= 0) return 0;
  const answer got = on_pool(fd, what);
  if (got.error != 0) error = detail::system_error_code(got.error);
  return static_cast<std::size_t>(got.value);
}

}  // namespace

/// Makes `what(fd)` on the pool, and throws what it reports.
template <class Call>
auto file::call(std::string_view operation, Call what) const {
  const answer got = on_pool(fd_.get(), what);
  if (got.error != 0) {
    throw io_error(detail::system_error_code(got.error), operation, no_endpoint{path_});
  }
  return got.value;
}

file file::open(std::string_view path, open_mode mode) {
  std::string name(path);
  if (name.find('\0') != std::string::npos) {  // open(2) would see a shorter name
    throw io_error(detail::system_error_code(EINVAL), "open", no_endpoint{name});
  }
  const int flags = flags_of(mode) | O_CLOEXEC | O_NOCTTY;
  owned_fd opened;
  const answer got = blocking([&] {
    const answer fd = made([&] { return ::open(name.c_str(), flags, 0666); });
    if (fd.error == 0) opened.reset(static_cast<int>(fd.value));
    return fd;
  });
  if (got.error != 0) {
    throw io_error(detail::system_error_code(got.error), "open", no_endpoint{name});
  }
  return {std::move(opened), std::move(name)};
}

std::size_t file::read_some(std::span<std::byte> into, std::error_code& error) {
  return some_bytes(fd_.get(), into.size(), error,
                    [&](int fd) { return ::read(fd, into.data(), into.size()); });
}

std::size_t file::write_some(std::span<const std::byte> from, std::error_code& error) {
  return some_bytes(fd_.get(), from.size(), error,
                    [&](int fd) { return ::write(fd, from.data(), from.size()); });
}

std::size_t file::read_at(std::uint64_t position, std::span<std::byte> into) {
  return static_cast<std::size_t>(call("read from", [&](int fd) {
    return ::pread(fd, into.data(), into.size(), offset_of(position));
  }));
}

std::size_t file::write_at(std::uint64_t position, std::span<const std::byte> from) {
  return static_cast<std::size_t>(call("write to", [&](int fd) {
    return ::pwrite(fd, from.data(), from.size(), offset_of(position));
  }));
}

std::uint64_t file::size() const {
  struct stat found {};
  call("ask for the size of", [&](int fd) { return ::fstat(fd, &found); });
  return static_cast<std::uint64_t>(found.st_size);
}

void file::resize(std::uint64_t bytes) {
  call("resize", [&](int fd) { return ::ftruncate(fd, offset_of(bytes)); });
}

void file::seek(std::uint64_t position) {
  call("seek in", [&](int fd) { return ::lseek(fd, offset_of(position), SEEK_SET); });
}

void file::sync() {
  call("sync", [](int fd) { return ::fsync(fd); });
}

void file::close() {
  if (!fd_) return;
  const int fd = fd_.release();
  // Not repeated: the descriptor is gone, whatever close() says.
  const int failed =
      shield([fd] { return blocking([fd] { return ::close(fd) == 0 ? 0 : errno; }); });
  if (failed != 0 && failed != EINTR) {
    throw io_error(detail::system_error_code(failed), "close", no_endpoint{path_});
  }
}

std::string read_file(std::string_view path, std::size_t most) {
  file from = file::open(path);
  // One byte more than it says: it may grow, and what /proc has says that it has none.
  const std::size_t said = from.size();
  std::string content(std::min(most, std::max<std::size_t>(said, 4096 - 1)) + 1, '\0');
  std::size_t bytes = 0;
  for (;;) {
    const std::size_t more =
        from.read_some(std::as_writable_bytes(std::span(content)).subspan(bytes));
    bytes += more;
    if (more == 0) break;
    if (bytes > most) throw io_error(io_errc::too_much, "read all of", no_endpoint{path});
    if (bytes == content.size()) content.resize(std::min(most, 2 * bytes) + 1);
  }
  content.resize(bytes);
  return content;
}

void write_file(std::string_view path, std::string_view content) {
  file to = file::open(path, open_mode::write);
  to.write_all(std::as_bytes(std::span(content)));
  to.close();
}

}  // namespace heddle::io
