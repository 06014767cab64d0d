// SPDX-License-Identifier: MIT
// What stays of the old file, and when.
#include "output_file.hpp"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <stdexcept>
#include <string>

#include <unistd.h>

namespace lab {
namespace {

namespace fs = std::filesystem;

class output_file : public testing::Test {
 protected:
  void SetUp() override { fs::create_directory(folder_); }
  void TearDown() override { fs::remove_all(folder_); }

  std::string path(const std::string& name) const { return (folder_ / name).string(); }

  static std::string text_of(const std::string& path) {
    std::ifstream file(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  std::ptrdiff_t files() const {
    return std::distance(fs::directory_iterator(folder_), fs::directory_iterator());
  }

 private:
  fs::path folder_ = fs::temp_directory_path() / ("output_file_test-" + std::to_string(getpid()));
};

TEST_F(output_file, asking_whether_it_can_be_written_leaves_the_old_one_as_it_was) {
  write_file(path("report"), "old");
  require_writable(path("report"));
  EXPECT_EQ(text_of(path("report")), "old");
  EXPECT_EQ(files(), 1);
}

TEST_F(output_file, asking_makes_no_file_where_there_was_none) {
  require_writable(path("report"));
  EXPECT_EQ(files(), 0);
}

TEST_F(output_file, the_new_one_takes_the_place_of_the_old_and_leaves_nothing_beside_it) {
  write_file(path("report"), "old and longer");
  write_file(path("report"), "new");
  EXPECT_EQ(text_of(path("report")), "new");
  EXPECT_EQ(files(), 1);
}

TEST_F(output_file, a_link_stays_a_link) {
  write_file(path("report"), "old");
  fs::create_symlink("report", path("link"));
  write_file(path("link"), "new");
  EXPECT_TRUE(fs::is_symlink(path("link")));
  EXPECT_EQ(text_of(path("report")), "new");
}

TEST_F(output_file, a_folder_that_is_not_there_is_an_error_that_names_the_file) {
  const std::string wrong = path("nowhere/report");
  try {
    require_writable(wrong);
    FAIL() << "no error";
  } catch (const std::runtime_error& error) {
    EXPECT_EQ(error.what(), "cannot write " + wrong);
  }
  EXPECT_THROW(write_file(wrong, "new"), std::runtime_error);
}

TEST_F(output_file, a_device_is_written_where_it_is) {
  require_writable("/dev/null");
  write_file("/dev/null", "new");
  EXPECT_FALSE(fs::is_regular_file("/dev/null"));
}

}  // namespace
}  // namespace lab
