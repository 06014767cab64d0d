// SPDX-License-Identifier: MIT
// What the linker puts in the place of the C library's functions, and the program's operator new.
#include "calls.hpp"

#include <array>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <new>

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/types.h>

namespace heddle::testing::detail {
namespace {

struct kind {
  std::atomic<std::uint64_t> requests{0};
  std::atomic<std::int64_t> left{-1};  // negative: nothing is refused
};
std::array<kind, 3> kinds;
std::atomic<bool> refused{false};
std::atomic<std::int64_t> blocks{0};

/// Counts a request. Returns whether it is the one to be refused.
bool must_fail(resource what) noexcept {
  kind& of = kinds[static_cast<std::size_t>(what)];
  of.requests.fetch_add(1, std::memory_order_relaxed);
  if (of.left.load(std::memory_order_relaxed) < 0) return false;
  if (of.left.fetch_sub(1, std::memory_order_relaxed) != 0) return false;
  refused.store(true, std::memory_order_relaxed);
  return true;
}

[[maybe_unused]] bool refused_memory(resource what) noexcept {
  if (!must_fail(what)) return false;
  errno = ENOMEM;
  return true;
}

[[maybe_unused]] bool refused_descriptor() noexcept {
  if (!must_fail(resource::descriptor)) return false;
  errno = EMFILE;
  return true;
}

}  // namespace

void refuse_after(resource what, std::uint64_t left) noexcept {
  refused.store(false, std::memory_order_relaxed);
  kinds[static_cast<std::size_t>(what)].left.store(static_cast<std::int64_t>(left),
                                                   std::memory_order_relaxed);
}

bool stop_refusing() noexcept {
  for (kind& each : kinds) each.left.store(-1, std::memory_order_relaxed);
  return refused.load(std::memory_order_relaxed);
}

std::uint64_t requests(resource what) noexcept {
  return kinds[static_cast<std::size_t>(what)].requests.load(std::memory_order_relaxed);
}

std::int64_t live_blocks() noexcept { return blocks.load(std::memory_order_relaxed); }

}  // namespace heddle::testing::detail

#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) && !defined(HEDDLE_SANITIZED)

using heddle::testing::resource;
using heddle::testing::detail::blocks;
using heddle::testing::detail::refused_descriptor;
using heddle::testing::detail::refused_memory;

// NOLINTBEGIN(bugprone-reserved-identifier,cert-dcl50-cpp): what the linker calls them
extern "C" {
void* __real_malloc(std::size_t bytes) noexcept;
void* __real_calloc(std::size_t count, std::size_t bytes) noexcept;
void* __real_realloc(void* block, std::size_t bytes) noexcept;
void* __real_aligned_alloc(std::size_t alignment, std::size_t bytes) noexcept;
int __real_posix_memalign(void** block, std::size_t alignment, std::size_t bytes) noexcept;
void* __real_mmap(void* at, std::size_t bytes, int protection, int flags, int fd, off_t from);
int __real_socket(int family, int type, int protocol);
int __real_accept4(int fd, sockaddr* peer, socklen_t* length, int flags);
int __real_epoll_create1(int flags);
int __real_eventfd(unsigned value, int flags);
int __real_timerfd_create(int clock, int flags);
int __real_open(const char* path, int flags, mode_t mode);
int __real_pipe2(int* ends, int flags);

void* __wrap_malloc(std::size_t bytes) noexcept {
  return refused_memory(resource::allocation) ? nullptr : __real_malloc(bytes);
}
void* __wrap_calloc(std::size_t count, std::size_t bytes) noexcept {
  return refused_memory(resource::allocation) ? nullptr : __real_calloc(count, bytes);
}
void* __wrap_realloc(void* block, std::size_t bytes) noexcept {
  return refused_memory(resource::allocation) ? nullptr : __real_realloc(block, bytes);
}
void* __wrap_aligned_alloc(std::size_t alignment, std::size_t bytes) noexcept {
  return refused_memory(resource::allocation) ? nullptr : __real_aligned_alloc(alignment, bytes);
}
int __wrap_posix_memalign(void** block, std::size_t alignment, std::size_t bytes) noexcept {
  if (refused_memory(resource::allocation)) return ENOMEM;
  return __real_posix_memalign(block, alignment, bytes);
}
void* __wrap_mmap(void* at, std::size_t bytes, int protection, int flags, int fd, off_t from) {
  if (refused_memory(resource::mapping)) return MAP_FAILED;
  return __real_mmap(at, bytes, protection, flags, fd, from);
}
int __wrap_socket(int family, int type, int protocol) {
  return refused_descriptor() ? -1 : __real_socket(family, type, protocol);
}
int __wrap_accept4(int fd, sockaddr* peer, socklen_t* length, int flags) {
  return refused_descriptor() ? -1 : __real_accept4(fd, peer, length, flags);
}
int __wrap_epoll_create1(int flags) {
  return refused_descriptor() ? -1 : __real_epoll_create1(flags);
}
int __wrap_eventfd(unsigned value, int flags) {
  return refused_descriptor() ? -1 : __real_eventfd(value, flags);
}
int __wrap_timerfd_create(int clock, int flags) {
  return refused_descriptor() ? -1 : __real_timerfd_create(clock, flags);
}
int __wrap_open(const char* path, int flags, ...) {
  mode_t mode = 0;
  if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE) {
    std::va_list more;
    va_start(more, flags);
    mode = va_arg(more, mode_t);
    va_end(more);
  }
  return refused_descriptor() ? -1 : __real_open(path, flags, mode);
}
int __wrap_pipe2(int* ends, int flags) {
  return refused_descriptor() ? -1 : __real_pipe2(ends, flags);
}
}
// NOLINTEND(bugprone-reserved-identifier,cert-dcl50-cpp)

namespace {

void* allocate(std::size_t bytes, std::size_t alignment) noexcept {
  if (refused_memory(resource::allocation)) return nullptr;
  if (bytes > SIZE_MAX - alignment) return nullptr;
  void* const block =
      alignment <= alignof(std::max_align_t)
          ? __real_malloc(bytes == 0 ? 1 : bytes)
          : __real_aligned_alloc(alignment, (bytes + alignment - 1) / alignment * alignment);
  if (block != nullptr) blocks.fetch_add(1, std::memory_order_relaxed);
  return block;
}

void* allocate_or_throw(std::size_t bytes, std::size_t alignment) {
  void* const block = allocate(bytes, alignment);
  if (block == nullptr) throw std::bad_alloc();
  return block;
}

void release(void* block) noexcept {
  if (block == nullptr) return;
  blocks.fetch_sub(1, std::memory_order_relaxed);
  std::free(block);
}

}  // namespace

// The forms for arrays call these.
void* operator new(std::size_t bytes) { return allocate_or_throw(bytes, 1); }
void* operator new(std::size_t bytes, std::align_val_t alignment) {
  return allocate_or_throw(bytes, static_cast<std::size_t>(alignment));
}
void* operator new(std::size_t bytes, const std::nothrow_t&) noexcept { return allocate(bytes, 1); }
void operator delete(void* block) noexcept { release(block); }
void operator delete(void* block, std::size_t) noexcept { release(block); }
void operator delete(void* block, std::align_val_t) noexcept { release(block); }
void operator delete(void* block, std::size_t, std::align_val_t) noexcept { release(block); }
void operator delete(void* block, const std::nothrow_t&) noexcept { release(block); }

#endif
