// SPDX-License-Identifier: MIT
// One job opens the file and reads its first piece, which for most files is all of it.
#include "server/file_answer.hpp"

#include "message/syntax.hpp"
#include "server/byte_range.hpp"

#include <heddle/runtime/blocking.hpp>
#include <heddle/runtime/owned_fd.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>
#include <utility>

#include <fcntl.h>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace heddle::http::detail {

namespace {

constexpr std::size_t piece_bytes = 64 * 1024;
constexpr int open_flags = O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;  // a FIFO must not hang it

struct opened_file {
  std::string place;  // what messages call it; not what a client chose, who may write line ends
  owned_fd fd;
  int error = 0;
  bool is_folder = false;
  std::uint64_t bytes = 0;
  std::time_t modified = 0;
  long modified_ns = 0;
};

opened_file look_at(int fd, int error) {
  opened_file found;
  if (fd < 0) {
    found.error = error;
    return found;
  }
  found.fd.reset(fd);
  struct stat about {};
  if (::fstat(fd, &about) != 0) {
    found.error = errno;
  } else if (S_ISDIR(about.st_mode)) {
    found.is_folder = true;
  } else if (!S_ISREG(about.st_mode)) {
    found.error = ENOENT;
  }
  found.bytes = static_cast<std::uint64_t>(about.st_size);
  found.modified = about.st_mtim.tv_sec;
  found.modified_ns = about.st_mtim.tv_nsec;
  return found;
}

opened_file open_below(int folder, const std::string& name) {
  open_how how{};
  how.flags = static_cast<std::uint64_t>(open_flags);
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  const long fd = ::syscall(SYS_openat2, folder, name.c_str(), &how, sizeof how);
  return look_at(static_cast<int>(fd), errno);
}

/// Returns the file `name` below `folder`, or its index if it is a folder itself.
opened_file open_in(const std::string& folder, const std::string& name) {
  const owned_fd top(::open(folder.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!top) return look_at(-1, errno);
  opened_file found = open_below(top.get(), name.empty() ? "." : name);
  if (!found.is_folder || (!name.empty() && !name.ends_with('/'))) return found;
  return open_below(top.get(), name + "index.html");
}

/// Returns whether a name that a client chose is one that is looked for at all.
bool is_served(std::string_view name) noexcept {
  if (name.find('\0') != std::string_view::npos || name.starts_with('/')) return false;
  return !name.starts_with('.') && name.find("/.") == std::string_view::npos &&
         name.find("//") == std::string_view::npos;
}

struct named_type {
  std::string_view ending;
  std::string_view type;
};

constexpr std::array<named_type, 22> types = {{
    {"html", "text/html; charset=utf-8"},
    {"htm", "text/html; charset=utf-8"},
    {"css", "text/css; charset=utf-8"},
    {"js", "text/javascript; charset=utf-8"},
    {"mjs", "text/javascript; charset=utf-8"},
    {"json", "application/json"},
    {"txt", "text/plain; charset=utf-8"},
    {"md", "text/markdown; charset=utf-8"},
    {"csv", "text/csv; charset=utf-8"},
    {"xml", "application/xml"},
    {"svg", "image/svg+xml"},
    {"png", "image/png"},
    {"jpg", "image/jpeg"},
    {"jpeg", "image/jpeg"},
    {"gif", "image/gif"},
    {"webp", "image/webp"},
    {"ico", "image/x-icon"},
    {"pdf", "application/pdf"},
    {"wasm", "application/wasm"},
    {"woff2", "font/woff2"},
    {"mp4", "video/mp4"},
    {"gz", "application/gzip"},
}};

std::string_view type_of(std::string_view name) noexcept {
  const std::size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return "application/octet-stream";
  for (const named_type& each : types) {
    if (is_word(name.substr(dot + 1), each.ending)) return each.type;
  }
  return "application/octet-stream";
}

std::string tag_of(const opened_file& file) {
  return "\"" + std::to_string(file.modified) + "." + std::to_string(file.modified_ns) + "-" +
         std::to_string(file.bytes) + "\"";
}

constexpr std::string_view weak = "W/";

/// Returns whether the client has this very file already.
bool is_known(const exchange& of, std::string_view tag, const std::string& date) {
  if (tag.starts_with(weak)) tag.remove_prefix(weak.size());
  if (const auto tags = of.head.find("If-None-Match")) {
    std::string_view list = *tags;
    std::string_view each;
    while (next_element(list, each)) {
      if (each.starts_with(weak)) each.remove_prefix(weak.size());
      if (each == tag || each == "*") return true;
    }
    return false;
  }
  return of.head.find("If-Modified-Since") == date;  // clients give back what they were given
}

byte_range wanted_part(const exchange& of, const opened_file& file, const std::string& tag,
                       const std::string& date) {
  const byte_range whole{byte_range::kind::whole, 0, file.bytes};
  const auto range = of.head.find("Range");
  if (!range || of.head.method != "GET") return whole;
  const auto only_if = of.head.find("If-Range");
  const bool same_tag = only_if == tag && !tag.starts_with(weak);
  if (only_if && !same_tag && *only_if != date) return whole;
  return range_of(*range, file.bytes);
}

void send_part(outgoing& answer, const opened_file& file, const byte_range& part) {
  std::string piece;
  for (std::uint64_t at = part.first; at < part.end;) {
    piece.resize(std::min<std::uint64_t>(piece_bytes, part.end - at));
    int error = 0;
    const ssize_t bytes = blocking([&] {
      const ssize_t read =
          ::pread(file.fd.get(), piece.data(), piece.size(), static_cast<off_t>(at));
      error = read < 0 ? errno : 0;
      return read;
    });
    if (bytes < 0 && error == EINTR) continue;
    if (bytes < 0) {
      throw std::system_error(error, std::system_category(), "read " + file.place);
    }
    if (bytes == 0) return;  // it has become shorter: the answer breaks off
    answer.write(std::string_view(piece).substr(0, static_cast<std::size_t>(bytes)));
    at += static_cast<std::uint64_t>(bytes);
  }
}

void refuse_file(outgoing& answer, int error, const std::string& place) {
  const bool forbidden = error == EACCES || error == EPERM;
  const bool absent = error == ENOENT || error == ENOTDIR || error == EXDEV || error == ELOOP ||
                      error == ENAMETOOLONG || error == ENXIO || error == EINVAL;
  if (!forbidden && !absent) {
    throw std::system_error(error, std::system_category(), "open " + place);
  }
  answer_status(answer, forbidden ? 403 : 404, "there is no such file");
}

/// `made` is what the handler says of it, which goes before what the file says of itself. With a
/// status of its own, or to another method than GET and HEAD, it is sent whole: it is no answer to
/// questions about the file then.
void send(const exchange& of, outgoing& answer, const opened_file& file, std::string_view name,
          const response& made = response()) {
  if (file.error != 0 || file.is_folder) {
    return refuse_file(answer, file.error != 0 ? file.error : ENOENT, file.place);
  }
  using kind = byte_range::kind;
  made.header().for_each([&](const field_view& each) { answer.add(each.name, each.value); });
  const auto say = [&](std::string_view field, const std::string& value) {
    const auto own = made.header(field);
    if (!own) answer.set(field, value);
    return std::string(own.value_or(value));
  };
  const std::string tag = say("ETag", tag_of(file));
  const std::string date = say("Last-Modified", http_date(file.modified));
  byte_range part{kind::whole, 0, file.bytes};
  const bool reads = of.head.method == "GET" || of.head.method == "HEAD";
  if (made.status() == 200 && reads) {
    if (is_known(of, tag, date)) return answer.set_status(304);
    say("Accept-Ranges", "bytes");
    part = wanted_part(of, file, tag, date);
  } else {
    answer.set_status(made.status());
  }
  const std::string size = std::to_string(file.bytes);
  if (part.what == kind::nothing) {
    answer.set("Content-Range", "bytes */" + size);
    return answer_status(answer, 416, "the file has no such range");
  }
  if (part.what == kind::part) {
    answer.set_status(206);
    answer.set("Content-Range", "bytes " + std::to_string(part.first) + "-" +
                                    std::to_string(part.end - 1) + "/" + size);
  }
  say("Content-Type", std::string(type_of(name)));
  answer.set_length(part.end - part.first);
  if (of.head.method != "HEAD") send_part(answer, file, part);
}

}  // namespace

void answer_with_file(const exchange& of, outgoing& answer, const response& made) {
  const std::string& path = made.file_path();
  opened_file file = blocking([&] {
    const int fd = ::open(path.c_str(), open_flags);
    return look_at(fd, errno);
  });
  file.place = path;
  send(of, answer, file, path, made);
}

void answer_from_folder(const exchange& of, outgoing& answer, const std::string& folder,
                        std::string_view name) {
  if (!is_served(name)) return refuse_file(answer, ENOENT, folder);
  const std::string wanted(name);
  opened_file file = blocking([&] { return open_in(folder, wanted); });
  file.place = "a file in " + folder;
  if (file.error == 0 && file.is_folder) {
    // Its pages' relative links would miss it otherwise.
    answer.set("Location", std::string(of.raw_path) + "/");
    return answer_status(answer, 301, "the folder's name ends with a slash");
  }
  const bool index = wanted.empty() || wanted.ends_with('/');
  send(of, answer, file, index ? "index.html" : name);
}

void answer_status(outgoing& answer, int status, std::string_view text) {
  answer.set_status(status);
  answer.set("Content-Type", "text/plain; charset=utf-8");
  answer.set_length(text.size() + 1);
  answer.write(text);
  answer.write("\n");
}

}  // namespace heddle::http::detail
