// SPDX-License-Identifier: MIT
// See cgroup_quota.hpp. /proc/self/cgroup says in which group the process is, and mountinfo where
// that hierarchy can be read. Both are needed: a container without a cgroup namespace of its own is
// told the host's path ("/docker/1234") while only that subtree is mounted, with "/docker/1234" as
// the root of the mount; and hybrid systems have version 2 somewhere below /sys/fs/cgroup.
#include "base/cgroup_quota.hpp"

#include <algorithm>
#include <charconv>
#include <cstdint>
#include <fstream>
#include <limits>
#include <string_view>
#include <vector>

namespace heddle::detail {

namespace {

enum class version : std::uint8_t { one, two };

struct membership {
  version kind;
  std::string path;
};

struct cgroup_mount {
  version kind;
  std::string root;   // the group that is seen at `point`
  std::string point;  // where it is mounted
};

std::vector<std::string> lines_of(const std::string& path) {
  std::vector<std::string> lines;
  std::ifstream file(path);
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string_view> split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  for (;;) {
    const auto end = text.find(separator);
    parts.push_back(text.substr(0, end));
    if (end == std::string_view::npos) return parts;
    text.remove_prefix(end + 1);
  }
}

bool lists_cpu(std::string_view controllers) {
  const auto names = split(controllers, ',');
  return std::find(names.begin(), names.end(), "cpu") != names.end();
}

// mountinfo writes space, tab, newline and backslash as a backslash and three octal digits.
std::string unescaped(std::string_view text) {
  std::string plain;
  for (std::size_t i = 0; i < text.size(); ++i) {
    int code = 0;
    const char* const digits = text.data() + i + 1;
    const bool escape = text[i] == '\\' && text.size() - i > 3 &&
                        std::from_chars(digits, digits + 3, code, 8).ptr == digits + 3;
    plain += escape ? static_cast<char>(code) : text[i];
    if (escape) i += 3;
  }
  return plain;
}

// Lines are "hierarchy:controllers:path"; version 2 is hierarchy 0 without controllers.
std::vector<membership> memberships(const std::string& root) {
  std::vector<membership> found;
  for (const std::string& line : lines_of(root + "/proc/self/cgroup")) {
    const auto first = line.find(':');
    const auto second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    const std::string controllers = line.substr(first + 1, second - first - 1);
    if (!controllers.empty() && !lists_cpu(controllers)) continue;
    const version kind = controllers.empty() ? version::two : version::one;
    found.push_back({kind, line.substr(second + 1)});
  }
  return found;
}

// Lines are "id parent device root point options [more...] - type source super-options".
std::vector<cgroup_mount> cgroup_mounts(const std::string& root) {
  constexpr std::size_t root_field = 3, point_field = 4, least_fields = 6;
  std::vector<cgroup_mount> found;
  for (const std::string& line : lines_of(root + "/proc/self/mountinfo")) {
    const auto fields = split(line, ' ');
    if (fields.size() < least_fields) continue;
    const auto dash = std::find(fields.begin() + least_fields, fields.end(), "-");
    if (fields.end() - dash < 4) continue;
    const bool second = dash[1] == "cgroup2";
    const bool first = dash[1] == "cgroup" && lists_cpu(dash[3]);
    if (!first && !second) continue;
    found.push_back({second ? version::two : version::one, unescaped(fields[root_field]),
                     unescaped(fields[point_field])});
  }
  return found;
}

// Returns `path` as seen below a mount of `mount_root`; nullopt if it lies outside.
std::optional<std::string> below(const std::string& mount_root, const std::string& path) {
  if (path.starts_with("/..")) return std::nullopt;  // outside this process's namespace
  if (mount_root == "/") return path == "/" ? "" : path;
  if (!path.starts_with(mount_root)) return std::nullopt;
  std::string rest = path.substr(mount_root.size());
  if (!rest.empty() && rest.front() != '/') return std::nullopt;
  return rest;
}

std::optional<std::uint64_t> number(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "max" (version 2) and "-1" (version 1) are not numbers: no limit.
std::optional<unsigned> cpus(std::string_view quota_text, std::string_view period_text) {
  const auto quota = number(quota_text);
  const auto period = number(period_text);
  if (!quota || !period || *period == 0) return std::nullopt;
  const std::uint64_t rounded_up = *quota / *period + (*quota % *period != 0 ? 1 : 0);
  return static_cast<unsigned>(
      std::clamp<std::uint64_t>(rounded_up, 1, std::numeric_limits<unsigned>::max()));
}

std::optional<unsigned> limit_in(version kind, const std::string& directory) {
  if (kind == version::two) {
    const auto lines = lines_of(directory + "/cpu.max");
    if (lines.empty()) return std::nullopt;
    const auto fields = split(lines.front(), ' ');
    return fields.size() == 2 ? cpus(fields[0], fields[1]) : std::nullopt;
  }
  const auto quota = lines_of(directory + "/cpu.cfs_quota_us");
  const auto period = lines_of(directory + "/cpu.cfs_period_us");
  if (quota.empty() || period.empty()) return std::nullopt;
  return cpus(quota.front(), period.front());
}

void lower(std::optional<unsigned>& least, std::optional<unsigned> candidate) {
  if (candidate && (!least || *candidate < *least)) least = candidate;
}

// The least limit from the group of `member` up to the root of the first mount that shows it. A
// group that no mount shows (it is outside the namespace) is limited at least as the mount's root.
std::optional<unsigned> least_limit(const std::string& root, const membership& member,
                                    const std::vector<cgroup_mount>& mounts) {
  const cgroup_mount* chosen = nullptr;
  std::string path;
  for (const cgroup_mount& mount : mounts) {
    if (mount.kind != member.kind) continue;
    const auto inside = below(mount.root, member.path);
    if (!inside && chosen != nullptr) continue;
    chosen = &mount;
    path = inside.value_or("");
    if (inside) break;
  }
  std::optional<unsigned> least;
  if (chosen == nullptr) return least;
  const std::string top = root + chosen->point;
  for (;; path.resize(path.rfind('/'))) {
    lower(least, limit_in(member.kind, top + path));
    if (path.find('/') == std::string::npos) return least;
  }
}

}  // namespace

std::optional<unsigned> cgroup_quota_cpus(const std::string& root) {
  const auto mounts = cgroup_mounts(root);
  std::optional<unsigned> least;
  for (const membership& member : memberships(root)) {
    lower(least, least_limit(root, member, mounts));
  }
  return least;
}

}  // namespace heddle::detail
