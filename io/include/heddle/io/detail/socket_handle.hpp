// SPDX-License-Identifier: MIT
// The one owner of a socket's record; calls under way keep the record alive beyond it. Invariants:
// (1) dropping the handle closes the socket; (2) the record is freed by the handle or by the last
// call under way, whichever ends later. Not here: the record and the proof (src/net/socket.hpp,
// src/net/README.md).
#pragma once

#include <utility>

namespace heddle::io::detail {

class socket;

class socket_handle {
 public:
  socket_handle() noexcept = default;
  explicit socket_handle(socket* owned) noexcept : owned_(owned) {}
  socket_handle(socket_handle&& other) noexcept : owned_(std::exchange(other.owned_, nullptr)) {}
  socket_handle& operator=(socket_handle&& other) noexcept {
    if (this != &other) {
      drop();
      owned_ = std::exchange(other.owned_, nullptr);
    }
    return *this;
  }
  ~socket_handle() { drop(); }

  socket* get() const noexcept { return owned_; }

 private:
  void drop() noexcept;

  socket* owned_ = nullptr;
};

}  // namespace heddle::io::detail
