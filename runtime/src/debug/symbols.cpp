// SPDX-License-Identifier: MIT
// dladdr and the demangler.
#include "debug/symbols.hpp"

#include "base/fiber_label.hpp"

#include <cxxabi.h>
#include <dlfcn.h>
#include <link.h>

#include <cstdlib>
#include <memory>

namespace heddle::detail {

namespace {

std::string demangled(const char* symbol) {
  int status = 0;
  const std::unique_ptr<char, void (*)(void*)> name(
      abi::__cxa_demangle(symbol, nullptr, nullptr, &status), &std::free);
  return status == 0 ? name.get() : symbol;
}

}  // namespace

std::string describe_code(const void* address, code_address kind) {
  const auto at = reinterpret_cast<std::uintptr_t>(address);
  const std::uintptr_t inside = kind == code_address::returned_to ? at - 1 : at;
  Dl_info found{};
  void* map = nullptr;
  if (::dladdr1(reinterpret_cast<const void*>(inside), &found, &map, RTLD_DL_LINKMAP) == 0) {
    return hexadecimal(at);
  }
  // The address in the file: what a position-independent module was loaded at is taken off.
  const std::uintptr_t in_file = at - static_cast<const link_map*>(map)->l_addr;
  std::string place = std::string(found.dli_fname) + "+" + hexadecimal(in_file);
  if (found.dli_sname == nullptr) return place;
  const std::uintptr_t offset = at - reinterpret_cast<std::uintptr_t>(found.dli_saddr);
  return demangled(found.dli_sname) + "+" + hexadecimal(offset) + " (" + place + ")";
}

}  // namespace heddle::detail
