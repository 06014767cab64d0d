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
    switch (static_cast<io_errc>(value)) {
      case io_errc::unexpected_end:
        return "The stream ended too early";
      case io_errc::line_too_long:
        return "Line too long";
      case io_errc::too_much:
        return "More than the caller takes";
    }
    return "Unknown error";
  }
};

std::string describe(std::string_view operation, std::string_view name) {
  std::string text(operation);
  return text.append(" ").append(name);
}

}  // namespace

const std::error_category& io_category() noexcept {
  static const category only;  // immutable: what std::error_category asks for is identity
  return only;
}

io_error::io_error(std::error_code code, std::string_view operation, endpoint where)
    : std::system_error(code, describe(operation, where.to_string())),
      operation_(operation),
      where_(std::make_shared<const endpoint>(std::move(where))) {}

io_error::io_error(std::error_code code, std::string_view operation, const no_endpoint& what)
    : std::system_error(code, describe(operation, what.name)),
      operation_(operation),
      where_(std::make_shared<const endpoint>()) {}

}  // namespace heddle::io
