// SPDX-License-Identifier: MIT
// The main() of fuzz programs: NAME [--seconds N | --minutes N] [--seed N] [FILE...]
// With files it runs those, one time each. Else it makes inputs of those in the corpus, by
// libFuzzer where the program was built with it (it keeps what leads to new branches in a temporary
// folder, and writes the input that crashes to ./crash-...), or by mutations of its own.
// HEDDLE_SEED=n, or
// --seed n, makes the same inputs again.
#include "runtime/support/random.hpp"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>
#include <vector>

#include <fcntl.h>
#include <unistd.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);  // NOLINT
#if defined(HEDDLE_FUZZ_BY_LIBFUZZER)
extern "C" int LLVMFuzzerRunDriver(int* argc, char*** argv,  // NOLINT
                                   int (*run)(const std::uint8_t* data, std::size_t size));
#endif

namespace {

using input = std::vector<std::uint8_t>;

struct settings {
  std::chrono::seconds duration{4};
  std::vector<std::string> files;
};

[[noreturn]] void explain(const char* program) {
  std::fprintf(stderr, "usage: %s [--seconds N | --minutes N] [--seed N] [FILE...]\n", program);
  std::exit(2);
}

settings parse(int argc, char** argv) {
  settings chosen;
  for (int n = 1; n < argc; ++n) {
    const std::string_view name = argv[n];
    if (!name.starts_with("--")) {
      chosen.files.emplace_back(name);
      continue;
    }
    if (++n == argc) explain(argv[0]);
    const auto value = static_cast<std::int64_t>(std::strtoll(argv[n], nullptr, 10));
    if (name == "--seconds") {
      chosen.duration = std::chrono::seconds(value);
    } else if (name == "--minutes") {
      chosen.duration = std::chrono::minutes(value);
    } else if (name == "--seed") {
      ::setenv("HEDDLE_SEED", argv[n], 1);
    } else {
      explain(argv[0]);
    }
  }
  return chosen;
}

input read(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
}

int run_files(const std::vector<std::string>& files) {
  for (const std::string& each : files) {
    const input bytes = read(each);
    std::printf("%s: %zu bytes\n", each.c_str(), bytes.size());
    LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
  }
  return 0;
}

#if defined(HEDDLE_FUZZ_BY_LIBFUZZER)

int fuzz(const settings& chosen, char* program) {
  char folder[] = "/tmp/heddle-fuzz-XXXXXX";  // NOLINT(modernize-avoid-c-arrays)
  if (::mkdtemp(folder) == nullptr) return 2;
  std::string seconds = "-max_total_time=" + std::to_string(chosen.duration.count());
  std::string seed = "-seed=" + std::to_string(heddle::test::seed() % 0x7fffffff + 1);
  std::string length = "-max_len=4096";
  std::string final_stats = "-print_final_stats=1";
  std::string kept = HEDDLE_FUZZ_CORPUS;
  std::vector<char*> words = {
      program, seconds.data(), seed.data(), length.data(), final_stats.data(),
      folder,  kept.data(),    nullptr};
  int count = static_cast<int>(words.size()) - 1;
  char** list = words.data();
  const int result = LLVMFuzzerRunDriver(&count, &list, LLVMFuzzerTestOneInput);
  std::filesystem::remove_all(folder);
  return result;
}

#else

/// In the order of their names, so that a seed makes the same inputs everywhere.
std::vector<input> corpus() {
  std::vector<std::filesystem::path> files;
  for (const auto& each : std::filesystem::directory_iterator(HEDDLE_FUZZ_CORPUS)) {
    files.push_back(each.path());
  }
  std::sort(files.begin(), files.end());
  std::vector<input> all;
  for (const auto& each : files) all.push_back(read(each));
  return all;
}

// What is being run, for the handler.
const input* current = nullptr;

/// Keeps the input that has crashed, and lets it crash.
extern "C" void keep_input(int signal) {
  const int file = ::open("crash-input", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (file >= 0 && ::write(file, current->data(), current->size()) >= 0) ::close(file);
  std::signal(signal, SIG_DFL);
  ::raise(signal);
}

void run_one(const input& bytes) {
  current = &bytes;
  LLVMFuzzerTestOneInput(bytes.data(), bytes.size());
}

/// Changes a few bytes of `bytes`, or puts a part of another input in.
void mutate(input& bytes, const std::vector<input>& all, heddle::test::random_numbers& numbers) {
  constexpr std::uint8_t telling[] = {0, 1, 0x7d, 0x7e, 0x7f, 0x80, 0x81, 0xff};  // NOLINT
  const auto below = [&](std::size_t end) { return end == 0 ? 0 : numbers.next() % end; };
  const auto at = [&](std::size_t n) { return bytes.begin() + static_cast<std::ptrdiff_t>(n); };
  switch (numbers.next() % 6) {
    case 0:
      if (!bytes.empty()) bytes[below(bytes.size())] ^= static_cast<std::uint8_t>(1U << below(8));
      break;
    case 1:
      if (!bytes.empty()) bytes[below(bytes.size())] = telling[below(std::size(telling))];
      break;
    case 2:
      bytes.insert(at(below(bytes.size() + 1)), static_cast<std::uint8_t>(numbers.next()));
      break;
    case 3:
      if (!bytes.empty()) bytes.erase(at(below(bytes.size())));
      break;
    case 4:
      bytes.resize(below(bytes.size() + 1));
      break;
    default: {
      const input& other = all[below(all.size())];
      const std::size_t begin = below(other.size());
      const std::size_t end = begin + below(other.size() - begin + 1);
      bytes.insert(at(below(bytes.size() + 1)), other.begin() + static_cast<std::ptrdiff_t>(begin),
                   other.begin() + static_cast<std::ptrdiff_t>(end));
    }
  }
}

int fuzz(const settings& chosen, char* program) {
  const std::vector<input> all = corpus();
  if (all.empty()) return 2;
  std::printf("%s: HEDDLE_SEED=%llu\n", program,
              static_cast<unsigned long long>(heddle::test::seed()));
  std::fflush(stdout);
  for (const int signal : {SIGABRT, SIGSEGV, SIGFPE, SIGBUS}) std::signal(signal, keep_input);
  for (const input& each : all) run_one(each);
  heddle::test::random_numbers numbers(1);
  const auto until = std::chrono::steady_clock::now() + chosen.duration;
  std::uint64_t runs = 0;
  while (std::chrono::steady_clock::now() < until) {
    for (int n = 0; n < 64; ++n, ++runs) {
      input bytes = all[numbers.next() % all.size()];
      for (std::uint64_t left = 1 + numbers.next() % 8; left != 0; --left) {
        mutate(bytes, all, numbers);
      }
      run_one(bytes);
    }
  }
  std::printf("%llu inputs, made of %zu\n", static_cast<unsigned long long>(runs), all.size());
  return 0;
}

#endif

}  // namespace

int main(int argc, char** argv) {
  const settings chosen = parse(argc, argv);
  return chosen.files.empty() ? fuzz(chosen, argv[0]) : run_files(chosen.files);
}
