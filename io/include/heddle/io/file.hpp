// SPDX-License-Identifier: MIT
// Files. The kernel has no readiness for them: a read that misses the page cache blocks its thread.
// So each call runs on the blocking pool, and the fiber waits; on a plain thread it runs there.
// Invariants: (1) no call blocks a loop; (2) a call that was cancelled before it began had no
// effect, and one that has begun goes to its end; (3) descriptors are close-on-exec. Calls at a
// position of their own (read_at, write_at) may overlap; those at the file's position, and close(),
// are for one fiber at a time. Not here: directories and names (std::filesystem, in blocking()).
#pragma once

#include <heddle/io/stream.hpp>
#include <heddle/runtime/owned_fd.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <system_error>

namespace heddle::io {

/// What may be done with a file, and what is done if it is there already, or is not.
enum class open_mode : std::uint8_t {
  read,    ///< it must be there
  write,   ///< made anew: emptied if it is there
  append,  ///< made if it is not there; each write goes to its end
  modify,  ///< read and write; it must be there
  make,    ///< read and write; it must not be there
};

/// An open file. Move-only. Default-constructed or moved from, it is closed. Destroying it closes
/// it, on this thread, which may take a while on a network's file system; close() does not.
class file : public detail::source_calls<file>, public detail::sink_calls<file> {
 public:
  file() noexcept = default;

  /// Opens `path`. Shape: new files have the permissions 0666, less the umask. Errors: io_error
  /// that names the path (no_such_file_or_directory, ...); `cancelled`. Suspends: yes, cancel-safe.
  /// Cost of this and of all calls: some microseconds, to wake a thread of the pool.
  static file open(std::string_view path, open_mode mode = open_mode::read);

  using sink_calls::write_some;
  using source_calls::read_some;
  /// Reads at the file's position, and moves it on. Returns: how many bytes; 0 at the end, or if
  /// `into` is empty. Errors: io_error; `cancelled`. Suspends: yes, cancel-safe.
  std::size_t read_some(std::span<std::byte> into, std::error_code& error);
  /// Writes at the file's position, and moves it on. Returns: how many bytes. Errors: io_error
  /// (no_space_on_device, ...); `cancelled`. Suspends: yes, cancel-safe.
  std::size_t write_some(std::span<const std::byte> from, std::error_code& error);

  /// As read_some() and write_some(), at `position`, in bytes from the beginning; the file's own
  /// position stays.
  std::size_t read_at(std::uint64_t position, std::span<std::byte> into);
  std::size_t write_at(std::uint64_t position, std::span<const std::byte> from);

  /// Returns how many bytes it has. Errors: io_error. Suspends: yes, cancel-safe.
  std::uint64_t size() const;
  /// Cuts it, or fills it up with zeros. Errors: io_error. Suspends: yes, cancel-safe.
  void resize(std::uint64_t bytes);
  /// Moves the position. Errors: io_error. Suspends: yes, cancel-safe.
  void seek(std::uint64_t position);
  /// Has what was written reach the disk. Errors: io_error. Suspends: yes, cancel-safe.
  void sync();

  /// Closes. Errors: io_error: what was written before may be lost (a network's file system); it is
  /// closed all the same. A second call does nothing. Suspends: yes; a cancelled call closes, too.
  void close();
  bool is_open() const noexcept { return static_cast<bool>(fd_); }
  /// Returns the descriptor; -1 if closed. It stays the file's.
  int native_handle() const noexcept { return fd_.get(); }
  /// Returns the path that it was opened by.
  const std::string& name() const noexcept { return path_; }

 private:
  file(owned_fd fd, std::string path) noexcept : fd_(std::move(fd)), path_(std::move(path)) {}

  template <class Call>
  auto call(std::string_view operation, Call what) const;

  owned_fd fd_;
  std::string path_;
};

/// Reads all of a file. Shape: `most` bytes at most. Errors: io_error that names the path;
/// io_errc::too_much if there are more. Suspends: yes, cancel-safe.
std::string read_file(std::string_view path, std::size_t most);

/// Writes a file anew. Errors: io_error that names the path. Suspends: yes; not cancel-safe: how
/// much was written is then unknown.
void write_file(std::string_view path, std::string_view content);

}  // namespace heddle::io
