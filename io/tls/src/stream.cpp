// SPDX-License-Identifier: MIT
// A stream is a handle of its session. Each call holds the session while it lasts: another fiber
// may close the stream, and destroy it, meanwhile.
#include <heddle/tls/stream.hpp>

#include "context.hpp"
#include "session.hpp"

#include <stdexcept>
#include <utility>

namespace heddle::tls {

namespace {

using detail::config_access;
using detail::session;

/// A host as it is asked for: no brackets around an IPv6 address, no dot at the end of a name.
std::string plain_host(std::string_view host) {
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') {
    host = host.substr(1, host.size() - 2);
  }
  if (host.size() > 1 && host.back() == '.') host.remove_suffix(1);
  return std::string(host);
}

/// Calls on a stream that was never there, or was moved from.
std::shared_ptr<session> none(std::error_code& error) {
  error = std::make_error_code(std::errc::bad_file_descriptor);
  return nullptr;
}

}  // namespace

stream::stream() noexcept = default;
stream::stream(std::shared_ptr<detail::session> session) noexcept : session_(std::move(session)) {}
stream::stream(stream&&) noexcept = default;
stream& stream::operator=(stream&& other) noexcept {
  stream last(std::move(*this));
  session_ = std::move(other.session_);
  return *this;
}

stream::~stream() {
  if (session_ == nullptr) return;
  session_->end(session::ending::graceful);
  session_->join_courier();
}

stream stream::client(io::tcp_stream over, std::string_view host, const client_config& config) {
  const auto& context = config_access::of(config);
  const std::string name = plain_host(host);
  auto slot = std::make_shared<detail::session_slot>(
      context->cache(), name + " at " + over.peer_endpoint().to_string());
  auto engine = std::make_unique<detail::engine>(
      context->make(name, config_access::alpn_of(config)), name, std::move(slot));
  return stream(std::make_shared<session>(std::move(over), std::move(engine), context,
                                          context->handshake_timeout()));
}

stream stream::server(io::tcp_stream over, const server_config& config) {
  const auto context = config_access::of(config).now();
  auto engine = std::make_unique<detail::engine>(context->make(), std::string(), nullptr);
  return stream(std::make_shared<session>(std::move(over), std::move(engine), context,
                                          context->options().handshake_timeout));
}

void stream::handshake(std::error_code& error) {
  if (const auto with = session_ ? session_ : none(error)) with->handshake(error);
}
void stream::handshake() {
  std::error_code error;
  handshake(error);
  if (error) raise(error, "shake hands with");
}

std::size_t stream::read_some(std::span<std::byte> into, std::error_code& error) {
  const auto with = session_ ? session_ : none(error);
  return with ? with->read_some(into, error) : 0;
}

void stream::wait_readable(std::error_code& error) {
  if (const auto with = session_ ? session_ : none(error)) with->wait_readable(error);
}
void stream::wait_readable() {
  std::error_code error;
  wait_readable(error);
  if (error) raise(error, "wait for bytes from");
}

bool stream::is_readable() const noexcept {
  const auto with = session_;
  return with == nullptr || with->is_readable();
}

std::size_t stream::write_some(std::span<const std::byte> from, std::error_code& error) {
  const auto with = session_ ? session_ : none(error);
  return with ? with->write_some(from, error) : 0;
}

std::size_t stream::try_write_some(std::span<const std::byte> from, std::error_code& error) {
  const auto with = session_ ? session_ : none(error);
  return with ? with->try_write_some(from, error) : 0;
}

void stream::shutdown_write(std::error_code& error) {
  if (const auto with = session_ ? session_ : none(error)) with->shutdown_write(error);
}
void stream::shutdown_write() {
  std::error_code error;
  shutdown_write(error);
  if (error) raise(error, "shut down writing to");
}

void stream::renew_keys() {
  std::error_code error;
  if (const auto with = session_ ? session_ : none(error)) with->renew_keys(error);
  if (error) raise(error, "renew the keys with");
}

void stream::close() noexcept {
  if (const auto with = session_) with->end(session::ending::graceful);
}
void stream::abort() noexcept {
  if (const auto with = session_) with->end(session::ending::reset);
}

bool stream::is_open() const noexcept { return session_ != nullptr && session_->is_open(); }

io::endpoint stream::peer_endpoint() const {
  return session_ ? session_->over().peer_endpoint() : io::endpoint();
}

io::endpoint stream::local_endpoint() const {
  std::error_code error;
  none(error);
  if (session_ == nullptr) raise(error, "find the local endpoint of the stream to");
  return session_->over().local_endpoint();
}

negotiated stream::agreed() const {
  if (session_ == nullptr) throw std::logic_error("tls::stream::agreed: it is not connected");
  return session_->with_engine([](const detail::engine& with) { return with.agreed(); });
}

std::optional<peer_certificate> stream::peer() const {
  if (session_ == nullptr) return std::nullopt;
  return session_->with_engine([](const detail::engine& with) { return with.peer(); });
}

std::string stream::failure() const {
  if (session_ == nullptr) return {};
  return session_->with_engine([](const detail::engine& with) { return with.reason(); });
}

void stream::raise(const std::error_code& error, std::string_view operation) const {
  throw tls_error(error, operation, peer_endpoint(),
                  error.category() == tls_category() ? failure() : std::string());
}

namespace detail {

stream connect(std::string_view host, int port, const client_config& config,
               const io::connect_options& options) {
  stream made = stream::client(io::tcp_stream::connect(host, port, options), host, config);
  made.handshake();
  return made;
}

stream connect(std::string_view host, int port, const client_config& config,
               const io::connect_options& options, std::error_code& error) {
  io::tcp_stream over = io::tcp_stream::connect(host, port, options, error);
  if (error) return {};
  stream made = stream::client(std::move(over), host, config);
  made.handshake(error);
  return made;
}

}  // namespace detail

}  // namespace heddle::tls
