// SPDX-License-Identifier: MIT
// Line by line.
#include "dns/hosts_file.hpp"

#include "dns/host_name.hpp"

#include <cstdio>
#include <memory>
#include <stdexcept>

namespace heddle::io::detail {

namespace {

constexpr std::size_t longest_line = 4096;  // the rest of a longer one is passed over

struct closer {
  void operator()(std::FILE* file) const noexcept { std::fclose(file); }
};

/// Takes the next word off `line`; empty at its end.
std::string_view next_word(std::string_view& line) noexcept {
  constexpr std::string_view blanks = " \t\r\n";
  const auto begin = line.find_first_not_of(blanks);
  if (begin == line.npos) return {};
  line.remove_prefix(begin);
  const std::string_view word = line.substr(0, line.find_first_of(blanks));
  line.remove_prefix(word.size());
  return word;
}

bool has_name(std::string_view line, std::string_view name) {
  for (auto word = next_word(line); !word.empty(); word = next_word(line)) {
    if (in_small_letters(word) == name) return true;
  }
  return false;
}

struct found_hosts {
  std::vector<endpoint> ipv6;
  std::vector<endpoint> ipv4;

  void add(std::string_view address, const hosts_query& query) {
    try {
      const endpoint found(address, 0);
      const bool is_ipv6 = found.kind() == endpoint::family::ipv6;
      if (query.families == (is_ipv6 ? ip_family::ipv4 : ip_family::ipv6)) return;
      auto& same = is_ipv6 ? ipv6 : ipv4;
      if (same.size() < query.most) same.push_back(found);
    } catch (const std::invalid_argument&) {
      return;  // a line that nobody can read
    }
  }
};

void read_line(std::string_view line, const hosts_query& query, found_hosts& found) {
  line = line.substr(0, line.find('#'));
  const std::string_view address = next_word(line);
  if (is_numeric(address) && has_name(line, query.name)) found.add(address, query);
}

}  // namespace

std::vector<endpoint> look_in_hosts(const std::string& path, const hosts_query& query) {
  const std::unique_ptr<std::FILE, closer> file(path.empty() ? nullptr
                                                             : std::fopen(path.c_str(), "re"));
  if (file == nullptr) return {};
  found_hosts found;
  std::string line(longest_line, '\0');
  bool whole = true;
  while (std::fgets(line.data(), static_cast<int>(line.size()), file.get()) != nullptr) {
    const std::string_view text(line.c_str());
    if (whole) read_line(text, query, found);
    whole = text.ends_with('\n');
  }
  found.ipv6.insert(found.ipv6.end(), found.ipv4.begin(), found.ipv4.end());
  return std::move(found.ipv6);
}

}  // namespace heddle::io::detail
