// SPDX-License-Identifier: MIT
// Usage: tls_echo [CERTIFICATE KEY]. Sends back what clients send over TLS, one fiber a connection:
// `tls_echo server.crt server.key`, then `openssl s_client -connect ...` with the endpoint it
// prints. SIGHUP has it read both files again. Without arguments it has `openssl` make a
// certificate, says hello to itself and ends.
#include <heddle/heddle.hpp>

#include <array>
#include <cstddef>
#include <exception>
#include <filesystem>
#include <iostream>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

#include <signal.h>
#include <unistd.h>

namespace {

namespace tls = heddle::tls;

struct files {
  std::string certificate;
  std::string key;
};

void echo(tls::stream& client) {
  std::array<std::byte, 4096> buffer;
  while (const std::size_t count = client.read_some(buffer)) {
    client.write_all(std::span(buffer).first(count));
  }
}

tls::server_config config_of(const files& own) {
  tls::server_options options;
  options.certificate = tls::pem::file(own.certificate);
  options.key = tls::pem::file(own.key);
  options.on_handshake_failure = [](const tls::handshake_failure& failure) {
    std::cerr << failure.peer << ": " << failure.reason << '\n';
  };
  return options;
}

void reload_on_hangup(tls::server_config config) {
  heddle::io::signal_set hangup{SIGHUP};
  for (;;) {
    hangup.wait();
    try {
      config.reload();
    } catch (const std::exception& error) {
      std::cerr << error.what() << '\n';  // the old certificate stays in use
    }
  }
}

void serve(const files& own) {
  const tls::server_config config = config_of(own);
  tls::listener listener(heddle::io::tcp_listener::bind("127.0.0.1:0"), config);
  std::cout << "listening at " << listener.local_endpoint() << std::endl;
  auto reloading = heddle::spawn([&] { reload_on_hangup(config); });
  tls::serve(listener, echo);
}

void say_hello(const heddle::io::endpoint& server, const files& own) {
  tls::client_options options;
  options.ca = tls::pem::file(own.certificate);
  const tls::client_config config = options;
  tls::stream stream = tls::connect("localhost", server.port(), config);
  stream.write_all(std::as_bytes(std::span("hello", 5)));
  std::string answer(5, '\0');
  stream.read_exactly(std::as_writable_bytes(std::span(answer)));
  std::cout << "the server said: " << answer << '\n';

  try {
    tls::connect("127.0.0.1", server.port(), config);
  } catch (const tls::tls_error& error) {
    std::cout << "refused: " << error.reason() << '\n';
  }
}

/// The certificate is for localhost alone, signed by itself.
void make_certificate(const files& own) {
  const std::vector<std::string> command{
      "openssl", "req",   "-x509", "-newkey",      "rsa:2048", "-nodes",
      "-days",   "1",     "-subj", "/CN=tls_echo", "-addext",  "subjectAltName=DNS:localhost",
      "-keyout", own.key, "-out",  own.certificate};
  if (!heddle::io::run_process(command).status.success())
    throw std::runtime_error("openssl made no certificate");
}

void try_it() {
  const auto folder = std::filesystem::temp_directory_path();
  const std::string stem = folder / ("tls_echo_" + std::to_string(::getpid()));
  const files own{stem + ".crt", stem + ".key"};
  make_certificate(own);
  tls::listener listener(heddle::io::tcp_listener::bind("127.0.0.1:0"), config_of(own));
  auto server = heddle::spawn([&] { tls::serve(listener, echo); });
  say_hello(listener.local_endpoint(), own);
  listener.close();
  server.join();
  std::filesystem::remove(own.certificate);
  std::filesystem::remove(own.key);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 1 && argc != 3) {
    std::cerr << "Usage: tls_echo [CERTIFICATE KEY]\n";
    return 2;
  }
  try {
    heddle::run([&] { argc == 3 ? serve({argv[1], argv[2]}) : try_it(); });
  } catch (const std::exception& error) {
    std::cerr << "tls_echo: " << error.what() << '\n';
    return 1;
  }
}
