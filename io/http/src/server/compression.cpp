// SPDX-License-Identifier: MIT
// zlib does the work.
#include "server/compression.hpp"

#include "message/syntax.hpp"

#include <heddle/runtime/cpu_pool.hpp>

#include <algorithm>
#include <array>
#include <new>
#include <stdexcept>

#include <zlib.h>

namespace heddle::http::detail {

namespace {

constexpr std::size_t worth_the_pool = 64 * 1024;
constexpr int gzip_format = 15 + 16;  // the largest window, with gzip's head
constexpr int level = 5;
constexpr int memory_level = 8;

/// Returns whether text of this type gets smaller.
bool is_compressible(std::string_view type) noexcept {
  type = trimmed(type.substr(0, type.find(';')));
  constexpr std::array<std::string_view, 4> others = {"application/json", "application/javascript",
                                                      "application/xml", "image/svg+xml"};
  return type.starts_with("text/") || std::find(others.begin(), others.end(), type) != others.end();
}

/// Returns whether an element of Accept-Encoding says "not at all": ";q=0".
bool is_refused(std::string_view parameters) noexcept {
  const std::size_t sign = std::min(parameters.find("q="), parameters.find("Q="));
  if (sign == std::string_view::npos) return false;
  const std::string_view weight = trimmed(parameters.substr(sign + 2));
  return weight.find_first_not_of("0.") == std::string_view::npos;
}

}  // namespace

bool takes_gzip(std::string_view accepted) noexcept {
  bool any = false;
  std::string_view element;
  while (next_element(accepted, element)) {
    const std::size_t end = std::min(element.find(';'), element.size());
    const std::string_view coding = trimmed(element.substr(0, end));
    const bool refused = is_refused(element.substr(end));
    if (is_word(coding, "gzip")) return !refused;
    if (coding == "*") any = !refused;
  }
  return any;
}

std::string gzipped(std::string_view text) {
  z_stream deflates{};
  if (::deflateInit2(&deflates, level, Z_DEFLATED, gzip_format, memory_level, Z_DEFAULT_STRATEGY) !=
      Z_OK) {
    throw std::bad_alloc();
  }
  std::string packed;
  try {
    packed.resize(::deflateBound(&deflates, text.size()));
  } catch (...) {
    ::deflateEnd(&deflates);
    throw;
  }
  deflates.next_in = reinterpret_cast<Bytef*>(const_cast<char*>(text.data()));
  deflates.avail_in = static_cast<uInt>(text.size());
  deflates.next_out = reinterpret_cast<Bytef*>(packed.data());
  deflates.avail_out = static_cast<uInt>(packed.size());
  const int ended = ::deflate(&deflates, Z_FINISH);
  packed.resize(deflates.total_out);
  ::deflateEnd(&deflates);
  if (ended != Z_STREAM_END) throw std::runtime_error("heddle::http: zlib could not compress");
  return packed;
}

void compress(const head& asked, response& made, std::size_t least) {
  constexpr std::size_t most = std::size_t{1} << 30;  // zlib counts in 32 bits
  const std::size_t bytes = made.body().size();
  if (least == 0 || bytes < least || bytes > most || made.status() == 206) return;
  const auto type = made.header("Content-Type");
  if (!type || !is_compressible(*type) || made.header("Content-Encoding")) return;
  made.add("Vary", "Accept-Encoding");
  const auto accepted = asked.find("Accept-Encoding");
  if (!accepted || !takes_gzip(*accepted)) return;
  const auto pack = [&made] { return gzipped(made.body()); };
  std::string packed = bytes < worth_the_pool ? pack() : cpu(pack);
  if (packed.size() >= bytes) return;
  made.set("Content-Encoding", "gzip");
  made.body(std::move(packed));
}

}  // namespace heddle::http::detail
