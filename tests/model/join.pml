/* SPDX-License-Identifier: MIT
 * The end of a task: the protocol of runtime/src/wait/README.md, "Joining a task", on the state
 * word of task_core. A runner, which the loop starts or, CLAIM=1, the joiner itself by a direct
 * switch, without beginning a wait: that the runner does for it if it suspends (settle). The owner
 * of the handle, a fiber that may cancel the task and then joins, drops or detaches it.
 * JOINER_CANCELLED=1: somebody who cancels that fiber at any moment: its join ends early, it waits
 * for something else, and then it drops or detaches. The body may wait once, until it is cancelled
 * or, EVENT=1, until what it waits for happens. LONE=1: the loop is the only one of its runtime and
 * ends tasks without a locked instruction; the owner is on another thread, and has the heavy fence.
 *
 * Checked: the core is freed once and not touched afterwards; a canceller finds the fiber of the
 * task, not of the next one; each fiber is made runnable once per switch, off its stack; the
 * runner ends no wait but the join; at rest all have come to their end, unless the body waits and
 * nobody has cancelled it.
 *
 * The waits are those of waker.pml, without lists. Stores to `runner`, and, LONE=1, to `stage`, are
 * seen by others when the store buffer is drained, in their order, at the latest by the next locked
 * instruction of the runner or the owner's heavy fence; all else at once. Only the owner of the
 * handle sets `busy`, `detached` or a joiner; for a claimed task its runner sets the joiner.
 *
 * BUG_*: mistakes that the run must find; see run_models.py.
 */
#ifndef CLAIM
#define CLAIM 0
#endif
#ifndef EVENT
#define EVENT 0
#endif
#ifndef JOINER_CANCELLED
#define JOINER_CANCELLED 0
#endif
#ifndef LONE
#define LONE 0
#endif

mtype = { none, event, cancelled };

/* task_core::state, and what else the core holds. */
bool completing, done, detached, cancel, busy, shared, has_joiner;
bool runner_known;          /* core.runner, as others see it */
bool runner_pending;        /* its store is in the store buffer */
bool no_runner_pending;     /* so are these, behind it, LONE=1 */
bool completing_pending;
bool done_pending;
bool staged;                /* completing, in `stage`: a lone loop's */
bool queued = true;         /* not started */
byte freed;

#define touch assert(freed == 0)

/* The two fibers: the runner's and the joiner's. */
#define R 0
#define J 1
byte epoch[2];
mtype reason[2] = event;
bool parked[2];
bool cancellable[2];
bool cancel_requested[2];
bool off_stack[2];
bool runnable[2];
bool left_stack[2];         /* has switched: W4 is to follow on the next stack */

bool recycled;              /* the runner's fiber has gone on with another task */
bool body_waits;
bool in_join;               /* the joiner's present wait is the join */
bool claimed;               /* fiber::claimed_by: the joiner switched here and has begun no wait */
bool join_may_cancel;
bool handle_gone;

inline make_ready(who) { atomic { assert(off_stack[who] && !runnable[who]); runnable[who] = true } }

/* In an atomic block. */
inline begin_wait(who, may_cancel) {
  epoch[who]++; reason[who] = none; parked[who] = false; cancellable[who] = may_cancel
}
inline try_claim(who, of_epoch, why) {
  if
  :: epoch[who] == of_epoch && reason[who] == none ->
     won = true; saw_parked = parked[who]; reason[who] = why; parked[who] = false
  :: else -> won = false; saw_parked = false
  fi
}

/* The canceller of a fiber's task: flag, then word. */
inline cancel_fiber(who) {
  cancel_requested[who] = true;
  if
  :: atomic { cancellable[who] -> seen_epoch = epoch[who] };
     atomic { try_claim(who, seen_epoch, cancelled) };
     if :: won && saw_parked -> make_ready(who) :: else fi
  :: !cancellable[who]
  fi;
  atomic { won = false; saw_parked = false; seen_epoch = 0 }
}

/* W4 and W5. */
inline after_arrival(who) {
  atomic {
    seen_epoch = epoch[who]; left_stack[who] = false;
    committed = (reason[who] == none);
    if :: committed -> parked[who] = true :: else fi
  };
  if
  :: !committed -> make_ready(who)
  :: committed ->
     if
     :: cancellable[who] && cancel_requested[who] ->
        atomic { try_claim(who, seen_epoch, cancelled) };
        if :: won && saw_parked -> make_ready(who) :: else fi
     :: !(cancellable[who] && cancel_requested[who])
     fi
  fi;
  atomic { won = false; saw_parked = false; committed = false; seen_epoch = 0 }
}

proctype next_stack(byte who) {
  bool won, saw_parked, committed;
  byte seen_epoch;
end:
  do
  :: left_stack[who] -> after_arrival(who)
  od
}

proctype memory() {
end:
  do
  :: atomic { runner_pending -> runner_pending = false; runner_known = true }
  :: atomic { !runner_pending && no_runner_pending ->
              no_runner_pending = false; runner_known = false }
  :: atomic { !runner_pending && !no_runner_pending && completing_pending ->
              completing_pending = false; staged = true }
  :: atomic { !runner_pending && !no_runner_pending && !completing_pending && done_pending ->
              done_pending = false; done = true }
  od
}

/* Of what the runner has stored. */
inline drain() {
  atomic {
    if :: runner_pending -> runner_pending = false; runner_known = true :: else fi;
    if :: no_runner_pending -> no_runner_pending = false; runner_known = false :: else fi;
    if :: completing_pending -> completing_pending = false; staged = true :: else fi;
    if :: done_pending -> done_pending = false; done = true :: else fi
  }
}

/* has_ended(), with the word as it is now */
#define has_ended (completing || staged || done)

/* share_with_loop(), in the owner */
inline share() {
#if LONE
  if
  :: !shared ->
     atomic { touch; shared = true };
#ifndef BUG_NO_HEAVY_FENCE
     drain()
#endif
  :: shared -> skip
  fi
#else
  skip
#endif
}

/* The runner suspends: the join that led here becomes a wait like any other. */
inline settle() {
#ifndef BUG_SUSPENDS_WITHOUT_SETTLING
  atomic { claimed = false; begin_wait(J, join_may_cancel); in_join = true };
#ifdef BUG_SETTLES_AND_THEN_REGISTERS
  after_arrival(J);
#endif
  /* A load and a store: nobody else changes the word. */
  atomic { touch; was_busy = busy; was_detached = detached; requested = cancel };
  atomic { touch; busy = was_busy; detached = was_detached; cancel = requested;
           has_joiner = true };
#ifndef BUG_SETTLES_AND_THEN_REGISTERS
  after_arrival(J);
#endif
#endif
  atomic { was_busy = false; was_detached = false; requested = false }
}

/* begin_end() on a lone loop. Sets what was seen of the word. */
inline begin_end_alone() {
  atomic { touch; no_runner_pending = true };
  atomic { touch; completing_pending = true };
  atomic { touch; is_shared = shared; was_busy = busy; was_detached = detached;
           had_joiner = has_joiner };
  if
  :: is_shared ->
     drain();
     atomic { touch; completing = true;
#ifndef BUG_KEEPS_WHAT_IT_SAW
              was_busy = busy; was_detached = detached; had_joiner = has_joiner
#endif
     }
  :: else
  fi
}

inline end_task() {
#if LONE
  begin_end_alone();
#else
  atomic { touch; runner_pending = false; runner_known = false };
  if
  :: claimed ->  /* end_claimed_task(): the joiner sleeps, so a store is enough */
     atomic { touch; claimed = false; done = true };
     make_ready(J);  /* or a switch to it */
     goto ended
  :: !claimed
  fi;
  atomic {
    touch;
    was_busy = busy; was_detached = detached; had_joiner = has_joiner;
    completing = true
  };
#endif
#ifndef BUG_RUNNER_IGNORES_BUSY
  if :: was_busy -> !busy; touch :: else fi;
#endif
  if
  :: was_detached -> atomic { touch; freed++ }
  :: !was_detached ->
     if
     :: had_joiner ->
        seen_epoch = epoch[J];
        drain();
        atomic { try_claim(J, seen_epoch, event); assert(!won || in_join) };
        if :: won && saw_parked -> make_ready(J) :: else fi
     :: else
     fi;
#if LONE
     atomic { touch; done_pending = true }
#else
     atomic { touch; done = true }
#endif
  fi;
ended:
  recycled = true
}

proctype runner() {
  bool won, saw_parked, committed, is_shared, was_busy, was_detached, had_joiner, requested;
  byte seen_epoch;
end:
  if
  :: atomic { queued -> queued = false }
  :: claimed -> skip
  fi;
  /* run_task() */
#ifdef BUG_CANCEL_LOOKED_AT_BEFORE_RUNNER_IS_KNOWN
  atomic { touch; requested = cancel };
#endif
  atomic { touch; cancel_requested[R] = false; runner_pending = true };
  if
  :: true  /* the body does not wait */
  :: atomic { true -> body_waits = true; begin_wait(R, true) };
     /* is_cancelled(), at the body's first wait: a fence, then the state. */
#ifndef BUG_CANCEL_LOOKED_AT_BEFORE_RUNNER_IS_KNOWN
     atomic { if :: runner_pending -> runner_pending = false; runner_known = true :: else fi };
     atomic { touch; requested = cancel };
#endif
     if :: requested -> cancel_requested[R] = true :: !requested fi;
     if
     :: cancel_requested[R] -> atomic { try_claim(R, epoch[R], cancelled) }
     :: !cancel_requested[R]
     fi;
     if
     :: reason[R] == none ->
        if :: claimed -> settle() :: !claimed fi;
        atomic { off_stack[R] = true; left_stack[R] = true };
end_waiting:
        atomic { runnable[R] -> runnable[R] = false; off_stack[R] = false }
     :: reason[R] != none
     fi;
     atomic { assert(reason[R] == event || cancel_requested[R]); body_waits = false;
              won = false; saw_parked = false }
  fi;
  end_task()
}

inline request_cancel() {
  share();
  if
  :: has_ended -> touch
  :: else ->
     atomic { touch; ended = completing; cancel = true; busy = true };
     ended = ended || staged || done;
     if
     :: !ended ->
        if
        :: runner_known -> assert(!recycled); cancel_fiber(R); assert(!recycled)
        :: !runner_known
        fi
     :: ended
     fi;
     atomic { touch; ended = false; busy = false }
  fi
}

inline leave_join() {
  if
  :: reason[J] == cancelled ->
#ifdef BUG_JOINER_LEAVES_ITS_PARKER
     ended = false
#else
     share();
     ended = has_ended;
     /* The CAS: of the word alone. */
     if
     :: ended
     :: !ended -> atomic { touch; ended = completing;
                           if :: !ended -> has_joiner = false :: else fi }
     fi
#endif
  :: reason[J] != cancelled -> ended = true
  fi;
#ifndef BUG_JOINER_FREES_BEFORE_DONE
  if :: ended -> done; touch :: !ended fi
#endif
}

/* Sets `ended`: false if the wait was cancelled, and then the joiner is out of the word. */
inline await_end(may_cancel) {
  if
  :: atomic { done -> touch; ended = true }
#if CLAIM
  :: atomic {
       !cancel_requested[J] && queued ->
       queued = false; join_may_cancel = may_cancel; off_stack[J] = true; claimed = true
     };
end_switched:
     atomic { runnable[J] -> runnable[J] = false; off_stack[J] = false };
     if
     :: done -> touch; ended = true
     :: !done -> leave_join()
     fi
#endif
  :: !done ->
     atomic { begin_wait(J, may_cancel); in_join = true };
     share();
     ended = has_ended;
     if
     :: ended
     :: !ended -> atomic { touch; ended = completing;
                           if :: !ended -> has_joiner = true :: else fi }
     fi;
     if
     :: ended -> done; touch
     :: !ended ->
        /* must_stop() */
        if
        :: may_cancel && cancel_requested[J] -> atomic { try_claim(J, epoch[J], cancelled) }
        :: !(may_cancel && cancel_requested[J])
        fi;
        if
        :: atomic { reason[J] == none -> off_stack[J] = true; left_stack[J] = true };
end_joining:
           atomic { runnable[J] -> runnable[J] = false; off_stack[J] = false }
        :: reason[J] != none
        fi;
        leave_join()
     fi
  fi;
  atomic { in_join = false; won = false; saw_parked = false }
}

inline detach() {
  share();
  if
  :: has_ended -> ended = true
  :: else -> atomic { touch; ended = completing; detached = true }
  fi;
#ifdef BUG_DETACHES_WITHOUT_A_LOOK
  ended = false;
#endif
  if
  :: ended -> done; atomic { touch; freed++ }
  :: !ended
  fi
}

proctype owner() {
  bool won, saw_parked, ended;
  byte seen_epoch;
  if :: request_cancel() :: true fi;
  if
  :: await_end(JOINER_CANCELLED);
     if
     :: ended -> atomic { touch; freed++; handle_gone = true }; goto out
     :: !ended ->  /* cancelled: waits for something else, where the runner has no business */
        atomic { begin_wait(J, false); off_stack[J] = true; left_stack[J] = true };
        if
        :: atomic { parked[J] -> try_claim(J, epoch[J], cancelled); off_stack[J] = false }
        :: atomic { runnable[J] -> assert(false) }
        fi;
        atomic { won = false; saw_parked = false; assert(!runnable[J]) }
     fi
  :: true
  fi;
  if
  :: detach()
  :: request_cancel(); await_end(false); assert(ended); atomic { touch; freed++ }
  fi;
  handle_gone = true;
out:
  skip
}

proctype waker() {
  bool won, saw_parked;
end:
  body_waits;
  atomic { try_claim(R, epoch[R], event) };
  if :: won && saw_parked -> make_ready(R) :: else fi
}

proctype canceller_of_joiner() {
  bool won, saw_parked;
  byte seen_epoch;
  cancel_fiber(J)
}

init {
  atomic {
    run runner(); run owner(); run next_stack(R); run next_stack(J); run memory();
    if :: EVENT -> run waker() :: else fi;
    if :: JOINER_CANCELLED -> run canceller_of_joiner() :: else fi
  };
  timeout;
  if
  :: body_waits ->
     assert(!cancel && freed == 0 && (detached || !handle_gone));
     assert(detached || !JOINER_CANCELLED)  /* its join has ended */
  :: else -> assert(handle_gone && freed == 1 && recycled)
  fi
}
