// SPDX-License-Identifier: MIT
// A range whose elements a function makes, one after the other, in a fiber of its own: it may
// sleep, read and wait between them, and from wherever in its calls. Invariants: (1) producer and
// consumer never run at the same time on one element: the producer stands still from its yield to
// the consumer's next ++; (2) the producer is a child in the scope in which the iteration began,
// and has ended before the generator has; (3) what leaves the producer leaves the consumer's
// begin(), ++ or next(). Source: CLU's iterators, Liskov et al. 1977, doi:10.1145/359763.359789;
// asynchronous generators, PEP 525.
#pragma once

#include <heddle/runtime/detail/generator_core.hpp>
#include <heddle/runtime/detail/result_shapes.hpp>
#include <heddle/runtime/error.hpp>

#include <concepts>
#include <cstddef>
#include <exception>
#include <functional>
#include <iterator>
#include <memory>
#include <optional>
#include <type_traits>
#include <utility>

namespace heddle {

namespace detail {

template <class F, class Generator>
concept producer_for = !std::same_as<std::remove_cvref_t<F>, Generator> &&
                       std::invocable<std::decay_t<F>&, typename Generator::yielder&>;

}  // namespace detail

/// A single-pass range, made by a function that is given `yield` and calls it with each element:
///   generator<int> count(int n) {
///     return [n](auto& yield) { for (int i = 0; i < n; ++i) yield(i); };
///   }
/// T: an object (elements may be moved out of the loop's variable, `for (auto x : g)`) or a
/// reference (elements stay where they are, on the producer's stack or elsewhere). The function
/// starts at begin() or next(). Dropped before its end, as by a `break`, the generator cancels the
/// producer and waits for it, shielded; an error of it then goes to config::on_unhandled.
/// Move-only; used by one fiber or thread at a time; may be moved to another between two elements.
/// It must not outlive its runtime.
template <class T>
class generator {
 public:
  /// What `*` returns: T&& for an object, else T.
  using reference = std::conditional_t<std::is_reference_v<T>, T, T&&>;
  class iterator;

  /// What the producer gives its elements to.
  class yielder {
   public:
    /// Hands over an element, and waits until the consumer wants the next one. No copy is made of
    /// an rvalue or a reference. Errors: throws `cancelled` if the producer is cancelled, or the
    /// consumer has gone, also inside a shield; std::logic_error if two fibers yield at once.
    /// Suspends: yes; to be cancelled it waits for the consumer to come back.
    void operator()(reference element) const {
      core_->give(const_cast<void*>(static_cast<const volatile void*>(std::addressof(element))),
                  nullptr);
    }
    void operator()(const T& element) const
        requires(!std::is_reference_v<T> && std::is_copy_constructible_v<T>) {
      (*this)(T(element));
    }
    /// Has the consumer's ++ throw `why`; the producer goes on if the consumer does. Shape: not
    /// null. Errors: also std::invalid_argument. Otherwise as an element.
    void error(std::exception_ptr why) const {
      if (why == nullptr) detail::throw_null_failure();
      core_->give(nullptr, std::move(why));
    }

   private:
    friend class generator;
    explicit yielder(detail::generator_core* core) noexcept : core_(core) {}
    detail::generator_core* core_;
  };

  generator() noexcept = default;
  /// Makes a generator that calls `produce(yield)`. Not explicit: a function that returns a
  /// generator may return its lambda. Errors: std::bad_alloc. Suspends: no; nothing runs yet.
  template <detail::producer_for<generator> F>
  // NOLINTNEXTLINE(bugprone-forwarding-reference-overload): the concept leaves copy and move alone
  generator(F&& produce, spawn_site where = spawn_site::current())
      : core_(new core_of<std::decay_t<F>>(std::forward<F>(produce), where)) {}

  /// Runs the producer to the next element; so a second loop over the same generator goes on behind
  /// the element at which the first was left. Errors and Suspends: as next(), and std::logic_error
  /// for a generator that was moved from.
  iterator begin() {
    detail::generator_core& core = attached();
    core.advance();
    return iterator(&core);
  }
  std::default_sentinel_t end() const noexcept { return {}; }

  /// Returns the next element, or nothing at the end (a reference as std::reference_wrapper).
  /// Errors: what left the producer, which has ended then, or what it handed to yield.error();
  /// task_cancelled if it was cancelled by itself; `cancelled` if the caller is, and nothing is
  /// lost: the next call waits for the same element. The first call also: as spawn;
  /// std::logic_error on a plain thread. Suspends: yes, cancel-safe. Cost: two switches.
  std::optional<detail::kept_result<T>> next() {
    detail::generator_core& core = attached();
    if (!core.advance()) return std::nullopt;
    return static_cast<reference>(*static_cast<std::add_pointer_t<reference>>(core.element()));
  }

 private:
  template <class F>
  class core_of final : public detail::generator_core {
   public:
    template <class G>
    core_of(G&& produce, spawn_site where)
        : generator_core(where), produce_(std::forward<G>(produce)) {}

   private:
    void produce() override {
      struct ends {  // on the producer's fiber, with what it has captured
        std::optional<F>& body;
        ~ends() { body.reset(); }
      } const at_end{produce_};
      yielder yield(this);
      std::invoke(*produce_, yield);
    }
    std::optional<F> produce_;
  };

  detail::generator_core& attached() const {
    if (core_ == nullptr) detail::throw_no_generator();
    return *core_;
  }

  std::unique_ptr<detail::generator_core, detail::generator_closer> core_;
};

/// Stands at an element of a generator; all iterators of one generator stand at the same.
template <class T>
class generator<T>::iterator {
 public:
  using iterator_concept = std::input_iterator_tag;
  using value_type = std::remove_cvref_t<T>;
  using difference_type = std::ptrdiff_t;
  using reference = generator::reference;

  iterator() noexcept = default;

  /// Returns the element. Errors: std::logic_error at the end, or if ++ threw. Suspends: no.
  reference operator*() const {
    return static_cast<reference>(*static_cast<std::add_pointer_t<reference>>(core_->element()));
  }
  /// Goes on to the next element. Errors and Suspends: as next().
  iterator& operator++() {
    core_->advance();
    return *this;
  }
  void operator++(int) { ++*this; }

  friend bool operator==(const iterator& at, std::default_sentinel_t) noexcept {
    return at.core_->at_end();
  }

 private:
  friend class generator;
  explicit iterator(detail::generator_core* core) noexcept : core_(core) {}
  detail::generator_core* core_ = nullptr;
};

}  // namespace heddle
