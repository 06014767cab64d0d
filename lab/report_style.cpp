// SPDX-License-Identifier: MIT
// Style sheets.
#include "report_style.hpp"

namespace lab {

std::string palette() {
  return R"(:root {
  color-scheme: light dark;
  --paper: #ffffff; --ink: #1c2126; --quiet: #59636e; --line: #d9dee3; --wash: #f4f6f8;
  --own: #0064a6; --stolen: #e08300; --awake: #dbe1e7; --thread: #7d8791; --page: #00805c;
}
@media (prefers-color-scheme: dark) {
  :root {
    --paper: #14181c; --ink: #e8ebee; --quiet: #9aa5b0; --line: #333b43; --wash: #1c2227;
    --own: #4aa3dc; --stolen: #f2a93b; --awake: #323b44; --thread: #76818c; --page: #2eb08a;
  }
}
)";
}

std::string chart_style() {
  return R"(text { font: 12.5px system-ui, "DejaVu Sans", sans-serif; fill: var(--ink); }
text.tick { fill: var(--quiet); font-size: 12px; }
text.title { font-size: 16px; font-weight: 600; }
.grid { stroke: var(--line); }
.thread { stroke: var(--thread); stroke-width: 1; }
.paper, .asleep { fill: var(--paper); }
.own { fill: var(--own); }
.stolen { fill: var(--stolen); }
.awake { fill: var(--awake); }
.page { fill: var(--page); }
.thread-sample { fill: var(--thread); }
.curve { stroke-width: 2; }
line.own { stroke: var(--own); }
line.stolen { stroke: var(--stolen); }
line.page { stroke: var(--page); }
.limit { stroke: var(--thread); stroke-width: 1.5; stroke-dasharray: 5 4; }
)";
}

std::string page_style() {
  return R"(body {
  margin: 0 auto; max-width: 56rem; padding: 2.5rem 1.25rem 4rem; background: var(--paper);
  color: var(--ink); font: 1rem/1.55 system-ui, "DejaVu Sans", sans-serif;
}
h1 { font-size: 1.9rem; line-height: 1.2; margin: 0 0 .6rem; text-wrap: balance; }
h2 { font-size: 1.3rem; margin: 0 0 .3rem; }
h3 { font-size: 1rem; margin: 1.6rem 0 .3rem; }
section { border-top: 1px solid var(--line); margin-top: 2.6rem; padding-top: 1.4rem; }
p { margin: .4rem 0 .8rem; max-width: 46rem; }
.question { font-size: 1.05rem; }
.quiet { color: var(--quiet); font-size: .88rem; }
/* A shadow at an edge says that the table goes on there; a cover moves with the table's end. */
.wide { --behind: var(--paper); overflow-x: auto; margin: .9rem 0; background:
  linear-gradient(to right, var(--behind) 40%, transparent) left / 2.4rem 100% no-repeat local,
  linear-gradient(to left, var(--behind) 40%, transparent) right / 2.4rem 100% no-repeat local,
  linear-gradient(to right, var(--thread), transparent) left / .8rem 100% no-repeat scroll,
  linear-gradient(to left, var(--thread), transparent) right / .8rem 100% no-repeat scroll; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .94rem; }
th, td { padding: .38rem 1.1rem .38rem 0; text-align: right; white-space: nowrap; }
th:first-child { text-align: left; padding-right: 1.6rem; }
thead th { color: var(--quiet); font-weight: 500; border-bottom: 1px solid var(--line); }
tbody th { font-weight: 500; }
tbody tr + tr > * { border-top: 1px solid var(--line); }
.answer .wide { --behind: var(--wash); }
.answer { background: var(--wash); border-radius: .6rem; padding: .4rem 1.1rem; margin: 1.4rem 0; }
figure { margin: 1.2rem 0 0; }
h3 + figure { margin-top: 0; }
figcaption { margin-bottom: .5rem; max-width: 46rem; }
.chart { display: block; overflow: visible; }
.legend { list-style: none; display: flex; flex-wrap: wrap; gap: .2rem 1.3rem; padding: 0;
  margin: .6rem 0 1rem; font-size: .88rem; color: var(--quiet); }
.legend svg { vertical-align: -1px; margin-right: .25rem; }
code { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .92em; }
@media (max-width: 34rem) {
  body { padding-top: 1.4rem; }
  h1 { font-size: 1.5rem; }
  th, td { padding-right: .8rem; }
  th:first-child { padding-right: 1rem; white-space: normal; min-width: 5rem; }
  .answer { padding: .4rem .8rem; }
  thead th, .answer th, .answer td { white-space: normal; }
}
)";
}

}  // namespace lab
