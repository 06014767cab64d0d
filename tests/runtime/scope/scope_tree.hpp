// SPDX-License-Identifier: MIT
// Random trees of scopes, shields, groups and time-outs, run for real and by a sequential model.
// Invariants of a tree, whatever is cancelled from outside: (1) each leaf is entered once and ended
// once; (2) when a group has ended, nothing runs in it; (3) the failure of a leaf is delivered once
// by its own group: in failures(), or, if that is dropped, by on_unhandled. If nobody cancels from
// outside, the model says more: whether the tree ends by value, by cancellation or by a failure,
// which scopes take `cancelled`, and how many failures each group has.
// What the model rests on: a leaf suspends at most once, and nothing above it suspends before it;
// so only whether a request comes early or late is left open, and it says so (when::some_time).
#pragma once

#include <heddle/runtime.hpp>

#include "runtime/support/random.hpp"

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <vector>

namespace heddle::test {

/// What a node does. Leaves first; then what holds one node; then groups.
enum class act : std::uint8_t {
  returns,
  parks,  // until it is cancelled
  fails,
  fails_late,     // parks, and fails when it is cancelled
  cancels_group,  // its own, and returns
  plain,          // a scope
  cancelled,      // a scope that is cancelled before it is run
  late,           // one whose deadline has passed before
  timed,          // one whose deadline passes soon
  shield,
  joined,   // a group: spawn all, join
  ran,      // a group: spawn all but the first, which is the body of run()
  dropped,  // a group that is not joined
};

/// How a node ends.
enum class ending : std::uint8_t { value, cancelled, value_or_cancelled, failure, never };

/// When a request to leave is heard by a node: never, before it is entered, or some time after.
enum class when : std::uint8_t { never, before, some_time };

struct node {
  explicit node(act does) noexcept : what(does) {}

  act what;
  node* group = nullptr;  // the innermost around it
  std::vector<std::unique_ptr<node>> inside;
  std::optional<cancel_scope> scope;
  std::optional<bool> takes;            // the model's word on a scope
  std::optional<std::size_t> failures;  // on a group
  bool cancelled_by_leaf = false;       // a group

  task_group* running = nullptr;  // a group, while it stands
  std::atomic<int> live{0};       // leaves under way inside a group
  std::atomic<int> entered{0};    // a leaf
  std::atomic<int> ended{0};
  std::atomic<int> thrown{0};
  std::atomic<int> delivered{0};
};

struct leaf_failure : std::runtime_error {
  explicit leaf_failure(node& leaf) : std::runtime_error("a leaf failed"), who(&leaf) {}
  node* who;
};

/// A tree, and what was found wrong while it ran.
class scope_tree {
 public:
  explicit scope_tree(random_numbers& random) : random_(random) {
    root_ = grow(nullptr, 5, true);
    expected_ = model(*root_, when::never);
    if (expected_ == ending::never) expected_ = model(*root_, when::some_time);
  }

  /// Whether somebody must cancel the root, or it does not end.
  bool waits_for_ever() { return model(*root_, when::never) == ending::never; }
  ending expected() const noexcept { return expected_; }
  std::size_t nodes() const noexcept { return nodes_; }
  cancel_scope& root_scope() noexcept { return root_scope_; }
  /// The scopes that others may cancel, for as long as the tree stands.
  const std::vector<cancel_scope*>& scopes() const noexcept { return scopes_; }

  /// Says that somebody cancels from outside: then only the invariants hold, not the model.
  void disturb() noexcept { disturbed_ = true; }

  /// Runs the tree. Returns how it ended.
  ending run() {
    if (waits_for_ever()) expect_model(when::some_time);
    try {
      return root_scope_.run([this] { enter(*root_); }) ? ending::value : ending::cancelled;
    } catch (const leaf_failure& failure) {
      if (failure.who->group == nullptr) ++failure.who->delivered;
      return ending::failure;
    }
  }

  /// To be told what on_unhandled is told.
  static void unhandled(const unhandled_error& report) {
    try {
      std::rethrow_exception(report.error);
    } catch (const leaf_failure& failure) {
      const node* const group = failure.who->group;
      if (group != nullptr && group->what == act::dropped) ++failure.who->delivered;
    }
  }

  /// Returns what is wrong, after the end; null if nothing is.
  const char* fault() const {
    if (fault_.load() != nullptr) return fault_;
    return fault_of(*root_);
  }

  /// Whether `actual` is what the model expects.
  bool is_expected(ending actual) const noexcept {
    if (expected_ == ending::value_or_cancelled) return actual != ending::failure;
    return actual == expected_;
  }

 private:
  static constexpr std::size_t most_nodes = 60;

  std::unique_ptr<node> grow(node* group, int depth, bool may_park) {
    ++nodes_;
    constexpr auto leaves = static_cast<std::uint32_t>(act::plain);
    constexpr auto all = static_cast<std::uint32_t>(act::dropped) + 1;
    const bool is_leaf = depth == 0 || nodes_ > most_nodes || random_.once_in(4);
    const std::uint32_t chosen =
        is_leaf ? random_.below(leaves) : leaves + random_.below(all - leaves);
    auto made = std::make_unique<node>(static_cast<act>(chosen));
    node& self = *made;
    if (!may_park && (self.what == act::parks || self.what == act::fails_late)) {
      self.what = act::returns;
    }
    self.group = group;
    if (self.what == act::cancels_group && group != nullptr) group->cancelled_by_leaf = true;
    if (self.what < act::plain) return made;
    if (self.what <= act::timed) make_scope(self);
    const bool is_group = self.what >= act::joined;
    const bool is_left = self.what == act::cancelled || self.what == act::late ||
                         self.what == act::timed || self.what == act::dropped;
    const bool inside_may_park = is_left || (may_park && self.what != act::shield);
    const std::uint32_t width = is_group ? 1 + random_.below(4) : 1;
    for (std::uint32_t n = 0; n < width; ++n) {
      self.inside.push_back(grow(is_group ? &self : group, depth - 1, inside_may_park));
    }
    return made;
  }

  void make_scope(node& self) {
    if (self.what == act::late) {
      self.scope.emplace(deadline(clock::time_point()));
    } else if (self.what == act::timed) {
      self.scope.emplace(deadline::after(std::chrono::microseconds(random_.below(200))));
    } else {
      self.scope.emplace();
    }
    if (self.what == act::cancelled) self.scope->cancel();
    scopes_.push_back(&*self.scope);
  }

  // The model: how a node ends if a request to leave is heard in it then; notes what it expects.
  ending model(node& self, when heard) {
    switch (self.what) {
      case act::returns:
      case act::cancels_group:
        return ending::value;
      case act::fails:
        return ending::failure;
      case act::parks:
        return heard == when::never ? ending::never : ending::cancelled;
      case act::fails_late:
        return heard == when::never ? ending::never : ending::failure;
      case act::shield:
        return model(*self.inside[0], when::never);
      case act::plain:
        return model_scope(self, heard, heard);
      case act::cancelled:
      case act::late:
        return model_scope(self, heard, when::before);
      case act::timed:
        return model_scope(self, heard, heard == when::never ? when::some_time : heard);
      default:
        return model_group(self, heard);
    }
  }

  ending model_scope(node& self, when heard, when heard_inside) {
    const ending inside = model(*self.inside[0], heard_inside);
    self.takes.reset();
    if (inside != ending::cancelled && inside != ending::value_or_cancelled) {
      self.takes = false;
      return inside;
    }
    if (self.what == act::plain || heard == when::before) {
      self.takes = false;
      return inside;
    }
    if (heard == when::some_time) return ending::value_or_cancelled;
    if (inside == ending::cancelled) self.takes = true;
    return ending::value;
  }

  ending model_group(node& self, when heard) {
    std::size_t failures = model_children(self, heard);
    const bool cancelled_inside =
        failures > 0 || self.cancelled_by_leaf || self.what == act::dropped;
    if (cancelled_inside && heard == when::never) {
      failures = model_children(self, when::some_time);
    }
    self.failures = failures;
    if (stuck_) return ending::never;
    if (self.what == act::dropped) return ending::value;
    if (failures > 0) return ending::failure;
    if (heard == when::never) return ending::value;
    return ending::value_or_cancelled;
  }

  /// Returns how many fail; sets stuck_ if one never ends.
  std::size_t model_children(node& self, when heard) {
    std::size_t failures = 0;
    bool stuck = false;
    for (const auto& each : self.inside) {
      const ending ended = model(*each, heard);
      failures += ended == ending::failure ? 1 : 0;
      stuck = stuck || ended == ending::never;
    }
    stuck_ = stuck;
    return failures;
  }

  void expect_model(when heard) { expected_ = model(*root_, heard); }

  /// A leaf under way, in all groups around it.
  class under_way {
   public:
    explicit under_way(node& leaf) noexcept : leaf_(leaf) {
      ++leaf_.entered;
      for (node* each = leaf_.group; each != nullptr; each = each->group) ++each->live;
    }
    ~under_way() {
      for (node* each = leaf_.group; each != nullptr; each = each->group) --each->live;
      ++leaf_.ended;
    }
    under_way(const under_way&) = delete;
    under_way& operator=(const under_way&) = delete;

   private:
    node& leaf_;
  };

  [[noreturn]] static void fail(node& leaf) {
    ++leaf.thrown;
    throw leaf_failure(leaf);
  }

  static void park() {
    wait_queue nobody;
    nobody.wait_unless([]() noexcept { return false; });
  }

  void enter(node& self) {
    if (self.what >= act::joined) return enter_group(self);
    if (self.what == act::shield) return shield([&] { enter(*self.inside[0]); });
    if (self.what >= act::plain) {
      const bool took = !self.scope->run([&] { enter(*self.inside[0]); });
      if (!disturbed_ && self.takes && *self.takes != took) fault_ = "the wrong scope took it";
      return;
    }
    const under_way here(self);
    if (self.what == act::fails) fail(self);
    if (self.what == act::cancels_group && self.group != nullptr) self.group->running->cancel();
    if (self.what == act::parks) park();
    if (self.what == act::fails_late) {
      try {
        park();
      } catch (const heddle::cancelled&) {
        fail(self);
      }
    }
  }

  void enter_group(node& self) {
    {
      task_group group;
      self.running = &group;
      for (std::size_t n = self.what == act::ran ? 1 : 0; n < self.inside.size(); ++n) {
        group.spawn([this, &child = *self.inside[n]] { enter(child); });
      }
      if (self.what != act::dropped) end_group(self, group);
    }
    if (self.live != 0) fault_ = "a child has outlived a group that was dropped";
  }

  void end_group(node& self, task_group& group) {
    try {
      if (self.what == act::ran) {
        group.run([&] { enter(*self.inside[0]); });
      } else {
        group.join();
      }
    } catch (...) {
      audit_group(self, group);
      throw;
    }
    audit_group(self, group);
  }

  void audit_group(node& self, const task_group& group) {
    if (self.live != 0) fault_ = "a child has outlived a group that was joined";
    const auto failures = group.failures();
    for (const std::exception_ptr& each : failures) {
      try {
        std::rethrow_exception(each);
      } catch (const leaf_failure& failure) {
        if (failure.who->group == &self) ++failure.who->delivered;
      }
    }
    if (!disturbed_ && self.failures && *self.failures != failures.size()) {
      fault_ = "a group has not the failures that it should have";
    }
  }

  const char* fault_of(const node& self) const {
    if (self.what < act::plain) {
      if (self.entered != 1) return "a leaf was not entered once";
      if (self.ended != 1) return "a leaf was not ended once";
      if (self.delivered != self.thrown) return "a failure was not delivered once";
    }
    for (const auto& each : self.inside) {
      if (const char* const found = fault_of(*each)) return found;
    }
    return nullptr;
  }

  random_numbers& random_;
  std::size_t nodes_ = 0;
  std::vector<cancel_scope*> scopes_;
  cancel_scope root_scope_;
  std::unique_ptr<node> root_;
  bool stuck_ = false;
  bool disturbed_ = false;
  ending expected_ = ending::value;
  std::atomic<const char*> fault_{nullptr};
};

}  // namespace heddle::test
