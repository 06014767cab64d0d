// SPDX-License-Identifier: MIT
// A file beside the one that is wanted, and a rename.
#include "output_file.hpp"

#include <filesystem>
#include <fstream>
#include <stdexcept>

namespace lab {
namespace {

namespace fs = std::filesystem;

[[noreturn]] void fail(const std::string& path) {
  throw std::runtime_error("cannot write " + path);
}

void put(const fs::path& where, const std::string& text, std::ios::openmode mode,
         const std::string& wanted) {
  std::ofstream file(where, std::ios::binary | mode);
  file << text;
  file.close();
  if (!file) fail(wanted);
}

/// Returns where to write what is to be at `path` in the end: there itself if that is a device.
fs::path first_place(const std::string& path) {
  std::error_code ignored;
  if (fs::exists(path, ignored) && !fs::is_regular_file(path, ignored)) return path;
  fs::path beside = fs::weakly_canonical(path, ignored);  // where a link leads to
  if (beside.empty()) fail(path);
  return beside += ".new";
}

}  // namespace

void require_writable(const std::string& path) {
  std::error_code ignored;
  const fs::path first = first_place(path);
  if (fs::exists(path, ignored)) put(path, "", std::ios::app, path);
  if (fs::exists(first, ignored)) {
    put(first, "", std::ios::app, path);
  } else {
    put(first, "", std::ios::out, path);
    fs::remove(first, ignored);
  }
}

void write_file(const std::string& path, const std::string& text) {
  const fs::path first = first_place(path);
  put(first, text, std::ios::out, path);
  if (first == path) return;
  std::error_code error;
  fs::rename(first, fs::weakly_canonical(path), error);
  if (error) fail(path);
}

}  // namespace lab
