// SPDX-License-Identifier: MIT
// Usage: crawler. Reads all pages of a site that it serves itself, on loopback: each page names
// others, and no more than four are read at a time.
#include <heddle/heddle.hpp>

#include <exception>
#include <iostream>
#include <mutex>
#include <set>
#include <string>
#include <string_view>

namespace {

constexpr int pages = 100;

/// Page n links to pages 2n and 2n + 1, to the first, and to one that does not exist.
heddle::http::response page(const heddle::http::request& asked) {
  const int number = std::stoi(std::string(asked.param("n")));
  if (number > pages) return heddle::http::response(404);
  std::string text;
  for (const int next : {2 * number, 2 * number + 1, 1}) {
    text += "<a href=\"" + std::to_string(next) + "\">";
  }
  return heddle::http::response::html(text);
}

class crawler {
 public:
  void crawl(const heddle::http::url& from) {
    visit(from);
    visits_.join();
    std::cout << "read " << read_ << " pages, " << missing_ << " are missing\n";
  }

 private:
  void visit(const heddle::http::url& where) {
    const std::lock_guard lock(guard_);
    if (!seen_.insert(where.to_string()).second) return;
    visits_.spawn([this, where] { read(where); });
  }

  void read(const heddle::http::url& where) {
    const heddle::sync::permit turn(turns_);
    const auto answer = client_.get(where.to_string());
    {
      const std::lock_guard lock(guard_);
      ++(answer.status() == 200 ? read_ : missing_);
    }
    constexpr std::string_view begin = "<a href=\"";
    const std::string& text = answer.body();
    for (auto at = text.find(begin); at != text.npos; at = text.find(begin, at)) {
      at += begin.size();
      visit(where.resolve(text.substr(at, text.find('"', at) - at)));
    }
  }

  heddle::http::client client_;
  heddle::sync::semaphore turns_{4};
  heddle::sync::mutex guard_;  // of what follows
  std::set<std::string> seen_;
  int read_ = 0;
  int missing_ = 0;
  heddle::task_group visits_;  // the last: its tasks end before what they use
};

void run() {
  heddle::http::server site;
  site.get("/pages/{n}", page);
  auto listener = heddle::io::tcp_listener::bind("127.0.0.1:0");
  auto serving = heddle::spawn([&] { site.serve(listener); });
  const std::string origin = "http://" + listener.local_endpoint().to_string();
  crawler().crawl(heddle::http::url(origin + "/pages/1"));
  listener.close();
  serving.join();
}

}  // namespace

int main() {
  try {
    heddle::run(run);
  } catch (const std::exception& failed) {
    std::cerr << "crawler: " << failed.what() << '\n';
    return 1;
  }
}
