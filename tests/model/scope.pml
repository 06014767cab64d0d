/* SPDX-License-Identifier: MIT
 * Cancel scopes of one fiber: the protocol of runtime/src/scope/README.md, steps E1 to E3 and Q1 to
 * Q5 beside W1 to W5. A fiber enters frame 1 and, in it, frame 2, waits, leaves frame 2, waits,
 * leaves frame 1, and waits again; cancelled, it skips the waits of the frames that it unwinds.
 * Frame 1 is a scope with a canceller; frame 2 is another or, SHIELD=1, a shield. CANCELLERS: how
 * many come to frame 2. EVENTS wakers end a wait each, whichever it is.
 *
 * Checked: a canceller touches a frame that still stands; a wait ends as cancelled only if a frame
 * that may be heard there is cancelled; a frame takes the exception that is its own; the
 * fiber does not sleep where such a frame is cancelled; it is made runnable once per switch.
 *
 * One step is one atomic access, or what is done under a lock. W1 is a relaxed store: seen by
 * others when the store buffer is drained, at the latest by the next locked instruction of the same
 * thread. Everything else is seen at once. A time-out is a canceller. Epochs do not repeat.
 *
 * BUG_*: mistakes that the run must find; see run_models.py.
 */
#ifndef SHIELD
#define SHIELD 0
#endif
#ifndef CANCELLERS
#define CANCELLERS 1
#endif
#ifndef EVENTS
#define EVENTS 1
#endif

mtype = { none, event, cancelled };

/* The frames: 1 and 2. */
bool stands[3];
bool running[3];            /* the scope word */
bool asked[3];
byte at_work[3];

/* The fiber. */
byte depth;                 /* how many frames it is in */
byte deepest;               /* m + 1; 0: nothing is cancelled */
bool off_stack;
bool runnable;
bool left_stack;            /* has switched: W4 is to follow on the next stack */
bool asleep;                /* at rest in a wait */

/* The wake word as others see it, and the store of W1 in the store buffer. */
byte epoch;
mtype reason = event;
bool parked;
byte floor;
bool w1_pending;
byte floor_pending;
byte listed;                /* the epoch that is in the wakers' list; 0: none */

#define FLOOR_HERE (SHIELD && depth == 2 -> 2 : 0)
/* deepest is m + 1. */
#define HEARD(m_and_1, at) (m_and_1 > at)

inline drain() {
  if :: w1_pending -> w1_pending = false; epoch++; reason = none; parked = false;
                      floor = floor_pending
     :: else fi
}

/* One CAS: won, and whether the fiber was parked. */
inline claim(of_epoch, with) {
  if :: epoch == of_epoch && reason == none ->
        reason = with; won = true; saw_parked = parked; parked = false
     :: else -> won = false; saw_parked = false fi
}

inline resume() { atomic { assert(off_stack && !runnable); runnable = true } }

inline raise(to) { atomic { if :: deepest < to -> deepest = to :: else fi } }

inline enter(d) {
  depth = d; stands[d] = true;
  atomic { drain(); running[d] = true; was_asked = asked[d] }
  if :: was_asked -> raise(d + 1) :: else fi
}

inline leave(d) {
  atomic { drain(); running[d] = false }
#ifndef BUG_LEAVES_A_CANCELLER_AT_WORK
  at_work[d] == 0;
#endif
  stands[d] = false; depth = d - 1;
#ifdef BUG_KEEPS_M
  skip;
#else
#ifdef BUG_WALKS_AND_THEN_LOWERS
  if
  :: deepest == d + 1 ->
     seen = (depth == 1 && asked[1] -> 2 : 0);
     deepest = seen
  :: else
  fi;
#else
  if
  :: deepest == d + 1 ->
     deepest = 0;
     seen = (depth == 1 && asked[1] -> 2 : 0);
     raise(seen)
  :: else
  fi;
#endif
#endif
  seen = 0
}

/* One wait; `outcome` says how it ended. */
inline wait_here() {
  mine = epoch + 1; here = FLOOR_HERE;
  atomic { floor_pending = here; w1_pending = true }
  if
  :: HEARD(deepest, here) -> atomic { drain(); claim(mine, cancelled) }
  :: else ->
     atomic { drain(); listed = mine }         /* W2: the list has a lock */
     atomic { off_stack = true; left_stack = true }
     asleep = true;
end_asleep:
     atomic { runnable -> runnable = false; off_stack = false; asleep = false }
     listed = 0
  fi;
  outcome = reason;
  assert(outcome != cancelled ||
         (depth >= 1 && asked[1] && here <= 1) || (depth == 2 && asked[2] && here <= 2))
}

proctype fiber() {
  byte mine, seen, here;
  bool won, saw_parked, was_asked;
  mtype outcome;
  enter(1);
  enter(2);
  wait_here();
  leave(2);
  if
  :: outcome == cancelled && !(asked[2] && !HEARD(deepest, 0)) -> goto out_of_1
  :: outcome == cancelled && SHIELD -> assert(false)
  :: else
  fi;
  wait_here();
out_of_1:
  leave(1);
  if :: outcome == cancelled -> assert(asked[1] && !HEARD(deepest, 0)) :: else fi;
  wait_here();
  assert(outcome != cancelled)
}

/* What the next stack does: W4, W5. */
proctype loop() {
  byte wait, at;
  bool won, saw_parked, failed;
end_loop:
  do
  :: atomic { left_stack -> left_stack = false };
     atomic { drain(); wait = epoch; at = floor; failed = (reason != none);
              if :: !failed -> parked = true :: else fi };
     if
     :: failed -> resume()
     :: else ->
        if
        :: HEARD(deepest, at) ->
           atomic { claim(wait, cancelled) };
           if :: won && saw_parked -> resume() :: else fi
        :: else
        fi
     fi
  od
}

inline ask_m() {
  assert(stands[frame]);
  if :: deepest < frame + 1 -> raise(frame + 1) :: else fi
}

inline ask_wait() {
  assert(stands[frame]);
#ifdef BUG_CLAIMS_A_SHIELDED_WAIT
  atomic { wait = epoch; heard = true };
#else
  atomic { wait = epoch; heard = (floor <= frame) };
#endif
  if
  :: heard ->
     atomic { claim(wait, cancelled) };
     if :: won && saw_parked -> resume() :: else fi
  :: else
  fi
}

proctype canceller(byte frame) {
  byte wait;
  bool heard, was_running, won, saw_parked;
#ifdef BUG_RAISES_AND_THEN_MARKS
  at_work[frame]++;
  was_running = running[frame];
  if :: was_running -> ask_m() :: else fi;
  asked[frame] = true;
  if :: was_running -> ask_wait() :: else fi;
#else
  at_work[frame]++;
  atomic { asked[frame] = true; was_running = running[frame] };
  if
  :: was_running ->
#ifdef BUG_LOOKS_AND_THEN_RAISES
     ask_wait();
     ask_m()
#else
     ask_m();
     ask_wait()
#endif
  :: else
  fi;
#endif
  at_work[frame]--
}

proctype waker() {
  byte wait;
  bool won, saw_parked;
end_waker:
  atomic { listed != 0 -> wait = listed; claim(wait, event) };
  if :: won && saw_parked -> resume() :: else fi
}

init {
  byte n;
  atomic {
    run fiber(); run loop(); run canceller(1);
    n = CANCELLERS; do :: n > 0 -> run canceller(2); n-- :: else -> break od;
    n = EVENTS; do :: n > 0 -> run waker(); n-- :: else -> break od
  }
  timeout;
  assert(!(asleep && depth >= 1 && asked[1] && FLOOR_HERE <= 1));
  assert(!(asleep && depth == 2 && asked[2]))
}
