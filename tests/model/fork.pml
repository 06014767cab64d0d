/* SPDX-License-Identifier: MIT
 * Fork and join: the protocol of runtime/src/scope/README.md, "Fork and join". A caller offers
 * BRANCHES branches in the deque of its loop, runs f, and takes back what nobody took. THIEVES
 * loops take from that deque; one more loop, which may be the caller's own, takes from the list
 * only. SUSPENDS=1: f may suspend, and goes on, perhaps elsewhere; SUSPENDS=2: it waits until the
 * first branch has run. FAILS=1: a taken branch may fail, which tells the caller; and so may f.
 * CANCEL=1: a scope around the fork is cancelled at some time, and nothing else ends the wait of a
 * taken branch.
 *
 * Checked: a branch runs at most once, and once if nothing fails; nobody touches the caller's frame
 * after its end, or tells the caller something there; nobody waits for ever.
 *
 * One step is one atomic access, or what is done under a lock. An operation of the deque is one
 * step (sched/deque.hpp has its own argument). BUG_*: mistakes that the run must find.
 */
#ifndef BRANCHES
#define BRANCHES 2
#endif
#ifndef THIEVES
#define THIEVES 1
#endif
#ifndef SUSPENDS
#define SUSPENDS 0
#endif
#ifndef FAILS
#define FAILS 0
#endif
#ifndef CANCEL
#define CANCEL 0
#endif

mtype = { offered, listed, taken }
mtype state[BRANCHES];
byte slot[BRANCHES];        /* the deque: of one caller, so never longer */
byte top, bottom;
bool list_locked, frame_locked;
bool in_list[BRANCHES];
byte ran[BRANCHES];
bool frame;                 /* the caller's, stands */
bool group, in_domain, flag;
byte pending;
bool failed, told;          /* the caller's m for the fork */
bool scope_flag;            /* the scope around is cancelled */
bool finished;

inline take_oldest(b) {
  atomic {
    if
    :: top < bottom -> b = slot[top]; top++
    :: else -> b = BRANCHES
    fi
  }
}
inline pop_youngest(b) {
  atomic {
    if
    :: top < bottom -> bottom--; b = slot[bottom]
    :: else -> b = BRANCHES
    fi
  }
}

/* Makes a taken branch a child of the fork's group; the first one makes the group. */
inline adopt(b) {
#ifdef BUG_SAYS_TAKEN_FIRST
  state[b] = taken;
#endif
  atomic { !frame_locked -> frame_locked = true };
  assert(frame);
  if
  :: !group ->
     group = true;
     pending = 1;
#ifdef BUG_LOOKS_BEFORE_IT_LINKS
     if :: scope_flag -> flag = true :: else fi;
     in_domain = true
#else
     in_domain = true;
     if :: scope_flag -> flag = true :: else fi
#endif
  :: else
  fi;
  pending++;
  frame_locked = false;
#ifndef BUG_SAYS_TAKEN_FIRST
  assert(frame);
  state[b] = taken
#endif
}

inline run_child(b) {
  assert(frame);
  ran[b]++;
#if CANCEL
  flag;                     /* it sleeps until its group is cancelled */
#endif
#if FAILS
  if
  :: failed = true;
     assert(frame);
     told = true
  :: skip
  fi;
#endif
  assert(frame);
  pending--
}

#if THIEVES
active [THIEVES] proctype thief() {
  byte b = BRANCHES;
  do
  :: finished -> break
  :: top < bottom ->
     take_oldest(b);
     if
     :: b < BRANCHES -> adopt(b); run_child(b)
     :: else
     fi
  od
}
#endif

active proctype list_taker() {
  byte b;
  do
  :: finished -> break
  :: in_list[0] || in_list[BRANCHES - 1] ->
     atomic { !list_locked -> list_locked = true };
     b = 0;
     do
     :: b < BRANCHES && !in_list[b] -> b++
     :: else -> break
     od;
     if
     :: b < BRANCHES -> in_list[b] = false; state[b] = offered
     :: else
     fi;
     list_locked = false;
     if
     :: b < BRANCHES -> adopt(b); run_child(b)
     :: else
     fi
  od
}

#if CANCEL
active proctype canceller() {
  bool found;
  scope_flag = true;
  atomic { found = in_domain };
  if
  :: found -> flag = true
  :: else
  fi
}
#endif

active proctype caller() {
  byte b, n, mine;
  bool f_failed, some_taken;
  frame = true;
  n = BRANCHES;
  do
  :: n > 0 -> n--; state[n] = offered; slot[bottom] = n; bottom++
  :: else -> break
  od;

  /* f */
#if SUSPENDS
  if
#if SUSPENDS == 1
  :: skip
#endif
  :: skip;
#ifndef BUG_LEAVES_THEM_IN_THE_DEQUE
     do
     :: pop_youngest(b);
        if
        :: b < BRANCHES ->
           atomic { !list_locked -> list_locked = true };
           state[b] = listed;
           in_list[b] = true;
           list_locked = false
        :: else -> break
        fi
     od;
#endif
#if SUSPENDS == 2
     ran[0] > 0
#endif
  fi;
#endif
#if FAILS
  if
  :: f_failed = true
  :: skip
  fi;
#endif

  n = 0;
  do
  :: n == BRANCHES -> break
  :: n < BRANCHES ->
     pop_youngest(mine);
     if
     :: mine < BRANCHES -> assert(mine == n)
     :: else ->
#ifdef BUG_LOOKS_WITHOUT_THE_LOCK
        if
        :: state[n] == listed -> in_list[n] = false; mine = n
        :: else
        fi;
#else
        atomic { !list_locked -> list_locked = true };
        if
        :: state[n] == listed -> in_list[n] = false; mine = n
        :: else
        fi;
        list_locked = false;
#endif
        if
        :: mine < BRANCHES
        :: else ->
#ifndef BUG_DOES_NOT_WAIT_FOR_THE_ADOPTION
           state[n] == taken;
#endif
           some_taken = true
        fi
     fi;
     if
     :: mine < BRANCHES && !f_failed && !told -> ran[n]++
     :: else
     fi;
     n++
  od;

  if
  :: some_taken && group ->
     pending--;
     pending == 0;
     in_domain = false
  :: else
  fi;
  frame = false;
  told = false;
  n = 0;
  do
  :: n == BRANCHES -> break
  :: n < BRANCHES ->
     assert(ran[n] <= 1);
     assert(ran[n] == 1 || f_failed || failed);
     n++
  od;
  finished = true
}

