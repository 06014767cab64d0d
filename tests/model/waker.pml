/* SPDX-License-Identifier: MIT
 * One wait, many wakers: the protocol of runtime/src/wait/README.md, steps W1 to W6, C1 and C2. A
 * fiber waits twice, with one wake word; it is in LISTS lists at a time (two: select), each with
 * its own lock; EVENTS wakers bring an item to each list; CLOSE=1: list 0 is closed as well;
 * TIMER=1: each wait has a time-out; CANCEL=1: the first task that runs on the fiber is
 * cancelled. With REUSE=1 the second wait is another task's, which nobody cancels.
 *
 * Checked: a claim is made on a frame that still stands; the fiber is made runnable once per
 * switch, and only while it is off its stack; no wait ends but for a reason that somebody gave;
 * no item is lost, and none is left in a list beside a fiber that sleeps there; a fiber whose
 * task is cancelled does not sleep on; what nobody cancelled is not cancelled.
 *
 * One step is one atomic access, or what is done under a lock between two touches of the waiter.
 * W1 is a relaxed store: it is seen by others when the store buffer is drained, at the latest by
 * the next locked instruction of the same thread. Everything else is seen at once. Epochs do not
 * repeat.
 *
 * BUG_*: mistakes that the run must find; see run_models.py.
 */
#ifndef LISTS
#define LISTS 1
#endif
#ifndef EVENTS
#define EVENTS 1
#endif
#ifndef CLOSE
#define CLOSE 0
#endif
#ifndef TIMER
#define TIMER 0
#endif
#ifndef CANCEL
#define CANCEL 0
#endif
#ifndef REUSE
#define REUSE 0
#endif

#define WAITS 2
#define WHEEL LISTS         /* the timer wheel is a list with a lock, too */
#define PLACES (LISTS + 1)

/* `timeout` means something else in Promela. */
mtype = { none, event, timed_out, cancelled, closed };

/* The wake word, as others see it, and the store of W1 while it is in the store buffer. */
byte epoch;
mtype reason = event;
bool parked;
bool w1_pending;

/* The lists. */
bool lock[PLACES];
bool linked[PLACES];
byte items[PLACES];         /* put, with nobody there to take them */
bool is_closed;

/* The waiter in the fiber's frame. */
bool frame_stands;
byte frame_epoch;

/* The fiber and its task. */
bool off_stack;             /* its stack is saved, it is not running */
bool runnable;              /* it is in a run queue */
bool cancel_requested;
bool completing;            /* of the first task */
bool busy;                  /* its canceller looks at the fiber */
bool left_stack[WAITS];     /* wait w has switched: W4 is to follow on the next stack */
byte waits_ended;

byte handed_over, received;

inline drain() {
  if :: w1_pending -> w1_pending = false; epoch++; reason = none; parked = false :: else fi
}

inline acquire(place) { atomic { !lock[place] -> lock[place] = true } }
inline release(place) { lock[place] = false }

/* C1: sets won and saw_parked. In an atomic block. */
inline try_claim(of_epoch, why) {
  if
  :: epoch == of_epoch && reason == none ->
     won = true; saw_parked = parked; reason = why; parked = false
  :: else -> won = false; saw_parked = false
  fi
}

/* C2. */
inline make_ready() {
  atomic { assert(off_stack && !runnable); runnable = true }
}

#ifdef BUG_RESUMES_ALWAYS
#define must_resume won
#else
#define must_resume (won && saw_parked)
#endif

proctype memory() {
end:
  do
  :: atomic { w1_pending -> drain() }
  od
}

/* Ends, with `why`, the wait of whoever is in the list; brings an item if that is an event. */
inline wake(place, why) {
  won = false; saw_parked = false;
  acquire(place);
  if
  :: linked[place] ->
     linked[place] = false;
     atomic { assert(frame_stands); try_claim(frame_epoch, why) }
  :: !linked[place]
  fi;
  atomic {
    if
    :: why == event && won -> handed_over++
    :: why == event && !won -> items[place]++
    :: else
    fi;
    release(place)
  };
  if
  :: must_resume -> make_ready()
  :: else
  fi;
  atomic { won = false; saw_parked = false }
}

proctype waker(byte place) {
  bool won, saw_parked;
  wake(place, event)
}

proctype closer() {
  bool won, saw_parked;
  is_closed = true;
  wake(0, closed)
}

proctype wheel() {
  bool won, saw_parked;
end:
  do
  :: linked[WHEEL] -> wake(WHEEL, timed_out)
  od
}

proctype canceller() {
  bool won, saw_parked, ended;
  byte seen_epoch;
  atomic { busy = true; ended = completing };
  if
  :: !ended ->
     cancel_requested = true;
     seen_epoch = epoch;
     atomic { try_claim(seen_epoch, cancelled) };
     if
     :: must_resume -> make_ready()
     :: else
     fi
  :: else
  fi;
  busy = false
}

/* W4 and W5: the same thread, on the stack it has gone on with. */
proctype next_stack(byte w) {
  bool won, saw_parked, committed;
  byte of_epoch;
end:
  left_stack[w];
  atomic {
    drain();
    of_epoch = epoch;
#ifdef BUG_COMMITS_WITHOUT_A_CHECK
    parked = true; committed = true
#else
    if :: reason == none -> parked = true; committed = true :: else fi
#endif
  };
  if
  :: !committed -> make_ready()
  :: committed ->
#if !defined(BUG_CANCEL_LOOKED_AT_BEFORE_W1) && !defined(BUG_CANCEL_LOOKED_AT_BEFORE_W4)
     if
     :: cancel_requested ->
#ifdef BUG_CLAIMS_WHATEVER_WAIT
        of_epoch = epoch;
#endif
        atomic { try_claim(of_epoch, cancelled) };
        if
        :: must_resume -> make_ready()
        :: else
        fi
     :: !cancel_requested
     fi
#else
     skip
#endif
  fi
}

/* W2, for one list: takes an item if there is one, or links the waiter. */
inline publish(place) {
  acquire(place);
  atomic {
    drain();
    if
    :: items[place] > 0 ->
       try_claim(frame_epoch, event);
       if :: won -> items[place]--; handed_over++ :: else fi
    :: place == 0 && is_closed -> try_claim(frame_epoch, closed)
    :: else -> linked[place] = true
    fi;
    won = false; saw_parked = false
  };
  release(place)
}

/* W6, for one list. */
inline leave(place) {
#ifndef BUG_LEAVES_WITHOUT_THE_LOCK
  acquire(place);
  atomic { linked[place] = false; release(place) }
#else
  linked[place] = false
#endif
}

proctype fiber() {
  bool won, saw_parked, was_requested;
  byte w;
  do
  :: w < WAITS ->
#ifdef BUG_CANCEL_LOOKED_AT_BEFORE_W1
     was_requested = cancel_requested;
#endif
     /* W1. The one before has been drained: by W4, or by the claim that made W4 needless. */
     atomic {
       assert(!w1_pending);
       w1_pending = true; frame_epoch = epoch + 1; frame_stands = true
     };
     /* W2. */
#if LISTS > 0
     publish(0);
#endif
#if LISTS > 1
     publish(1);
#endif
#if TIMER
     acquire(WHEEL);
     atomic { drain(); linked[WHEEL] = true; release(WHEEL) };
#endif
     /* begun_wait::must_stop(): cancelled before it sleeps. */
#ifdef BUG_CANCEL_LOOKED_AT_BEFORE_W1
     if :: was_requested -> atomic { drain(); try_claim(frame_epoch, cancelled) } :: else fi;
#else
     if
     :: cancel_requested -> atomic { drain(); try_claim(frame_epoch, cancelled) }
     :: !cancel_requested
     fi;
#endif
     /* W3. */
     if
     :: w1_pending || reason == none ->
#ifdef BUG_COMMITS_BEFORE_IT_LEAVES
        atomic { drain(); if :: reason == none -> parked = true :: else fi };
        if
        :: parked -> off_stack = true;
end_asleep:
           atomic { runnable -> runnable = false; off_stack = false }
        :: else
        fi
#else
        atomic { off_stack = true; left_stack[w] = true };
end_asleep:
        atomic { runnable -> runnable = false; off_stack = false }
#endif
     :: !w1_pending && reason != none
     fi;
     /* W6. */
#if LISTS > 0
     leave(0);
#endif
#if LISTS > 1
     leave(1);
#endif
#if TIMER
     leave(WHEEL);
#endif
     atomic {
       frame_stands = false;
       assert(reason != none);
       assert(reason != cancelled || (cancel_requested && CANCEL && !(REUSE && w == 1)));
       assert(reason != closed || is_closed);
       if :: reason == event -> received++ :: else fi;
       won = false; saw_parked = false; was_requested = false;
       w++; waits_ended = w
     };
     if
     :: REUSE && w == 1 ->  /* the task ends; the fiber goes on with the next closure */
        completing = true;
#ifndef BUG_RECYCLES_A_BUSY_FIBER
        !busy;
#endif
        cancel_requested = false
     :: else
     fi
  :: w == WAITS -> break
  od
}

init {
  byte k;
  atomic {
    run fiber();
    for (k : 0 .. WAITS - 1) { run next_stack(k) }
    run memory();
    k = 0; do :: k < LISTS * EVENTS -> run waker(k % LISTS); k++ :: else -> break od;
    k = 0;
    if :: CLOSE -> run closer() :: else fi;
    if :: TIMER -> run wheel() :: else fi;
    if :: CANCEL -> run canceller() :: else fi
  };
  timeout;
  assert(handed_over == received);
  if
  :: waits_ended < WAITS ->  /* it sleeps: nothing that could end its wait has happened */
     assert(off_stack && parked && !TIMER && !is_closed && !cancel_requested);
     assert(LISTS < 1 || items[0] == 0);
     assert(LISTS < 2 || items[1] == 0)
  :: else
  fi
}
