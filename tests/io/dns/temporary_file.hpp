// SPDX-License-Identifier: MIT
// A file that goes with its object.
#pragma once

#include <cstdlib>
#include <fstream>
#include <string>

#include <unistd.h>

namespace heddle::test {

class temporary_file {
 public:
  explicit temporary_file(const std::string& content) {
    const int fd = ::mkstemp(path_.data());
    if (fd >= 0) ::close(fd);
    std::ofstream(path_) << content;
  }
  ~temporary_file() { ::unlink(path_.c_str()); }
  temporary_file(const temporary_file&) = delete;
  temporary_file& operator=(const temporary_file&) = delete;

  const std::string& path() const noexcept { return path_; }

 private:
  std::string path_ = "/tmp/heddle_test_XXXXXX";
};

}  // namespace heddle::test
