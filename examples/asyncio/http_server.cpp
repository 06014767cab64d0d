// SPDX-License-Identifier: MIT
// In aiohttp: web.RouteTableDef with a name in the path, web.json_response, web.HTTPNotFound,
// request.json(), and a web.StreamResponse that is written piece by piece. A handler may wait, and
// those of different connections run at the same time.
#include <heddle/http.hpp>
#include <heddle/io.hpp>
#include <heddle/runtime.hpp>
#include <heddle/sync/mutex.hpp>

#include <chrono>
#include <iostream>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

namespace {

namespace http = heddle::http;

class users {
 public:
  explicit users(http::server& site) {
    site.get("/users/{id}", [this](const http::request& asked) { return find(asked); });
    site.put("/users/{id}", [this](const http::request& asked) { return keep(asked); });
    site.stream("GET", "/ticks", ticks);
  }

 private:
  http::response find(const http::request& asked) {
    const std::lock_guard lock(guard_);
    const auto found = names_.find(asked.param("id"));
    if (found == names_.end()) throw http::status_error(404, "no such user");
    return http::response::text(found->second);
  }

  http::response keep(const http::request& asked) {
    const std::lock_guard lock(guard_);
    names_.insert_or_assign(std::string(asked.param("id")), std::string(asked.body()));
    return http::response(204);
  }

  static void ticks(http::request_reader&, http::response_writer& out) {
    out.set("Content-Type", "text/plain");
    for (const std::string_view tick : {"one ", "two ", "three"}) {
      heddle::this_fiber::sleep_for(std::chrono::milliseconds{1});
      out.write(tick);
      out.flush();
    }
  }

  heddle::sync::mutex guard_;
  std::map<std::string, std::string, std::less<>> names_;
};

void tell(const http::response& answer) {
  std::cout << answer.status() << ' ' << answer.body() << '\n';
}

}  // namespace

int main() {
  heddle::run([] {
    http::server site;
    users all(site);
    auto listener = heddle::io::tcp_listener::bind("127.0.0.1:0");
    auto serving = heddle::spawn([&] { site.serve(listener); });
    const std::string at = "http://" + listener.local_endpoint().to_string();
    http::client session;
    tell(session.request(http::client_request("PUT", at + "/users/7").body("Ada")));
    tell(session.get(at + "/users/7"));
    tell(session.get(at + "/users/8"));
    tell(session.get(at + "/ticks"));
    session.close();
    listener.close();
    serving.join();
  });
}
