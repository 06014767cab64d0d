/* SPDX-License-Identifier: MIT
 * A line of calls and the threads that serve it: runtime/src/pool/README.md, steps 1 to 8 and
 * "Sending somebody". CALLERS make a call each; CANCEL of them may be cancelled at any time. There
 * are at most MOST threads, which come when they are needed and may go whenever they idle; PATIENT:
 * do not go. FAILS: a thread may not be had. DEPENDS: the first call's body ends only when the
 * second has begun.
 *
 * Checked: a call runs once, or, if its caller has left, not at all; its frame stands while it runs
 * and when it is finished; no caller waits for ever.
 *
 * One step is what is done under the lock, or one touch of a waiter. BUG_*: mistakes that the run
 * must find.
 */
#ifndef CALLERS
#define CALLERS 2
#endif
#ifndef MOST
#define MOST 1
#endif
#ifndef CANCEL
#define CANCEL 0
#endif

#define NONE 0              /* how a wait has ended */
#define EVENT 1
#define CANCELLED 2
#define LATE 2

mtype = { away, queued, begun, done, left_line };

mtype stage[CALLERS] = away;
bool waits[CALLERS];        /* its waiter is in its call */
byte word[CALLERS];
bool shielded[CALLERS];
bool frame[CALLERS];        /* stands */
byte ran[CALLERS];
bool failed[CALLERS];

byte threads;
bool starting;
bool idle[MOST];            /* in the list of those who idle */
byte idle_word[MOST];
bool there[MOST];           /* a thread with this number */

inline any_queued(found) {
  found = false;
  for (look : 0 .. CALLERS - 1) {
    if
    :: stage[look] == queued -> found = true
    :: else
    fi
  }
}

inline needs_thread(found, needed) {
  needed = false;
  for (look : 0 .. MOST - 1) {
    if
    :: idle[look] -> found = false
    :: else
    fi
  }
  if
  :: found && !starting && threads < MOST -> starting = true; threads++; needed = true
  :: else
  fi
}

inline start(needed) {
  if
  :: needed ->
     if
     :: atomic { true ->
          number = 0;
          do
          :: there[number] -> number++
          :: else -> break
          od;
          there[number] = true;
          run thread(number) }
#ifdef FAILS
     :: atomic { true ->
          starting = false;
          threads--;
#ifndef BUG_NOBODY_IS_TOLD_OF_A_FAILURE
          if
          :: threads == 0 ->
             for (look : 0 .. CALLERS - 1) {
               if
               :: stage[look] == queued ->
                  stage[look] = done;
                  failed[look] = true;
                  if
                  :: waits[look] && word[look] == NONE -> word[look] = EVENT
                  :: else
                  fi
               :: else
               fi
             }
          :: else
          fi
#endif
        }
#endif
     fi
  :: else
  fi
}

proctype caller(byte me) {
  byte look, number;
  bool found, needed;
  frame[me] = true;
  atomic {                                      /* step 2 */
    stage[me] = queued;
    found = true;
    number = MOST;
    for (look : 0 .. MOST - 1) {
      if
      :: idle[look] -> number = look
      :: else
      fi
    }
    if
    :: number < MOST ->
       idle[number] = false;
       if
       :: idle_word[number] == NONE -> idle_word[number] = EVENT
       :: else
       fi;
       needed = false
    :: else -> needs_thread(found, needed)
    fi
  }
  start(needed);
  word[me] = NONE;                              /* step 3 */
#ifndef BUG_WAITS_WITHOUT_A_LOOK
  if
  :: atomic { stage[me] == done -> goto over }
  :: atomic { stage[me] != done -> waits[me] = true }
  fi;
#else
  waits[me] = true;
#endif
  word[me] != NONE;
  if
  :: word[me] == EVENT -> goto over
  :: else
  fi;
  waits[me] = false;                            /* step 4 */
#ifdef BUG_LEAVES_WHILE_IT_RUNS
  goto gone;
#endif
  if
  :: atomic { stage[me] == queued -> stage[me] = left_line; goto gone }
  :: atomic { stage[me] != queued -> skip }
  fi;
  atomic { shielded[me] = true; word[me] = NONE };
  if
  :: atomic { stage[me] == done -> goto over }
  :: atomic { stage[me] != done -> waits[me] = true }
  fi;
  word[me] == EVENT;
over:
  atomic {
    assert(stage[me] == done);
    assert(ran[me] + failed[me] == 1)
  }
gone:
  frame[me] = false
}

proctype canceller(byte whom) {
  atomic {
    if
    :: stage[whom] != away && word[whom] == NONE && !shielded[whom] -> word[whom] = CANCELLED
    :: true
    fi
  }
}

proctype thread(byte me) {
  byte call, look, number;
  bool found, needed;
  starting = false;
again:
  atomic {
    call = CALLERS;
    for (look : 0 .. CALLERS - 1) {
      if
      :: stage[look] == queued && call == CALLERS -> call = look
      :: else
      fi
    }
    if
    :: call < CALLERS ->                        /* step 6 */
       stage[call] = begun;
       any_queued(found);
#ifndef BUG_A_STARTED_THREAD_SENDS_NOBODY
       needs_thread(found, needed)
#else
       needed = false
#endif
    :: else ->
#ifndef BUG_LOOKS_AND_THEN_IDLES
       idle[me] = true;
       idle_word[me] = NONE
#endif
    fi
  }
  if
  :: call < CALLERS
  :: else -> goto idles
  fi;
  start(needed);
#ifdef DEPENDS
  if
  :: call == 0 -> (stage[1] != queued && stage[1] != away)
  :: else
  fi;
#endif
  atomic {                                      /* step 7 */
    assert(frame[call]);
    ran[call]++
  }
  atomic {                                      /* step 8 */
    assert(frame[call]);
    stage[call] = done;
    if
    :: waits[call] && word[call] == NONE -> word[call] = EVENT
    :: else
    fi
  }
  goto again;
idles:
#ifdef BUG_LOOKS_AND_THEN_IDLES
  atomic { idle[me] = true; idle_word[me] = NONE };
#endif
end:
  if
  :: idle_word[me] == EVENT -> goto again
#ifndef PATIENT
  :: atomic { idle_word[me] == NONE -> idle_word[me] = LATE }
#endif
  fi;
  atomic {
    any_queued(found);
    if
#ifndef BUG_GOES_THOUGH_IT_WAS_SENT
    :: !idle[me] || found -> idle[me] = false
#endif
    :: else -> idle[me] = false; threads--; there[me] = false; goto gone
    fi
  }
  goto again;
gone:
  skip
}

init {
  byte n;
  atomic {
    for (n : 0 .. CALLERS - 1) { run caller(n) }
    n = 0;
    do
    :: n < CANCEL -> run canceller(n); n++
    :: else -> break
    od
  }
}
