// SPDX-License-Identifier: MIT
// The category of dns_errc.
#include <heddle/io/resolver.hpp>

#include <string>

namespace heddle::io {

namespace {

class category final : public std::error_category {
 public:
  const char* name() const noexcept override { return "heddle.dns"; }

  std::string message(int value) const override {
    switch (static_cast<dns_errc>(value)) {
      case dns_errc::no_such_host:
        return "No such host";
      case dns_errc::no_address:
        return "The name has no address";
      case dns_errc::timed_out:
        return "No name server answered in time";
      case dns_errc::server_failed:
        return "The name server failed";
      case dns_errc::refused:
        return "The name server refused to answer";
      case dns_errc::unreachable:
        return "No name server could be reached";
      case dns_errc::bad_answer:
        return "The name server's answer could not be read";
      case dns_errc::bad_name:
        return "This is no host name";
      case dns_errc::name_too_long:
        return "The name, or a label of it, is too long";
      case dns_errc::not_ascii:
        return "The name is not ASCII (write its xn-- form)";
    }
    return "Unknown error";
  }

  std::error_condition default_error_condition(int value) const noexcept override {
    if (static_cast<dns_errc>(value) == dns_errc::timed_out) return std::errc::timed_out;
    return {value, *this};
  }
};

}  // namespace

const std::error_category& dns_category() noexcept {
  static const category only;  // immutable: what std::error_category asks for is identity
  return only;
}

}  // namespace heddle::io
