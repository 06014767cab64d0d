/* SPDX-License-Identifier: MIT
 * Nests: the protocol of runtime/src/sched/README.md, "Nests", steps N1 to N6, and how a maker
 * gives way. A maker makes a group, keeps CHILDREN children one after another, and joins. THIEVES
 * loops steal from nests, each until it likes to stop: nobody may rely on them. One more takes what
 * is in the deques. SUSPENDS=1: a child that the maker runs by N2 may suspend, and ends elsewhere,
 * later. LEAVES=1: the maker may suspend between any two steps, or move its nest and stay (as it
 * does when it spawns something else). GIVES_WAY=1: after a child of N2 it may put its nest aside,
 * with itself. SECOND=1: it does not join; a second fiber joins and destroys the group, as soon as
 * all are kept. DESTROYS=1: the maker waits for its group without N2. OUTER=1: the maker is itself
 * a child, the first of two, which another maker keeps and joins. LOOPS=2: a maker that goes on may
 * do so on another loop; what it spawns there follows those of its children that wait in the deque
 * of the first, and is the end of that deque here.
 *
 * Checked: a child runs once; who joins goes on when all children have ended; nobody touches a
 * group after that; children leave their maker in spawn order, and wait in one place: none that
 * N2 takes, or that is moved to a deque, leaves an older one elsewhere; the nest of a loop is empty
 * when a maker begins there; nobody waits for ever (no run is endless, so none gets stuck).
 *
 * What is done under a nest's lock is one step (the lock has its own model, asymmetric.pml); N4
 * takes all groups out so, and then counts and pushes. `ended` of a group is a flag.
 *
 * Left out: children that other fibers spawn, or the maker into two groups; a third level; children
 * that begin out of turn; cancellation, failures. BUG_*: mistakes that the run must find.
 */
#ifndef CHILDREN
#define CHILDREN 2
#endif
#ifndef THIEVES
#define THIEVES 1
#endif
#ifndef SUSPENDS
#define SUSPENDS 0
#endif
#ifndef LEAVES
#define LEAVES 0
#endif
#ifndef GIVES_WAY
#define GIVES_WAY 0
#endif
#ifndef SECOND
#define SECOND 0
#endif
#ifndef DESTROYS
#define DESTROYS 0
#endif
#ifndef OUTER
#define OUTER 0
#endif
#ifndef LOOPS
#define LOOPS 1
#endif

/* Group and maker 0 are the outer ones. The children of group 1 are 0 to CHILDREN - 1; those of
 * group 0 are maker 1, as a task, and one that does nothing. */
#define MAKER CHILDREN
#define TASKS (CHILDREN + 2)
#define group_of(c) (c < MAKER -> 1 : 0)
#define first_of(g) (g == 1 -> 0 : MAKER)
#define behind_of(g) (g == 1 -> MAKER : TASKS)

/* Where a group is: in the nest of loop 0 or 1, in none, or put aside in its maker's fiber. */
#define NONE 8
#define ASIDE 9
#define LEFT(l) (10 + l)     /* taken out by whoever runs on loop l, who moves its children */
#define NOBODY 8

bool stands[2];
byte pending[2];
bool ended[2];              /* `ended` is open */
byte in_nest[2] = NONE;
byte next_out[2];           /* the child that is to leave the maker next */
chan list0 = [2] of { byte };
chan list1 = [CHILDREN] of { byte };

bool busy[LOOPS];           /* some maker runs there */
chan deque[LOOPS] = [TASKS] of { byte };
byte in_deque[2 * LOOPS];   /* how many of group g in the deque of loop l */
#define in_deque_of(l, g) in_deque[2 * (l) + (g)]
#if LOOPS > 1
#define in_other_deque(l, g) in_deque_of(1 - (l), g)
#else
#define in_other_deque(l, g) 0
#endif
#define in_deques(g) (in_deque_of(0, g) + in_other_deque(0, g))

bool has_last[2];           /* the maker has what the list had: it runs the last child, or has */

byte ran[TASKS];
bool over[TASKS];           /* it has ended */

mtype = { no, counted, uncounted };
mtype late[TASKS] = no;     /* has suspended under its maker, and ends later */

byte loop_of[2];            /* where the makers run */
bool started, claimed;      /* maker 1; by N2 */
bool back;                  /* it has ended, claimed: maker 0 goes on in its place */
bool all_kept;

#define touch(g) assert(stands[g])

#ifdef BUG_NO_SHARE_FOR_THE_LIST
#define LIST_HAS_ONE 0
#else
#define LIST_HAS_ONE 1
#endif
/* Under the lock of the nest: a child of group g was taken. If it was the last, the group leaves
 * the nest, and the child has what the list had in pending. */
#define was_last(g, list) (LIST_HAS_ONE && len(list) == 0)
inline leaves_if_empty(g, list) {
  if :: empty(list) -> in_nest[g] = NONE :: nempty(list) fi
}

inline leaves_maker(g, c) { assert(c == next_out[g]); next_out[g]++ }

/* A child that was counted ends. */
inline count_down(g, last) {
  atomic { touch(g); pending[g]--; last = (pending[g] == 0) };
  open_if(g, last)
}
inline open_if(g, last) {
  if :: atomic { last -> touch(g); ended[g] = true; last = false } :: else fi
}

/* On a loop where no other maker runs. */
inline begins_on_a_loop(f) {
  atomic {
    if
    :: !busy[0] -> loop_of[f] = 0
#if LOOPS > 1
    :: !busy[1] -> loop_of[f] = 1
#endif
    fi;
    begin_there(f)
  }
}
inline begin_there(f) {
  busy[loop_of[f]] = true;
  assert(in_nest[0] != loop_of[f] && in_nest[1] != loop_of[f])
}
/* N4, by whoever runs on loop l. */
inline leave_nest(l) {
  if
  :: in_nest[0] != l && in_nest[1] != l       /* nobody else puts anything there */
  :: else ->
     atomic {
       if :: in_nest[0] == l -> in_nest[0] = LEFT(l) :: else fi;
       if :: in_nest[1] == l -> in_nest[1] = LEFT(l) :: else fi
     };
     move_children(0, list0, l);
     move_children(1, list1, l)
  fi
}
inline move_children(g, list, l) {
  if
  :: in_nest[g] != LEFT(l)
  :: else ->
     atomic {
       touch(g);
       in_nest[g] = NONE;
       more = len(list) - LIST_HAS_ONE;
#ifndef BUG_PUSHES_BEFORE_IT_COUNTS
       pending[g] = pending[g] + more;
       more = 0
#endif
     };
     do
     :: atomic {
          list?c -> assert(in_other_deque(l, g) == 0);
          leaves_maker(g, c); deque[l]!c; in_deque_of(l, g)++; c = NOBODY
        }
     :: empty(list) -> break
     od;
#ifdef BUG_PUSHES_BEFORE_IT_COUNTS
     atomic { if :: more > 0 -> touch(g) :: else fi; pending[g] = pending[g] + more; more = 0 }
#endif
  fi
}

/* N5: a child of the maker of group g suspends. If it was the last, it takes what the list had. */
inline count_suspended(g) {
  atomic {
    touch(g);
    if
    :: has_last[g] ->
#ifndef BUG_BOTH_HAVE_WHAT_THE_LIST_HAD
       has_last[g] = false
#endif
    :: else -> pending[g]++
    fi
  }
}

/* N5 for maker f, which suspends: it may be a child of N2 itself. All are counted before the first
 * of those who wait below can go on. */
inline settle_maker(f) {
  if
  :: f == 1 && claimed ->
#ifdef BUG_READY_BEFORE_IT_COUNTS
     claimed = false;
     count_in_outer()
#else
     count_in_outer();
     claimed = false
#endif
  :: else
  fi
}
inline count_in_outer() {
#ifndef BUG_COUNTS_ONLY_WHO_SUSPENDS
  count_suspended(0)
#else
  skip
#endif
}

/* Maker f suspends, and goes on somewhere. */
inline suspend_maker(f) {
  leave_nest(loop_of[f]);
  settle_maker(f);
  busy[loop_of[f]] = false;
  begins_on_a_loop(f)
}

/* A task that a thief or a loop has taken, counted: it runs. */
inline run_task(c, last) {
  if
  :: c == MAKER -> atomic { ran[c]++; started = true }
  :: else ->
     atomic { ran[c]++; assert(ran[c] == 1) };
     over[c] = true;
     count_down(group_of(c), last)
  fi;
  c = NOBODY
}

/* N3: the oldest of the outermost group. */
inline steal(g, list) {
  list?c;
  leaves_maker(g, c);
  touch(g);
  leaves_if_empty(g, list);
#ifdef BUG_THIEF_COUNTS_LATER
  counts = (was_last(g, list) -> 0 : 1)
#elif defined(BUG_THIEF_COUNTS_THE_LAST_TOO)
  pending[g]++
#else
  pending[g] = pending[g] + (was_last(g, list) -> 0 : 1)
#endif
}

proctype thief() {
  byte c = NOBODY;
  bool last;
#ifdef BUG_THIEF_COUNTS_LATER
  bool counts;
#endif
end:
  do
  :: if
     :: atomic { in_nest[0] < NONE -> steal(0, list0) }
     :: atomic {
          in_nest[1] < NONE && in_nest[0] != in_nest[1] -> steal(1, list1)
        }
     fi;
#ifdef BUG_THIEF_COUNTS_LATER
     if
     :: atomic { counts -> counts = false; touch(group_of(c)); pending[group_of(c)]++ }
     :: !counts
     fi;
#endif
     run_task(c, last)
  :: break
  od
}

/* Loops that take what was moved. */
proctype other_loops() {
  byte c = NOBODY;
  bool last;
end:
  do
  :: atomic { deque[0]?c -> in_deque_of(0, group_of(c))-- };
     run_task(c, last)
#if LOOPS > 1
  :: atomic { deque[1]?c -> in_deque_of(1, group_of(c))-- };
     run_task(c, last)
#endif
  od
}

#if SUSPENDS
/* Children that have suspended under their maker end. */
#define ENDS_LATER(child) \
  :: atomic { late[child] == counted -> late[child] = no; c = child }
#define COUNTS_LATER(child) \
  :: atomic { \
       late[child] == uncounted -> count_suspended(group_of(child)); late[child] = counted \
     }

proctype late_ends() {
  byte c = NOBODY;
  bool last;
end:
  do
  :: if
     ENDS_LATER(0)
     ENDS_LATER(1)
     ENDS_LATER(TASKS - 1)
#if CHILDREN > 2
     ENDS_LATER(2)
#endif
#ifdef BUG_READY_BEFORE_IT_COUNTS
     COUNTS_LATER(0)
     COUNTS_LATER(1)
     COUNTS_LATER(TASKS - 1)
#endif
     fi;
     if
     :: c != NOBODY ->
        over[c] = true;
        count_down(group_of(c), last);
        c = NOBODY
     :: else
     fi
  od
}
#endif

#if defined(BUG_KEEPS_BEHIND_THE_DEQUE)
#define may_be_kept(f) true
#elif defined(BUG_KEEPS_BEHIND_ANOTHER_LOOP)
#define may_be_kept(f) (in_deque_of(loop_of[f], f) == 0)
#else
#define may_be_kept(f) (in_deques(f) == 0)
#endif

/* To the deque of loop l, where older ones wait; from another loop, behind that. */
inline follow(l, f) {
  atomic { in_deque_of(l, f) > 0 -> touch(f); pending[f]++; leaves_maker(f, n) };
  atomic { deque[l]!n; in_deque_of(l, f)++ }
}

/* N1 for all children of maker f. */
inline keep_children(f, list) {
  n = first_of(f);
  do
  :: n < behind_of(f) ->
#if LEAVES
     if
     :: skip
     :: n > first_of(f) -> suspend_maker(f)
     :: n > first_of(f) -> leave_nest(loop_of[f])
     fi;
#endif
     if
     :: follow(0, f)
#if LOOPS > 1
     :: follow(1, f)
#endif
     :: atomic {
          may_be_kept(f) ->
          touch(f);
          if
          :: empty(list) ->
             assert(in_nest[f] == NONE);
             in_nest[f] = loop_of[f];
#ifndef BUG_NO_SHARE_FOR_THE_LIST
             pending[f]++
#endif
          :: nempty(list) -> assert(in_nest[f] == loop_of[f])
          fi;
          list!n
        }
     fi;
     n++
  :: else -> break
  od;
  n = 0
}

/* Maker f gives way with its nest, and goes on with it: on its loop, or on one that has stolen it
 * because it had nothing to do. */
inline give_way(f) {
  atomic {
    if :: in_nest[0] == loop_of[f] -> in_nest[0] = ASIDE :: else fi;
    if :: in_nest[1] == loop_of[f] -> in_nest[1] = ASIDE :: else fi;
    busy[loop_of[f]] = false
  };
  atomic {
    if
    :: !busy[0] -> loop_of[f] = 0
#if LOOPS > 1
    :: !busy[1] -> loop_of[f] = 1
#endif
    fi;
    begin_there(f)
  };
  atomic {
    if :: in_nest[f] == ASIDE -> in_nest[f] = loop_of[f] :: else fi;
    if :: f == 1 && claimed && in_nest[0] == ASIDE -> in_nest[0] = loop_of[f] :: else fi
  }
}

/* A child of maker f that does nothing, by N2. */
inline run_child(f) {
  atomic { ran[c]++; assert(ran[c] == 1) };
  if
  :: over[c] = true;
     c = NOBODY
#if SUSPENDS
  :: left = c;
     leave_nest(loop_of[f]);                                              /* N4 */
#ifdef BUG_READY_BEFORE_IT_COUNTS
     late[left] = uncounted;
#else
     count_suspended(f);                                                  /* N5 */
     late[left] = counted;
#endif
     left = 0;
     c = NOBODY;
     settle_maker(f);
     busy[loop_of[f]] = false;
     begins_on_a_loop(f)
#endif
  fi
}

/* Maker 1, by N2: a direct switch there, and perhaps back. */
inline run_maker() {
  c = NOBODY;
  atomic { loop_of[1] = loop_of[0]; ran[MAKER]++; claimed = true; started = true };
  if
  :: atomic { back -> loop_of[0] = loop_of[1]; back = false; claimed = false }
  :: !claimed && !back -> begins_on_a_loop(0)
  fi
}

/* N2, until there is none. (An option that begins with an inline's if would have its else taken for
 * one of all options: hence the true.) */
inline take_children(f, list) {
  do
  :: atomic {
       in_nest[f] == loop_of[f] ->
       list?c;
       touch(f);
       leaves_maker(f, c);
       leaves_if_empty(f, list);
       has_last[f] = was_last(f, list);
       assert(in_deques(f) == 0)
     };
     if
#if OUTER
     :: c == MAKER -> run_maker()
     :: c != MAKER -> run_child(f)
#else
     :: run_child(f)
#endif
     fi;
#if GIVES_WAY
     if
     :: skip
     :: true -> give_way(f)
     fi
#endif
#if LEAVES
     if
     :: skip
     :: true -> suspend_maker(f)
     fi
#endif
  :: empty(list) -> break
  od
}

inline all_have_ended(g) {
  n = first_of(g);
  do
  :: n < behind_of(g) -> assert(over[n] && ran[n] == 1); n++
  :: else -> break
  od;
  n = 0
}

inline join(f, list) {
#ifdef BUG_GIVES_UP_ITS_SHARE_FIRST
  atomic { touch(f); pending[f]-- };
#endif
  take_children(f, list);
  atomic {                                                                /* N6 */
    touch(f);
    if
    :: has_last[f] -> has_last[f] = false; pending[f]--
    :: else
    fi;
#ifndef BUG_GIVES_UP_ITS_SHARE_FIRST
    pending[f]--;
#endif
    waits = (pending[f] != 0)
  };
  wait_for_the_others(f)
}

inline wait_for_the_others(f) {
  if
  :: waits ->
     leave_nest(loop_of[f]);
     settle_maker(f);
     atomic { busy[loop_of[f]] = false; loop_of[f] = NONE };
     ended[f];
     waits = false
  :: else
  fi;
  atomic { all_have_ended(f); stands[f] = false }
}

proctype inner_maker() {
  byte c = NOBODY;
  byte n, left, more;
  bool last, waits;
  started;
  if :: !claimed -> begins_on_a_loop(1) :: claimed fi;
  atomic { stands[1] = true; pending[1] = 1 };
  keep_children(1, list1);
  all_kept = true;
#if SECOND
#if LEAVES
  if :: skip :: true -> suspend_maker(1) fi;
#endif
#ifndef BUG_STAYS_AT_THE_END_OF_ITS_MAKER
  if
  :: in_nest[1] == loop_of[1] -> leave_nest(loop_of[1])
  :: else
  fi;
#endif
#elif DESTROYS
  atomic { touch(1); pending[1]--; waits = (pending[1] != 0) };
  wait_for_the_others(1);
#else
  join(1, list1);
#endif
  /* It ends. */
#if OUTER
  over[MAKER] = true;
  if
  :: atomic { claimed -> back = true }
  :: else ->
     atomic { if :: loop_of[1] != NONE -> busy[loop_of[1]] = false; loop_of[1] = NONE :: else fi };
     count_down(0, last)
  fi
#endif
}

#if OUTER
proctype outer_maker() {
  byte c = NOBODY;
  byte n, left, more;
  bool last, waits;
  begins_on_a_loop(0);
  atomic { stands[0] = true; pending[0] = 1 };
  keep_children(0, list0);
  join(0, list0)
}
#endif

#if SECOND
proctype second() {
  byte n;
  bool last;
  all_kept;
  atomic { touch(1); pending[1]--; last = (pending[1] == 0) };
  if :: last :: !last -> ended[1] fi;
  atomic { all_have_ended(1); stands[1] = false }
}
#endif

init {
  atomic {
#if THIEVES
    byte n;
#endif
    next_out[0] = MAKER;
    run other_loops();
#if SUSPENDS
    run late_ends();
#endif
#if OUTER
    run outer_maker();
#else
    started = true;
#endif
    run inner_maker();
#if SECOND
    run second();
#endif
#if THIEVES
    for (n : 1 .. THIEVES) { run thief() }
    n = 0
#endif
  }
}
