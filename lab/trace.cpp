// SPDX-License-Identifier: MIT
// From records to spans.
#include "trace.hpp"

#include <heddle/runtime/task.hpp>
#include <heddle/runtime/this_fiber.hpp>

#include <algorithm>
#include <chrono>
#include <optional>

namespace lab {
namespace {

using heddle::trace_kind;
using heddle::trace_record;

std::optional<std::chrono::nanoseconds> start_of(const rings& all, heddle::fiber_id who) {
  for (const auto& ring : all) {
    for (const trace_record& record : ring) {
      if (record.kind == trace_kind::slice_begin && record.id == who) return record.since_start;
    }
  }
  return std::nullopt;
}

/// Collects the spans of one loop, cut to the window.
class span_builder {
 public:
  span_builder(std::chrono::nanoseconds from, double length_ms) : from_(from), length_(length_ms) {}

  void add(const trace_record& record) {
    const double at = std::chrono::duration<double, std::milli>(record.since_start - from_).count();
    switch (record.kind) {
      case trace_kind::slice_begin:
        end(at);
        begin(at, record.arg == 1 ? span::kind::stolen : span::kind::own, record.id);
        break;
      case trace_kind::park:
        end(at);
        begin(at, span::kind::asleep, heddle::fiber_id::none);
        break;
      case trace_kind::slice_end:
      case trace_kind::unpark:
        end(at);
        break;
      case trace_kind::steal:
        break;  // the slices say which work it was
    }
  }

  /// What is still going on lasts beyond the window.
  std::vector<span> finish() {
    end(length_);
    return std::move(spans_);
  }

 private:
  void begin(double at, span::kind what, heddle::fiber_id who) { open_ = {at, at, what, who}; }

  void end(double at) {
    if (!open_) return;
    span done = *open_;
    open_.reset();
    done.begin_ms = std::max(done.begin_ms, 0.0);
    done.end_ms = std::min(at, length_);
    if (done.end_ms > done.begin_ms) spans_.push_back(done);
  }

  std::chrono::nanoseconds from_;
  double length_;
  std::optional<span> open_;
  std::vector<span> spans_;
};

}  // namespace

heddle::fiber_id mark() {
  return heddle::spawn({.name = "mark"}, [] { return heddle::this_fiber::id(); }).join();
}

timeline between(const rings& all, heddle::fiber_id first_mark, heddle::fiber_id last_mark) {
  const auto from = start_of(all, first_mark);
  const auto to = start_of(all, last_mark);
  if (!from || !to || *to <= *from) return {};
  timeline found;
  found.length_ms = std::chrono::duration<double, std::milli>(*to - *from).count();
  for (const auto& ring : all) {
    span_builder loop(*from, found.length_ms);
    for (const trace_record& record : ring) loop.add(record);
    found.loops.push_back(loop.finish());
  }
  return found;
}

double share(const timeline& of, std::size_t loop, span::kind what) {
  if (loop >= of.loops.size()) return 0;
  double sum = 0;
  for (const span& one : of.loops[loop]) {
    if (one.what == what) sum += one.length_ms();
  }
  return of.length_ms > 0 ? sum / of.length_ms : 0;
}

}  // namespace lab
