// SPDX-License-Identifier: MIT
// How ids, places and errors are printed.
#include <heddle/runtime/error.hpp>

#include "base/fiber_label.hpp"
#include "base/one_line.hpp"

#include <cxxabi.h>

#include <cstdlib>
#include <memory>
#include <ostream>
#include <string>
#include <typeinfo>
#include <utility>

namespace heddle {

namespace {

std::string demangled(const std::type_info& type) {
  int status = 0;
  const std::unique_ptr<char, decltype(&std::free)> plain(
      abi::__cxa_demangle(type.name(), nullptr, nullptr, &status), &std::free);
  return status == 0 && plain ? plain.get() : type.name();
}

std::string what_of(const std::exception_ptr& error) {
  if (!error) return "no exception";
  try {
    std::rethrow_exception(error);
  } catch (const std::exception& known) {
    return detail::one_line(known.what());
  } catch (...) {
    const std::type_info* const type = abi::__cxa_current_exception_type();
    return type != nullptr ? "exception of type " + demangled(*type) : "foreign exception";
  }
}

std::string none_has_succeeded(std::size_t failed, std::size_t cancelled) {
  std::string text =
      "heddle: none of " + std::to_string(failed + cancelled) + " calls has succeeded";
  if (cancelled == 0) return text;
  return text + ", " + std::to_string(cancelled) + (cancelled == 1 ? " was" : " were") +
         " cancelled";
}

}  // namespace

all_failed::all_failed(std::vector<std::exception_ptr> failures, std::size_t cancelled_calls)
    : std::runtime_error(none_has_succeeded(failures.size(), cancelled_calls) +
                         "; the first threw: " + what_of(failures.front())),
      failures_(std::move(failures)) {}

std::ostream& operator<<(std::ostream& out, fiber_id id) { return out << detail::text_of(id); }

std::ostream& operator<<(std::ostream& out, spawn_site where) {
  return out << detail::text_of(where);
}

std::string unhandled_error::describe() const {
  return detail::fiber_label(id, name, spawned_at) + ": " + what_of(error);
}

}  // namespace heddle
