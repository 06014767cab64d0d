// SPDX-License-Identifier: MIT
// In Python: contextvars carry a request's id into every task that the request starts, without an
// argument; each task changes only its own copy.
#include <heddle/runtime.hpp>

#include <iostream>
#include <string>

namespace {

heddle::context_var<std::string> request_id("none");

void log(const std::string& text) { std::cout << '[' << request_id.get() << "] " << text << '\n'; }

void handle(const std::string& id) {
  const heddle::context_var<std::string>::scoped bound(request_id, id);
  log("begun");
  auto helper = heddle::spawn([] {
    log("helped");
    request_id.set("changed");
  });
  helper.join();
  log("ended");
}

}  // namespace

int main() {
  heddle::run([] {
    handle("a1");
    handle("b2");
    log("idle");
  });
}
