// SPDX-License-Identifier: MIT
// A task's bindings: a list without an end in common, the newest first, each variable at most once
// but for those that a scoped binding has put back. Nodes never change once they are in it.
#include <heddle/runtime/context_var.hpp>

#include "base/assert.hpp"
#include "fiber/task_storage.hpp"

#include <atomic>
#include <stdexcept>
#include <utility>

namespace heddle::detail {

namespace {

const context_node* find_node(const context_snapshot& list, const void* variable) noexcept {
  const context_node* each = list.get();
  while (each != nullptr && each->variable.get() != variable) each = each->older.get();
  return each;
}

/// Returns the list without what `variable` is bound to; what is older than that is shared.
context_snapshot without(const context_snapshot& list, const void* variable) {
  context_snapshot copies;  // of what is newer
  context_node* oldest_copy = nullptr;
  const auto append = [&](context_snapshot node, context_node* as_copy) noexcept {
    (oldest_copy != nullptr ? oldest_copy->older : copies) = std::move(node);
    oldest_copy = as_copy;
  };
  const context_snapshot* rest = &list;
  while (const context_node* const found = find_node(*rest, variable)) {
    for (; rest->get() != found; rest = &(*rest)->older) {
      auto copy = std::make_shared<context_node>((*rest)->variable, (*rest)->value, nullptr);
      context_node* const node = copy.get();
      append(std::move(copy), node);
    }
    rest = &found->older;
  }
  append(*rest, nullptr);
  return copies;
}

task_storage& own_storage() {
  static std::atomic<std::uint64_t> last{0};  // only ever grows: nobody shares anything by it
  task_storage& here = make_storage_of_caller();
  if (here.owner == 0) here.owner = last.fetch_add(1, std::memory_order_relaxed) + 1;
  return here;
}

std::shared_ptr<const void> bound_in(const context_snapshot& list, const void* variable) noexcept {
  const context_node* const found = find_node(list, variable);
  return found == nullptr ? nullptr : found->value;
}

}  // namespace

context_node::~context_node() {
  // One after the other: a node that ended those behind it would need as much stack as there are.
  // Held from here, the next one but one survives its neighbour, whose destructor stops at it.
  context_snapshot next = std::move(older);
  while (next.use_count() == 1) next = context_snapshot(next->older);
}

const void* find_bound(const void* variable) noexcept {
  const task_storage* const here = storage_of_caller();
  if (here == nullptr) return nullptr;
  const context_node* const found = find_node(here->context, variable);
  return found == nullptr ? nullptr : found->value.get();
}

context_change bind_to(const std::shared_ptr<const void>& variable,
                       std::shared_ptr<const void> value) {
  task_storage& here = own_storage();
  context_change change{variable, bound_in(here.context, variable.get()), here.owner};
  here.context = std::make_shared<const context_node>(variable, std::move(value),
                                                      without(here.context, variable.get()));
  return change;
}

void undo(context_change& change, const void* variable) {
  if (change.made_by == 0) {
    throw std::logic_error("heddle::context_var::reset: the token was used already, or moved from");
  }
  if (change.variable.get() != variable) {
    throw std::logic_error("heddle::context_var::reset: the token is another variable's");
  }
  task_storage& here = own_storage();
  if (here.owner != change.made_by) {
    throw std::logic_error("heddle::context_var::reset: the token was made by another task");
  }
  context_snapshot rest = without(here.context, variable);
  if (change.before != nullptr) {
    rest = std::make_shared<const context_node>(change.variable, change.before, std::move(rest));
  }
  here.context = std::move(rest);
  change = {};
}

void throw_unbound() {
  throw std::logic_error(
      "heddle::context_var::get: no value was set here or by a parent, and there is no default");
}

scoped_binding::scoped_binding(const std::shared_ptr<const void>& variable,
                               std::shared_ptr<const void> value)
    : restores_(std::make_shared<context_node>()), before_(own_storage().context) {
  context_change change = bind_to(variable, std::move(value));
  restores_->variable = std::move(change.variable);
  restores_->value = std::move(change.before);
  made_by_ = change.made_by;
  bound_ = storage_of_caller()->context;
}

scoped_binding::~scoped_binding() {
  task_storage* const here = storage_of_caller();
  HEDDLE_ASSERT(here != nullptr && here->owner == made_by_,
                "context_var::scoped: ended by another task than made it");
  if (here->context == bound_) {
    here->context = std::move(before_);
    return;
  }
  // Something else was set meanwhile, and stays. A node without a value says that there is none.
  restores_->older = std::move(here->context);
  here->context = std::move(restores_);
}

}  // namespace heddle::detail
