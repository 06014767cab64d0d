// SPDX-License-Identifier: MIT
// queue: what does not depend on the type of its items.
#include <heddle/sync/queue.hpp>

#include <string>

namespace heddle::sync::detail {

constexpr wait_kind queue_item_kind{"an item of queue"};
constexpr wait_kind queue_room_kind{"room in queue"};
constexpr wait_kind queue_join_kind{"task_done of queue"};

void check_queue_size(std::size_t maxsize) {
  if (maxsize >= 1 && maxsize <= unbounded) return;
  throw std::invalid_argument("heddle::sync::queue: maxsize " + std::to_string(maxsize) +
                              ", must be 1 or more; without a limit: heddle::sync::unbounded");
}

void throw_no_order() {
  throw std::invalid_argument("heddle::sync::priority_queue: the comparison is empty");
}

void throw_queue_shut_down(const char* operation) {
  throw queue_shut_down(std::string("heddle::sync::queue::") + operation +
                        ": the queue was shut down");
}

void throw_too_many_done() {
  throw std::logic_error("heddle::sync::queue::task_done: called more often than items were put");
}

}  // namespace heddle::sync::detail
