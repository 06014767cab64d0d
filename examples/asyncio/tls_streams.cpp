// SPDX-License-Identifier: MIT
// In asyncio: start_server and open_connection with an ssl.SSLContext each: one with a certificate
// and its key, one that trusts it. The streams are used as those without TLS.
#include <heddle/heddle.hpp>

#include <filesystem>
#include <iostream>
#include <stdexcept>
#include <string>
#include <string_view>

#include <unistd.h>

namespace {

namespace tls = heddle::tls;

/// A certificate for localhost, signed by itself, in a folder that goes away.
class certificate {
 public:
  certificate() {
    std::filesystem::create_directory(folder_);
    const auto made =
        heddle::io::run_process({"openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes",
                                 "-days", "1", "-subj", "/CN=localhost", "-addext",
                                 "subjectAltName=DNS:localhost", "-keyout", key(), "-out", file()});
    if (!made.status.success()) throw std::runtime_error("openssl made no certificate");
  }
  ~certificate() { std::filesystem::remove_all(folder_); }
  certificate(const certificate&) = delete;
  certificate& operator=(const certificate&) = delete;

  std::string file() const { return folder_ / "crt"; }
  std::string key() const { return folder_ / "key"; }

 private:
  const std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("tls_streams_" + std::to_string(::getpid()));
};

void greet(tls::stream& client) {
  heddle::io::buffered_reader in(client);
  heddle::io::buffered_writer out(client);
  while (const auto name = in.read_line()) {
    out.write("hello, " + std::string(*name) + "\n");
    out.flush();
  }
}

}  // namespace

int main() {
  heddle::run([] {
    const certificate own;
    tls::server_options server;
    server.certificate = tls::pem::file(own.file());
    server.key = tls::pem::file(own.key());
    tls::listener listener(heddle::io::tcp_listener::bind("127.0.0.1:0"), server);
    auto serving = heddle::spawn([&] { tls::serve(listener, greet); });

    tls::client_options client;
    client.ca = tls::pem::file(own.file());
    auto stream = tls::connect("localhost", listener.local_endpoint().port(), client);
    heddle::io::buffered_writer out(stream);
    out.write("Ada\n");
    out.flush();
    heddle::io::buffered_reader in(stream);
    std::cout << *in.read_line() << '\n';
    stream.shutdown_write();
    std::cout << "the end came: " << std::boolalpha << !in.read_line().has_value() << '\n';
    listener.close();
    serving.join();
  });
}
