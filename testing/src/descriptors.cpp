// SPDX-License-Identifier: MIT
// Reads /proc/self/fd.
#include <heddle/testing/detail/descriptors.hpp>

#include <filesystem>
#include <system_error>

#include <unistd.h>

namespace heddle::testing::detail {

descriptor_list open_descriptors() {
  descriptor_list result;
  const std::filesystem::path folder("/proc/self/fd");
  const std::string own = "/proc/" + std::to_string(::getpid()) + "/";
  for (const auto& each : std::filesystem::directory_iterator(folder)) {
    result.emplace(std::stoi(each.path().filename()), std::string());
  }
  // The folder's own descriptor is closed by now: what it was can no longer be asked.
  for (auto each = result.begin(); each != result.end();) {
    std::error_code gone;
    each->second = std::filesystem::read_symlink(folder / std::to_string(each->first), gone);
    const bool passing = gone || each->second.starts_with(own);
    each = passing ? result.erase(each) : std::next(each);
  }
  return result;
}

std::string descriptors_since(const descriptor_list& before) {
  std::string result;
  for (const auto& [number, what] : open_descriptors()) {
    const auto was = before.find(number);
    if (was != before.end() && was->second == what) continue;
    result += "  " + std::to_string(number) + ": " + what + "\n";
  }
  return result;
}

}  // namespace heddle::testing::detail
