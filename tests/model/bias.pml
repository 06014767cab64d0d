/* SPDX-License-Identifier: MIT
 * The biased spinlock: the protocol of runtime/src/base/README.md, steps H1 to H4, S1 to S4. One
 * loop that may become the lock's home takes it HOME times, FOREIGN threads take it TWICE each. It
 * becomes the home the first time it comes by the slow path (the code waits for the 16th).
 *
 * Checked: two never hold the lock; nobody waits for ever.
 *
 * Stores of the loop's thread are seen by others when its store buffer is drained, in their order,
 * at the latest by its next locked instruction or another's heavy fence. Those of the others are
 * seen at once: each is followed by a locked instruction or a fence before anything that matters.
 * The loop counts as a holder until others can see that it is none.
 *
 * BUG_*: mistakes that the run must find; see run_models.py.
 */
#ifndef HOME
#define HOME 3
#endif
#ifndef FOREIGN
#define FOREIGN 1
#endif
#ifndef TWICE
#define TWICE 2
#endif

mtype = { nobody, the_loop, shared };
/* What the loop has stored. */
mtype = { says_so, takes_it_back, leaves, becomes_home, unlocks };

bool held;
mtype home = nobody;
bool at_home;
bool by_home;       /* how the holder took it: only ever touched by the holder */
chan buffer = [8] of { mtype };
byte inside;        /* how many hold the lock */
byte of_loop;       /* of these, the loop: it may come again before all see that it has left */

inline apply(store) {
  if
  :: store == says_so -> at_home = true
  :: store == takes_it_back -> at_home = false
  :: store == leaves -> at_home = false; inside--; of_loop--
  :: store == becomes_home -> home = the_loop
  :: store == unlocks -> held = false; inside--; of_loop--
  fi
}

inline drain(store) {
  atomic { do :: buffer?store -> apply(store) :: empty(buffer) -> break od }
}

inline loop_enters() { assert(inside == of_loop); inside++; of_loop++ }

proctype memory() {
  mtype store;
end:
  do
  :: atomic { buffer?store -> apply(store) }
  od
}

proctype loop() {
  mtype store;
  mtype seen;
  bool is_home, claims;
  byte round;
  for (round : 1 .. HOME) {
    /* H1: what it has stored itself, it sees. */
    atomic { seen = home; if :: claims && seen == nobody -> seen = the_loop :: else fi };
    if
    :: seen == the_loop ->
#ifdef BUG_LOOKS_BEFORE_IT_SAYS
       atomic { buffer!says_so; is_home = true; by_home = true; loop_enters() }
#else
       buffer!says_so;                                        /* H2 */
       atomic {                                               /* H3 */
         seen = home; if :: claims && seen == nobody -> seen = the_loop :: else fi;
         if
         :: seen == the_loop -> is_home = true; by_home = true; loop_enters()
         :: else -> is_home = false
         fi
       };
       if :: !is_home -> buffer!takes_it_back :: is_home fi   /* H4 */
#endif
    :: else -> is_home = false
    fi;
    if
    :: is_home
    :: !is_home ->
       atomic { !held -> drain(store); held = true };         /* S1 */
       atomic { loop_enters() };
       if                                                     /* S2 */
       :: home == nobody -> buffer!becomes_home; claims = true
       :: else
       fi;
       by_home = false
    fi;
    /* unlock() */
#ifdef BUG_UNLOCKS_BY_THE_PRESENT_HOME
    by_home = (home == the_loop);
#endif
    if
    :: by_home -> buffer!leaves
    :: !by_home -> buffer!unlocks
    fi
  }
}

proctype foreign() {
  mtype store;
  byte round;
  for (round : 1 .. TWICE) {
    atomic { !held -> held = true };                          /* S1 */
#ifdef BUG_SAYS_HOW_BEFORE_IT_HOLDS
    by_home = false;
#endif
    if
    :: home == the_loop ->
       home = shared;                                         /* S3 */
#ifndef BUG_NO_HEAVY_FENCE
       drain(store);
#endif
#ifndef BUG_DOES_NOT_WAIT
       !at_home                                               /* S4 */
#endif
    :: else
    fi;
    atomic { assert(inside == 0); inside++ };
    by_home = false;
    atomic { inside--; held = false }
  }
}

init {
  atomic {
    run memory(); run loop();
    byte n;
    for (n : 1 .. FOREIGN) { run foreign() }
  };
  (_nr_pr == 2 && empty(buffer));
  assert(inside == 0 && !held && !at_home)
}
