/* SPDX-License-Identifier: MIT
 * How loops park and are woken: the protocol of runtime/src/sched/README.md, "Parking" and "The
 * sentinel", for N loops, plain threads that inject or put into an inbox, a kernel that makes
 * descriptors ready, and a job that spawns into the queue of its loop and may then hog it.
 *
 * Checked in every state: the counters are what the loops believe (`books_agree`), and somebody
 * watches the loops that run while others sleep (`hogs_are_watched`). Checked when nothing moves
 * any more: every job ran, once; all loops that do not hog are parked, and the count and the set
 * say so; no token is left; the sentinel ticks if and only if somebody hogs while somebody is
 * parked. Checked as a liveness property: no fair run goes on for ever without running a job.
 *
 * One step is one atomic access of the C++ code, or what it does under a lock. A sleep, a slice
 * and a tick of any length are the interleavings. Queues are counters: their order is not
 * modelled. A put into a loop's own queue is seen by others when the store buffer is drained,
 * some time later.
 *
 * Parameters (-D): N loops; INJECTORS threads with a job for anybody; INBOXERS threads with a job
 * for loops 0, 1, ...; KERNEL events, in the epoll sets of loops 0, 1, ...; SCRIPT=1: one
 * injected job that puts SPAWNS jobs into its loop's own queue and, with HOGS=1, may never end;
 * ASLEEP=1: start with all loops parked. BUG_*: mistakes that the run must find; see
 * run_models.py.
 */
#ifndef N
#define N 2
#endif
#ifndef INJECTORS
#define INJECTORS 0
#endif
#ifndef INBOXERS
#define INBOXERS 0
#endif
#ifndef KERNEL
#define KERNEL 0
#endif
#ifndef SCRIPT
#define SCRIPT 0
#endif
#ifndef SPAWNS
#define SPAWNS 0
#endif
#ifndef HOGS
#define HOGS 0
#endif
#ifndef ASLEEP
#define ASLEEP 0
#endif

#if N == 2
#define SUM(a) (a[0] + a[1])
#define ANY(p) (p(0) || p(1))
#else
#define SUM(a) (a[0] + a[1] + a[2])
#define ANY(p) (p(0) || p(1) || p(2))
#endif

/* The word idle_state, and the parked set. */
byte parked;           /* changed by the loop that parks, and by nobody else */
byte searching;        /* loops that search, and tokens: made, or on their way to a loop */
bool sentinel_flag;    /* one of the parked ticks */
bool parked_bit[N];

#define running (N - parked)
#define wakeable (searching == 0 && parked > 0)
#define may_search (2 * searching < running)
#define uncovered (!sentinel_flag && parked > 0)

/* What loops sleep on. */
bool eventfd[N];
bool tick_armed;       /* the timerfd all loops watch; whether it is due is a matter of time */

/* Jobs, by place. */
byte inject;
byte inbox[N];
byte own[N];           /* deque and fifo, as others see them */
byte store_buffer[N];  /* put into `own` by the loop, and not yet seen by others */
byte events[N];        /* ready in the loop's epoll set */
bool script_waits;     /* one of the jobs above, wherever, is the script */
byte put, ran;

/* What the loops believe; read by the checks only, but for `doing`: a slice that does not end. */
byte tokens_made;      /* by a waker that has not yet found a loop for it */
bool searcher[N];
bool sentinel[N];
bool chosen[N];        /* has a token, and does not know it */
mtype = { looking, busy, asleep };
mtype doing[N] = looking;

#define is_busy(k) (doing[k] == busy)
#define is_asleep(k) (doing[k] == asleep)
#define is_looking(k) (doing[k] == looking)
#define ticks(k) (sentinel[k] && doing[k] == asleep)
#define needs_help(k) (doing[k] == busy && own[k] + events[k] > 0)
#define neglects_mail(k) (doing[k] != busy && inbox[k] > 0)

#define books_agree (searching == SUM(searcher) + SUM(chosen) + tokens_made \
                     && SUM(sentinel) == sentinel_flag)
#define hogs_are_watched (!(ANY(is_busy) && ANY(is_asleep)) || ANY(ticks) || tick_armed \
                          || ANY(is_looking) || SUM(chosen) > 0)

/* Producer, steps 2 and 3: if nobody searches, wakes one of the parked. */
inline wake_one() {
  do
  :: atomic {
       wakeable ->
       searching++; tokens_made++;
#ifdef BUG_WAKER_LEAVES_THE_PARKED
       parked--
#endif
     };
     if
     :: atomic { parked_bit[0] -> parked_bit[0] = false; chosen[0] = true; tokens_made-- };
        eventfd[0] = true; break
     :: atomic { parked_bit[1] -> parked_bit[1] = false; chosen[1] = true; tokens_made-- };
        eventfd[1] = true; break
#if N > 2
     :: atomic { parked_bit[2] -> parked_bit[2] = false; chosen[2] = true; tokens_made-- };
        eventfd[2] = true; break
#endif
     :: SUM(parked_bit) == 0 ->
        /* All who were parked are withdrawing. Others may have relied on the token meanwhile. */
        atomic { searching--; tokens_made-- }
#ifdef BUG_NO_SECOND_LOOK
        ; break
#endif
     fi
  :: !wakeable -> break
  od
}

proctype injector(bool is_script) {
  atomic { inject++; put++; if :: is_script -> script_waits = true :: else fi };
  wake_one()
}

proctype inboxer(byte to) {
  atomic { inbox[to]++; put++ };
  if :: parked_bit[to] -> eventfd[to] = true :: !parked_bit[to] fi
}

proctype kernel() {
  byte k;
  do
  :: k < KERNEL -> atomic { events[k]++; put++; k++ }
  :: k == KERNEL -> break
  od
}

proctype memory() {
end:
  do
  :: atomic { store_buffer[0] > 0 -> store_buffer[0]--; own[0]++ }
  :: atomic { store_buffer[1] > 0 -> store_buffer[1]--; own[1]++ }
#if N > 2
  :: atomic { store_buffer[2] > 0 -> store_buffer[2]--; own[2]++ }
#endif
  od
}

/* Within atomic blocks of loop(). */
inline leave_searchers() {
  if :: searcher[me] -> searching--; searcher[me] = false; last = (searching == 0) :: else fi
}
inline move_injected() {
  store_buffer[me] = store_buffer[me] + inject; inject = 0
}
inline start_job() {  /* which of those that wait is open */
  if
  :: script_waits -> script_waits = false; spawns = SPAWNS; hog = HOGS
  :: put - ran > 1 || !script_waits
  fi
}

/* Polls the epoll set of a loop that was in one slice for a tick; it may be asleep by now. */
inline help_loop() {
#if KERNEL
  atomic {
    if :: events[helped] > 0 -> events[helped]--; store_buffer[me]++ :: else fi;
    swallowed = eventfd[helped]; eventfd[helped] = false
  };
#ifndef BUG_HELPER_SWALLOWS_THE_WAKE_UP
  if :: swallowed -> atomic { eventfd[helped] = true; swallowed = false } :: !swallowed fi
#else
  swallowed = false
#endif
#else
  skip
#endif
}

/* `there` is a label: an inline cannot take one. */
#define go_if(seen, there) if :: seen -> goto there :: !(seen) fi
#define first (me + 1) % N
#define second (me + 2) % N

proctype loop(byte me) {
  byte spawns, helped;
  bool hog, last, swallowed;
#ifdef BUG_WAKER_LEAVES_THE_PARKED
  bool was_mine;
#endif
#ifdef BUG_ARMS_ONLY_AFTER_SLEEP
  bool slept;
#define slept_now ; slept = true
#else
#define slept_now
#endif

#if ASLEEP
  goto asleep_at_first;
#endif

housekeeping:
  if
  :: atomic { inject > 0 -> move_injected() };
     if :: own[me] + store_buffer[me] > 1 -> wake_one() :: own[me] + store_buffer[me] <= 1 fi
  :: inject == 0
  fi;
#if KERNEL
  if
  :: atomic { tick_armed -> tick_armed = false };  /* a running loop polled: not meant for it */
#ifndef BUG_RUNNING_LOOP_TAKES_THE_TICK
     if :: uncovered -> tick_armed = true :: !uncovered fi
#endif
  :: atomic { needs_help(first) -> helped = first }; help_loop()
#if N > 2
  :: atomic { needs_help(second) -> helped = second }; help_loop()
#endif
  :: true
  fi;
#endif
pick:
  if
  :: atomic { inbox[me] > 0 -> inbox[me]--; goto found_work }
  :: atomic { own[me] > 0 -> own[me]--; goto found_work }
  :: atomic { store_buffer[me] > 0 -> store_buffer[me]--; goto found_work }
  :: atomic { events[me] > 0 -> events[me]--; goto found_work }
  :: inbox[me] + own[me] + store_buffer[me] + events[me] == 0
  fi;

  /* 1. Search. Who may not be counted looks, too, but nobody relies on it. */
  if
  :: atomic { !searcher[me] && may_search -> searching++; searcher[me] = true }
  :: searcher[me]
#ifdef BUG_THE_REFUSED_DO_NOT_LOOK
  :: !searcher[me] && !may_search -> goto announce
#else
  :: !searcher[me] && !may_search
#endif
  fi;
  if
  :: atomic { inject > 0 -> move_injected(); store_buffer[me]--; goto found_work }
  :: inject == 0
  fi;
  if
  :: atomic { own[first] > 0 -> own[first]--; goto found_work }
  :: own[first] == 0
  fi;
#if N > 2
  if
  :: atomic { own[second] > 0 -> own[second]--; goto found_work }
  :: own[second] == 0
  fi;
#endif

announce:  /* 2. The bit, then the word. */
#ifdef BUG_LOOK_THEN_ANNOUNCE
  go_if(inbox[me] > 0, housekeeping);
  go_if(inject > 0, housekeeping);
  go_if(own[first] > 0, housekeeping);
#if N > 2
  go_if(own[second] > 0, housekeeping);
#endif
#endif
  parked_bit[me] = true;
  atomic {
#ifndef BUG_SEARCHER_LEAVES_AFTER_ITS_LAST_SEARCH
    leave_searchers(); last = false;
#endif
    parked++;
    if :: !sentinel_flag && running > 0 -> sentinel_flag = true; sentinel[me] = true :: else fi
  };

  /* 3. Search once more. */
#ifndef BUG_LOOK_THEN_ANNOUNCE
  go_if(inbox[me] > 0, withdraw);
  go_if(inject > 0, withdraw);
#if N > 2
  go_if(own[second] > 0, withdraw);
#endif
#endif
#ifdef BUG_SEARCHER_LEAVES_AFTER_ITS_LAST_SEARCH
  atomic { leave_searchers(); last = false };
#endif
  if
#ifndef BUG_LOOK_THEN_ANNOUNCE
  :: own[first] > 0 -> goto withdraw
  :: atomic { own[first] == 0 -> doing[me] = asleep }
#else
  :: doing[me] = asleep
#endif
  fi;

  /* 4. Sleep. */
end_asleep:
  if
  :: atomic { eventfd[me] -> eventfd[me] = false; doing[me] = looking slept_now }
  :: atomic { events[me] > 0 -> doing[me] = looking slept_now }
#if HOGS + KERNEL > 0
  :: atomic { sentinel[me] && needs_help(first) -> doing[me] = looking; helped = first };
     goto help
#if N > 2
  :: atomic { sentinel[me] && needs_help(second) -> doing[me] = looking; helped = second };
     goto help
#endif
#endif
#ifdef BUG_SENTINEL_ENDS_BLINDLY
  :: sentinel[me] && running == 0 ->
     atomic { sentinel[me] = false; sentinel_flag = false }; goto end_asleep
#else
  :: atomic { sentinel[me] && running == 0 -> sentinel[me] = false; sentinel_flag = false };
     goto end_asleep
#endif
  :: atomic { tick_armed -> tick_armed = false; doing[me] = looking };
     atomic {
       if :: !sentinel_flag && running > 0 -> sentinel_flag = true; sentinel[me] = true :: else fi;
       doing[me] = asleep
     };
     goto end_asleep
  fi;

withdraw:  /* 5. The bit, then the word. */
  atomic {
    if
    :: parked_bit[me] -> parked_bit[me] = false
#ifdef BUG_WAKER_LEAVES_THE_PARKED
       ; was_mine = true
#endif
    :: else ->
#ifndef BUG_WITHDRAWS_WITHOUT_NOTICING
       assert(chosen[me]); chosen[me] = false; searcher[me] = true
#endif
    fi
  };
  atomic {
#ifndef BUG_WAKER_LEAVES_THE_PARKED
    parked--;
#else
    if :: was_mine -> parked--; was_mine = false :: else fi;
#endif
    if :: sentinel[me] -> sentinel[me] = false; sentinel_flag = false :: else fi;
#ifdef BUG_ARMS_ONLY_AFTER_SLEEP
    if :: !slept -> goto next :: else -> slept = false fi;
#endif
    if :: !uncovered -> goto next :: else fi
  };
  tick_armed = true;
#ifdef BUG_RUNS_BEFORE_IT_TAKES_INJECTED
next:
  goto pick;
#else
next:
  goto housekeeping;
#endif

#if HOGS + KERNEL > 0
help:
  help_loop();
  if
  :: atomic { own[helped] + own[me] + store_buffer[me] > 0 -> helped = 0 }; goto withdraw
  :: atomic { own[helped] + own[me] + store_buffer[me] == 0 -> helped = 0; doing[me] = asleep };
     goto end_asleep
  fi;
#endif

found_work:
  if
  :: atomic { searcher[me] -> leave_searchers() };
#ifndef BUG_NO_TOKEN_PASSED_ON
     if
     :: last ->  /* passes the token on if there is something left to find */
        go_if(inject > 0, pass_on);
        go_if(own[first] > 0, pass_on);
#if N > 2
        go_if(own[second] > 0, pass_on);
#endif
        go_if(own[me] + store_buffer[me] > 0, pass_on)
     :: !last
     fi;
#endif
     goto run_job
  :: !searcher[me] -> goto run_job
  fi;
#ifndef BUG_NO_TOKEN_PASSED_ON
pass_on:
  wake_one();
#endif

progress_job:
run_job:
  atomic { last = false; doing[me] = busy; ran++; start_job() };
  do
  :: spawns > 0 ->
     atomic { store_buffer[me]++; put++; spawns-- };
     if
     :: store_buffer[me] + own[me] > 1 -> wake_one()
     :: store_buffer[me] + own[me] <= 1
     fi
  :: spawns == 0 -> break
  od;
  if
  :: atomic { doing[me] = looking; hog = false }; goto housekeeping
  :: hog
  fi;
end_hogging:
  false;

#if ASLEEP
asleep_at_first:
  atomic { parked_bit[me] = true; parked++; doing[me] = asleep };
  goto end_asleep
#endif
}

proctype every_state() {
end:
  atomic { !(books_agree && hogs_are_watched) -> assert(books_agree); assert(hogs_are_watched) }
}

init {
  byte k;
  atomic {
    for (k : 0 .. N - 1) { run loop(k) }
#if ASLEEP
    (parked == N);
#endif
    k = 0; do :: k < INJECTORS -> run injector(false); k++ :: else -> break od;
    k = 0; do :: k < INBOXERS -> run inboxer(k); k++ :: else -> break od;
    k = 0;
    if :: KERNEL -> run kernel() :: else fi;
    if :: SCRIPT -> run injector(true) :: else fi;
    run memory();
    run every_state()
  };
  timeout;
  /* Only what is bound to a loop that hogs may wait. */
  assert(put == ran + SUM(inbox) && !ANY(neglects_mail));
  assert(running <= HOGS && searching == 0);
  assert(parked == SUM(parked_bit));
  assert(sentinel_flag == (running > 0 && parked > 0))
}
