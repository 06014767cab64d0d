// SPDX-License-Identifier: MIT
// Bars, points, lines.
#include "contrast_pictures.hpp"

#include "contrast_scaling.hpp"
#include "svg.hpp"
#include "text.hpp"

#include <algorithm>
#include <map>
#include <utility>

namespace lab {
namespace {

constexpr int thickness = 11;
constexpr int lane_thickness = 26;
constexpr int way_height = label_height + 2 * thickness + 14;
constexpr int plot_height = 220;
constexpr int plot_top = 10;
constexpr int dot_radius = 4;
constexpr double least_share = 0.0015;  // of the width: what is there is seen

/// Where speed-ups over numbers of workers are drawn.
struct plot {
  double most_workers;
  double most_speed_up;

  std::string x(double workers) const { return percent(workers - 0.5, most_workers); }
  std::string y(double speed_up) const {
    return decimal(plot_top + plot_height * (1 - speed_up / most_speed_up), 1);
  }
  std::string line(std::string_view kind, const scaling_point& from,
                   const scaling_point& to) const {
    return element("line", {{"class", std::string(kind)},
                            {"x1", x(from.workers)},
                            {"y1", y(from.speed_up)},
                            {"x2", x(to.workers)},
                            {"y2", y(to.speed_up)}});
  }
};

std::string plot_axes(const plot& on, const std::vector<unsigned>& workers) {
  std::string text;
  for (int n = 0; n <= static_cast<int>(on.most_speed_up); ++n) {
    const std::string y = on.y(n);
    text += element("line", {{"class", "grid"}, {"x1", "0"}, {"x2", "100%"}, {"y1", y}, {"y2", y}});
    text += element("text", {{"class", "tick"}, {"x", "0"}, {"y", y}, {"dy", "-4"}},
                    number(n) + (n == 0 ? "" : "x"));
  }
  for (const unsigned n : workers) {
    text += element("text",
                    {{"class", "tick"},
                     {"x", on.x(n)},
                     {"y", number(plot_top + plot_height + 18)},
                     {"text-anchor", "middle"}},
                    std::to_string(n) + (n == 1 ? " worker" : ""));
  }
  return text;
}

std::string plot_fit(const plot& on, const scaling_curve& of) {
  if (!of.usl) return "";
  constexpr int steps = 32;
  const double last = of.points.back().workers;
  const auto at = [&](int step) {
    const double workers = 1 + (last - 1) * step / steps;
    return scaling_point{workers, of.usl->speed_up(workers)};
  };
  std::string text;
  for (int step = 0; step < steps; ++step) {
    text += on.line("curve " + std::string(of.of.colour), at(step), at(step + 1));
  }
  return text;
}

std::string plot_points(const plot& on, const scaling_curve& of) {
  std::string text;
  for (const scaling_point& point : of.points) {
    const std::string says = std::string(of.of.name) + ", n = " + decimal(point.workers, 0) + ": " +
                             times(point.speed_up);
    text += element("circle",
                    {{"class", std::string(of.of.colour)},
                     {"cx", on.x(point.workers)},
                     {"cy", on.y(point.speed_up)},
                     {"r", number(dot_radius)}},
                    "<title>" + escaped(says) + "</title>");
  }
  return text;
}

std::string legend_of(const std::vector<std::pair<std::string_view, std::string_view>>& entries) {
  std::string text;
  for (const auto& [kind, says] : entries) {
    const std::string sample =
        element("svg", {{"width", "22"}, {"height", "12"}, {"aria-hidden", "true"}},
                element("rect", {{"class", std::string(kind)}, {"width", "22"}, {"height", "12"}}));
    text += element("li", {}, sample + std::string(says));
  }
  return element("ul", {{"class", "legend"}}, text);
}

}  // namespace

std::string draw_ways(const job_contrast& of, unsigned cpus) {
  double length = of.serial_ms;
  std::vector<const contrast_run*> runs;
  for (const setup& with : usual_setups(cpus, of.job)) {
    if (const contrast_run* const run = of.find(with)) runs.push_back(run);
  }
  for (const contrast_run* run : runs) {
    length = std::max({length, run->wall_ms, percentile(run->busy_ms, 0.99)});
  }
  length *= 1.001;
  std::string text;
  int top = 0;
  for (const contrast_run* run : runs) {
    const double late = percentile(run->busy_ms, 0.99);
    text += caption(
        name_of(run->with) + ": job " + milliseconds(run->wall_ms) + ", echo " + milliseconds(late),
        0, top + 13);
    const auto wide = [&](double value) { return std::max(value, length * least_share); };
    const int y = top + label_height;
    text += bar("own", {0, wide(run->wall_ms), length, y, thickness});
    text += bar("stolen", {0, wide(late), length, y + thickness + 1, thickness});
    top += way_height;
  }
  return chart(top + axis_height, "How long the job took and how late the echo was, for each way",
               axis(length, top) + text);
}

std::string ways_legend() {
  return legend_of({{"own", "the job, from begin to end"},
                    {"stolen", "the echo meanwhile, p99: one question in a hundred waits longer"}});
}

std::string draw_scaling(const contrast_result& all, const job_contrast& of) {
  const std::vector<scaling_curve> curves = curves_of(all, of);
  const double most_workers = all.workers.back();
  const double cpus = all.cpus;
  double most = cpus;
  for (const scaling_curve& curve : curves) {
    for (const scaling_point& point : curve.points) most = std::max(most, point.speed_up);
  }
  const plot on{most_workers, most * 1.1};
  std::string text = plot_axes(on, all.workers);
  text += on.line("limit", {1, 1}, {cpus, cpus});
  text += on.line("limit", {cpus, cpus}, {most_workers, cpus});
  for (const scaling_curve& curve : curves) text += plot_fit(on, curve);
  for (const scaling_curve& curve : curves) text += plot_points(on, curve);
  return chart(plot_top + plot_height + axis_height, "Speed-up over the number of workers", text);
}

std::string scaling_legend() {
  std::vector<std::pair<std::string_view, std::string_view>> entries;
  for (const scaling_way& each : scaling_ways) entries.emplace_back(each.colour, each.name);
  entries.emplace_back("thread-sample", "what that many CPUs can compute");
  return legend_of(entries);
}

std::string draw_waits(const contrast_run& run) {
  constexpr int height = 8;
  const double length = run.spans.length_ms > 0 ? run.spans.length_ms : run.wall_ms;
  if (length <= 0) return "";
  const std::string says = "the echo: p50 " + milliseconds(percentile(run.busy_ms, 0.5)) +
                           ", p99 " + milliseconds(percentile(run.busy_ms, 0.99)) + " late";
  std::string text = caption(says, 0, 13);
  double drawn_to = 0;  // questions that wait at the same time are one bar
  for (const echo_wait& wait : run.waits) {
    const double begin = std::max(wait.begin_ms, drawn_to);
    const double end = std::min(wait.end_ms, length);
    if (end <= begin) continue;
    text += bar("page", {begin, std::max(end - begin, length * least_share / 2), length,
                         label_height, height});
    drawn_to = end;
  }
  return chart(label_height + height + 8, "When somebody waited for an echo", text);
}

std::string waits_legend() {
  return legend_of({{"page", "somebody waits for an echo"}, {"own", "a thread has the lock"}});
}

std::string draw_turns(const contrast_run& run, std::string_view alt) {
  constexpr int lane_height = label_height + lane_thickness + 8;
  constexpr double a_while = 0.01;
  std::map<pid_t, double> held_ms;
  for (const lock_turn& turn : run.turns) held_ms[turn.thread] += turn.end_ms - turn.begin_ms;
  std::string text;
  int top = 0;
  int lanes = 0;
  for (const auto& [thread_id, sum_ms] : held_ms) {
    if (sum_ms < a_while * run.wall_ms) continue;  // the echo's loop, which never holds it
    text += caption("thread " + number(lanes++) + ": had the lock " +
                        decimal(100 * sum_ms / run.wall_ms, 0) + " %",
                    0, top + 13);
    const int y = top + label_height;
    for (const lock_turn& turn : run.turns) {
      if (turn.thread != thread_id) continue;
      const double begin = std::max(turn.begin_ms, 0.0);
      const double end = std::min(turn.end_ms, run.wall_ms);
      text += bar("own", {begin, end - begin, run.wall_ms, y, lane_thickness});
    }
    text += thread("0", "100%", number(y + lane_thickness - 1));
    top += lane_height;
  }
  return chart(top + axis_height, alt, axis(run.wall_ms, top) + text);
}

}  // namespace lab
