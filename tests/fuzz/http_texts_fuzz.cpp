// SPDX-License-Identifier: MIT
// The smaller texts of HTTP that strangers choose: URLs, references in redirects, ranges, escapes,
// lists. The first byte of an input chooses which. Checked besides crashes: a URL is printed in one
// form that reads as itself and cannot end a line; a range lies in what it is of; what is
// decoded has no escape more to decode than its text had.
#include <heddle/http/url.hpp>

#include "message/syntax.hpp"
#include "message/target.hpp"
#include "server/byte_range.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>

namespace {

using namespace heddle::http::detail;
using heddle::http::url;

void require(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "violated: %s\n", what);
  std::abort();
}

std::optional<url> read(std::string_view text) {
  try {
    return url(text);
  } catch (const std::invalid_argument&) {
    return std::nullopt;
  }
}

void require_sound(const url& found) {
  const std::string text = found.to_string();
  for (const char each : text) {
    require(each > ' ' && each < 0x7f && each != '\\',
            "a URL has no blank and no control character");
  }
  require(found.path().starts_with('/'), "a path begins with a slash");
  const std::string path = found.path() + "/";
  require(path.find("/./") == std::string::npos && path.find("/../") == std::string::npos,
          "a path has no dots to climb by");
  require(found.query().empty() || found.query().starts_with('?'), "a query begins with its mark");
  require(!found.host().empty(), "there is a host");
  require(is_host(found.authority()), "an authority is a host");
  const std::optional<url> again = read(text);
  require(again.has_value(), "what is printed can be read");
  require(*again == found && again->to_string() == text, "and is what it was");
}

void read_url(std::string_view text) {
  if (const auto found = read(text)) require_sound(*found);
}

void read_reference(std::string_view text) {
  static const url base("http://base.example:81/one/two/three?four");
  try {
    const url found = base.resolve(text);
    require_sound(found);
    require(found == base.resolve(found.to_string()), "an absolute URL is itself anywhere");
  } catch (const std::invalid_argument&) {
    require(!read(text), "what is a URL is a reference, too");
  }
}

void read_range(std::string_view text) {
  for (const std::uint64_t size :
       {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{100}, ~std::uint64_t{0}}) {
    const byte_range part = range_of(text, size);
    require(part.end <= size, "a range ends where its file does, or before");
    require(part.what != byte_range::kind::part || part.first < part.end, "a part is not empty");
    require(part.what != byte_range::kind::whole || (part.first == 0 && part.end == size),
            "the whole is all of it");
  }
}

void read_escapes(std::string_view text) {
  for (const plus_sign plus : {plus_sign::itself, plus_sign::space}) {
    std::string storage;
    std::string_view decoded;
    const auto escapes = std::count(text.begin(), text.end(), '%');
    if (!decode(text, plus, storage, decoded)) {
      require(escapes != 0, "only an escape is malformed");
      continue;
    }
    require(decoded.size() + 2 * static_cast<std::size_t>(escapes) == text.size(),
            "each escape is one byte");
    if (escapes == 0 && plus == plus_sign::itself)
      require(decoded == text, "the rest stays as it is");
  }
}

void read_list(std::string_view text) {
  std::string_view rest = text;
  std::string_view element;
  std::size_t elements = 0;
  while (next_element(rest, element)) {
    ++elements;
    require(!element.empty() && trimmed(element) == element, "an element has no blank at an end");
    require(element.find(',') == std::string_view::npos, "commas separate");
    require(elements <= text.size(), "a list has an end");
  }
  require(trimmed(rest).empty(), "a list is read to its end");
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {  // NOLINT
  if (size < 1) return 0;
  const std::string text(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 5) {
    case 0:
      read_url(text);
      break;
    case 1:
      read_reference(text);
      break;
    case 2:
      read_range(text);
      break;
    case 3:
      read_escapes(text);
      break;
    default:
      read_list(text);
  }
  return 0;
}
