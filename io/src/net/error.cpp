// SPDX-License-Identifier: MIT
// The category of io_errc, and the text of an io_error.
#include <heddle/io/error.hpp>

#include <string>
#include <utility>

namespace heddle::io {

namespace {

class category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "heddle.io"; }
  std::string message(int value) const override {
    return value == static_cast<int>(io_errc::unexpected_end) ? "The stream ended too early"
                                                              : "Unknown error";
  }
};

std::string describe(std::string_view operation, const endpoint& where) {
  std::string text(operation);
  return text.append(" ").append(where.to_string());
}

}  // namespace

const std::error_category& io_category() noexcept {
  static const category only;  // immutable: what std::error_category asks for is identity
  return only;
}

io_error::io_error(std::error_code code, std::string_view operation, endpoint where)
    : std::system_error(code, describe(operation, where)),
      operation_(operation),
      where_(std::make_shared<const endpoint>(std::move(where))) {}

}  // namespace heddle::io
