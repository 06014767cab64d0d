// SPDX-License-Identifier: MIT
// The only place that knows c-ares. Its callbacks come from inside of its calls, on the caller's
// stack, and must not throw: what they meet is noted.
#include "dns/channel.hpp"

#include "net/address.hpp"

#include <heddle/runtime/park.hpp>

#include <ares.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

#include <arpa/nameser.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <unistd.h>

namespace heddle::io::detail {

namespace {

/// c-ares counts its users without a lock; it is told once, and for good.
void prepare_library() {
  static const int outcome = ares_library_init(ARES_LIB_INIT_ALL);  // of a process, as its malloc
  if (outcome != ARES_SUCCESS) throw std::bad_alloc();
}

/// What c-ares forgets to report.
struct notes {
  int epoll = -1;
  int socket_error = 0;  // of the last socket that could not be had
  int reply_code = 0;    // of the last message: SERVFAIL, REFUSED
};

notes& notes_of(void* data) noexcept { return *static_cast<notes*>(data); }

ares_socket_t open_socket(int family, int type, int protocol, void* data) {
  const int made = ::socket(family, type | SOCK_NONBLOCK | SOCK_CLOEXEC, protocol);
  if (made < 0) notes_of(data).socket_error = errno;
  return made;
}

int close_socket(ares_socket_t fd, void*) { return ::close(fd); }

int connect_socket(ares_socket_t fd, const sockaddr* to, ares_socklen_t length, void*) {
  return ::connect(fd, to, length);
}

ares_ssize_t receive_message(ares_socket_t fd, void* into, std::size_t size, int flags,
                             sockaddr* from, ares_socklen_t* length, void* data) {
  const ares_ssize_t bytes = ::recvfrom(fd, into, size, flags, from, length);
  constexpr ares_ssize_t header_bytes = 12;
  // Over TCP a length comes before it, alone: those answers come when a server has a good one.
  if (bytes >= header_bytes) {
    notes_of(data).reply_code = static_cast<const unsigned char*>(into)[3] & 15;
  }
  return bytes;
}

ares_ssize_t send_message(ares_socket_t fd, const iovec* pieces, int count, void*) {
  msghdr message{};
  message.msg_iov = const_cast<iovec*>(pieces);
  message.msg_iovlen = static_cast<std::size_t>(count);
  return ::sendmsg(fd, &message, MSG_NOSIGNAL);
}

constexpr ares_socket_functions socket_functions{open_socket, close_socket, connect_socket,
                                                 receive_message, send_message};

void watch(void* data, ares_socket_t fd, int readable, int writable) {
  epoll_event wanted{};
  wanted.events = (readable != 0 ? EPOLLIN : 0U) | (writable != 0 ? EPOLLOUT : 0U);
  wanted.data.fd = fd;
  const int set = notes_of(data).epoll;
  if (wanted.events == 0) {
    ::epoll_ctl(set, EPOLL_CTL_DEL, fd, &wanted);
  } else if (::epoll_ctl(set, EPOLL_CTL_MOD, fd, &wanted) != 0 && errno == ENOENT) {
    // Refused (no memory, too many watches)? The answer is then seen at c-ares' next time-out.
    ::epoll_ctl(set, EPOLL_CTL_ADD, fd, &wanted);
  }
}

int milliseconds_of(std::chrono::milliseconds time) { return static_cast<int>(time.count()); }

std::string with_commas(const std::vector<endpoint>& servers) {
  std::string text;
  for (const endpoint& each : servers) text += (text.empty() ? "" : ",") + each.to_string();
  return text;
}

[[noreturn]] void throw_status(int status) {
  if (status == ARES_ENOMEM) throw std::bad_alloc();
  throw std::system_error(make_error_code(std::errc::io_error), ares_strerror(status));
}

std::error_code why_no_server(const notes& known) {
  if (known.socket_error != 0) return {known.socket_error, std::system_category()};
  if (known.reply_code == ns_r_refused) return dns_errc::refused;
  if (known.reply_code != 0) return dns_errc::server_failed;
  return dns_errc::unreachable;
}

std::error_code error_of(int status, const notes& known) {
  switch (status) {
    case ARES_SUCCESS:
      return {};
    case ARES_ENODATA:
      return dns_errc::no_address;
    case ARES_ENOTFOUND:
      return dns_errc::no_such_host;
    case ARES_ETIMEOUT:
    case ARES_ECANCELLED:
    case ARES_EDESTRUCTION:
      return dns_errc::timed_out;
    case ARES_EREFUSED:
      return dns_errc::refused;
    case ARES_ESERVFAIL:
    case ARES_ENOTIMP:
      return dns_errc::server_failed;
    case ARES_EBADRESP:
    case ARES_EFORMERR:
      return dns_errc::bad_answer;
    case ARES_EBADNAME:
    case ARES_EBADSTR:
      return dns_errc::bad_name;
    case ARES_ENOMEM:
      return std::make_error_code(std::errc::not_enough_memory);
    default:
      return why_no_server(known);
  }
}

endpoint address_of(const ares_addrttl& found) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr = found.ipaddr;
  return endpoint_access::from_ip(address);
}

endpoint address_of(const ares_addr6ttl& found) {
  sockaddr_in6 address{};
  address.sin6_family = AF_INET6;
  std::memcpy(&address.sin6_addr, &found.ip6addr, sizeof address.sin6_addr);
  return endpoint_access::from_ip(address);
}

/// Reads the addresses of a message. Returns c-ares' status.
template <class Found, class Parse>
int read_addresses(Parse parse, std::size_t most, reply& into) {
  std::vector<Found> found(most);
  int count = static_cast<int>(most);
  if (const int status = parse(found.data(), &count); status != ARES_SUCCESS) return status;
  if (count <= 0) return ARES_ENODATA;
  int ttl = found[0].ttl;
  for (int n = 0; n < count; ++n) {
    const Found& each = found[static_cast<std::size_t>(n)];
    into.addresses.push_back(address_of(each));
    ttl = std::min(ttl, each.ttl);
  }
  into.ttl = std::chrono::seconds(std::max(ttl, 0));
  return ARES_SUCCESS;
}

}  // namespace

struct channel::inside {
  struct question {
    inside* owner = nullptr;
    family which = family::ipv6;
    reply got;
  };
  struct destroy {
    void operator()(ares_channel made) const noexcept { ares_destroy(made); }
  };

  explicit inside(const resolver_options& options);
  inside(const inside&) = delete;
  inside& operator=(const inside&) = delete;
  ~inside() = default;

  void open(const resolver_options& options);
  deadline next_time_out() const;
  static void answered(void* data, int status, int timeouts, unsigned char* message, int length);

  const std::size_t most_addresses;
  notes known;
  owned_fd epoll;
  readiness watched;
  const std::optional<std::vector<std::string>> search;
  std::array<question, 2> questions;
  std::unique_ptr<ares_channeldata, destroy> ares;  // ends first: it calls back once more
};

channel::inside::inside(const resolver_options& options)
    : most_addresses(options.most_addresses), search(options.search) {
  prepare_library();
  epoll = owned_fd(::epoll_create1(EPOLL_CLOEXEC));
  if (!epoll) throw std::system_error(errno, std::system_category(), "epoll_create1");
  known.epoll = epoll.get();
  watched = readiness(epoll.get());
  open(options);
}

void channel::inside::open(const resolver_options& options) {
  ares_options settings{};
  settings.timeout = milliseconds_of(options.attempt_timeout);
  settings.tries = options.attempts;
  settings.sock_state_cb = watch;
  settings.sock_state_cb_data = &known;
  std::string path = options.configuration_file;
  settings.resolvconf_path = path.data();
  constexpr int given =
      ARES_OPT_TIMEOUTMS | ARES_OPT_TRIES | ARES_OPT_SOCK_STATE_CB | ARES_OPT_RESOLVCONF;
  ares_channel made = nullptr;
  if (const int status = ares_init_options(&made, &settings, given)) throw_status(status);
  ares.reset(made);
  ares_set_socket_functions(made, &socket_functions, &known);
  if (options.servers.empty()) return;
  const std::string servers = with_commas(options.servers);
  if (const int status = ares_set_servers_ports_csv(made, servers.c_str())) throw_status(status);
}

void channel::inside::answered(void* data, int status, int, unsigned char* message, int length) {
  question& about = *static_cast<question*>(data);
  reply got;
  got.arrived = true;
  try {
    const std::size_t most = about.owner->most_addresses;
    if (status == ARES_SUCCESS && about.which == family::ipv4) {
      status = read_addresses<ares_addrttl>(
          [&](ares_addrttl* found, int* count) {
            return ares_parse_a_reply(message, length, nullptr, found, count);
          },
          most, got);
    } else if (status == ARES_SUCCESS) {
      status = read_addresses<ares_addr6ttl>(
          [&](ares_addr6ttl* found, int* count) {
            return ares_parse_aaaa_reply(message, length, nullptr, found, count);
          },
          most, got);
    }
    got.error = error_of(status, about.owner->known);
  } catch (const std::bad_alloc&) {
    got.error = std::make_error_code(std::errc::not_enough_memory);
  }
  about.got = std::move(got);
}

deadline channel::inside::next_time_out() const {
  timeval left{};
  if (ares_timeout(ares.get(), nullptr, &left) == nullptr) return {};
  // One millisecond more, for c-ares rounds down and would find that it is not yet time.
  return deadline::after(std::chrono::seconds(left.tv_sec) +
                         std::chrono::microseconds(left.tv_usec) + std::chrono::milliseconds(1));
}

channel::channel(const resolver_options& options) : inside_(std::make_unique<inside>(options)) {}
channel::~channel() = default;

search_rules channel::rules() const {
  ares_options settings{};
  int given = 0;
  search_rules found;
  if (ares_save_options(inside_->ares.get(), &settings, &given) == ARES_SUCCESS) {
    found.dots = settings.ndots;
    for (int n = 0; n < settings.ndomains; ++n) found.domains.emplace_back(settings.domains[n]);
  }
  ares_destroy_options(&settings);
  if (inside_->search) found.domains = *inside_->search;
  return found;
}

void channel::ask(const std::string& name, family which) {
  inside::question& about = inside_->questions[static_cast<std::size_t>(which)];
  about = {inside_.get(), which, {}};
  ares_query(inside_->ares.get(), name.c_str(), ns_c_in, which == family::ipv4 ? ns_t_a : ns_t_aaaa,
             inside::answered, &about);
}

const reply& channel::answer(family which) const noexcept {
  return inside_->questions[static_cast<std::size_t>(which)].got;
}

void channel::drop() noexcept { ares_cancel(inside_->ares.get()); }

void channel::process() {
  constexpr auto read = readiness::direction::read;
  constexpr int at_once = 16;
  for (;;) {
    const auto seen = inside_->watched.look(read);
    std::array<epoll_event, at_once> events;
    const int count = ::epoll_wait(inside_->epoll.get(), events.data(), at_once, 0);
    for (int n = 0; n < count; ++n) {
      const epoll_event& each = events[static_cast<std::size_t>(n)];
      const bool failed = (each.events & (EPOLLERR | EPOLLHUP)) != 0;
      const bool in = failed || (each.events & EPOLLIN) != 0;
      const bool out = failed || (each.events & EPOLLOUT) != 0;
      ares_process_fd(inside_->ares.get(), in ? each.data.fd : ARES_SOCKET_BAD,
                      out ? each.data.fd : ARES_SOCKET_BAD);
    }
    if (count <= 0) {
      inside_->watched.drained(read, seen);
      break;
    }
    cooperate();
  }
  ares_process_fd(inside_->ares.get(), ARES_SOCKET_BAD, ARES_SOCKET_BAD);
}

void channel::wait(deadline limit) {
  inside_->watched.wait(readiness::direction::read, std::min(limit, inside_->next_time_out()));
}

}  // namespace heddle::io::detail
