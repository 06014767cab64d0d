/* SPDX-License-Identifier: MIT
 * The deque of branches: runtime/src/sched/branch_deque.cpp, sched/README.md, "Branches". One owner
 * adds PUSHES entries and takes some back, at any time; TAKERS take at the old end, one at a time.
 * The owner's stores of the bottom lie in its store buffer for as long as they like; a heavy fence
 * empties it, and so does the owner's own compare-and-swap.
 *
 * Checked: no entry is had by two; at the end none is lost.
 *
 * One step is one access to memory. BUG_*: mistakes that the run must find.
 */
#ifndef PUSHES
#define PUSHES 3
#endif
#ifndef TAKERS
#define TAKERS 2
#endif
#define MOST 4              /* entries in the store buffer */

byte top, bottom;           /* as they are in memory */
byte own_bottom;            /* as the owner sees it */
byte slot[PUSHES + 1];
chan buffer = [MOST] of { byte };
bool taking;
byte had[PUSHES];           /* by so many */
bool owner_done;

inline drain() {
  do
  :: nempty(buffer) -> buffer ? bottom
  :: empty(buffer) -> break
  od
}

/* The buffer is written back by and by. */
active proctype memory() {
end:
  do
  :: atomic { nempty(buffer) -> buffer ? bottom }
  od
}

active [TAKERS] proctype taker() {
  byte t, b, id;
end:
  do
  :: top < bottom ->
     atomic { !taking -> taking = true };
     t = top;
#ifndef BUG_NO_HEAVY_FENCE
     d_step { drain() };
#endif
     b = bottom;
     if
     :: t < b ->
        id = slot[t];
        if
        :: atomic { top == t -> top = t + 1; had[id]++ }
        :: atomic { top != t -> skip }
        fi
     :: else
     fi;
     taking = false
  od
}

active proctype owner() {
  byte id, t, y;
  do
  :: id < PUSHES && nfull(buffer) ->
     slot[own_bottom] = id;
     own_bottom++;
     buffer ! own_bottom;
     id++
  :: own_bottom > 0 && nfull(buffer) ->
     y = own_bottom - 1;
     t = top;
     if
     :: t <= y ->
        own_bottom = y;
        buffer ! own_bottom;
        t = top;
        if
        :: t < y -> had[slot[y]]++
        :: else ->
#ifdef BUG_TAKES_THE_LAST_WITHOUT_ASKING
           if
           :: t == y -> had[slot[y]]++; top = y + 1
           :: else
           fi;
#else
           atomic {
             drain();
             if
             :: top == y -> top = y + 1; had[slot[y]]++
             :: else
             fi
           };
#endif
           own_bottom = y + 1;
           buffer ! own_bottom
        fi
     :: else
     fi
  :: id == PUSHES && own_bottom <= top -> break
  od;
  id = 0;
  do
  :: id < PUSHES -> assert(had[id] == 1); id++
  :: else -> break
  od
}
