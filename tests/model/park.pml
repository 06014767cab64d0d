/* SPDX-License-Identifier: MIT
 * How loops park and are woken: the protocol of runtime/src/sched/README.md, "Parking" and "The
 * sentinel", for N loops, plain threads that inject or put into an inbox, a kernel that makes
 * descriptors ready, and a job that spawns into the queue of its loop and may then hog it.
 *
 * Checked in every state: the counters are what the loops believe (`books_agree`); somebody watches the
 * loops that run while others are parked (`hogs_are_watched`). Checked when nothing moves any more:
 * every job ran, once; all loops that do not hog are parked; no token is left; the sentinel ticks if
 * and only if somebody hogs.
 *
 * One atomic block is one atomic access of the C++ code, or a step on data under a lock. A sleep of
 * any length, a slice of any length and a clock of any speed are the interleavings. Queues are
 * counters: which job, and in what order, is not modelled here.
 *
 * Parameters (-D): N loops; INJECTORS threads with a job for anybody; INBOXERS threads with a job for
 * loops 0, 1, ...; KERNEL=1 an event in each loop's epoll set; SPAWNS jobs that one more injected
 * job puts into its loop's own queue; HOGS=1 that job may never end. The BUG_* are mistakes that the
 * run must find; see run_models.
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
#ifndef SPAWNS
#define SPAWNS 0
#endif
#ifndef HOGS
#define HOGS 0
#endif

#if N == 2
#define SUM(a) (a[0] + a[1])
#define ANY(p) (p(0) || p(1))
#else
#define SUM(a) (a[0] + a[1] + a[2])
#define ANY(p) (p(0) || p(1) || p(2))
#endif

/* The word idle_state. */
bool parked_bit[N];   /* the parked set */
byte searching;       /* loops that search, and tokens on their way to a loop */
bool sentinel_flag;   /* one of the parked ticks */
#define parked SUM(parked_bit)
#define running (N - parked)

/* What loops sleep on. */
bool eventfd[N];
bool tick_armed;      /* the timerfd all loops watch; whether it is due is a matter of time */

/* Jobs, by place. */
byte inject;
byte scripts;         /* the job that spawns and may hog, while it is in inject */
byte inbox[N];
byte own[N];          /* deque and fifo, what everybody sees of them */
byte store_buffer[N]; /* put into `own` by the loop, and not yet seen by others */
byte events[N];       /* ready in the loop's epoll set */
byte put, ran;

/* What the loops believe; read by the checks only. */
bool searcher[N];
bool sentinel[N];
bool chosen[N];       /* has a token, and does not know it */
mtype = { looking, busy, asleep };
mtype doing[N] = looking;

#define hog_with_work(k) (doing[k] == busy && own[k] + events[k] > 0)
#define has_mail_and_could_run(k) (doing[k] != busy && inbox[k] > 0)
#define is_busy(k) (doing[k] == busy)
#define is_asleep(k) (doing[k] == asleep)
#define is_looking(k) (doing[k] == looking)
#define ticks(k) (sentinel[k] && doing[k] == asleep)

#define books_agree (searching == SUM(searcher) + SUM(chosen) && searching <= (N + 1) / 2 \
                     && SUM(sentinel) == sentinel_flag)
#define hogs_are_watched (!(ANY(is_busy) && ANY(is_asleep)) || ANY(ticks) || tick_armed \
                          || ANY(is_looking) || SUM(chosen) > 0)

/* Steps 2 and 3 of a producer: wakes a loop if one is parked and nobody searches. */
inline wake_one() {
  atomic {
    target = N;
    if
    :: searching == 0 && parked > 0 ->
       searching = 1;
       if
       :: parked_bit[0] -> target = 0
       :: parked_bit[1] -> target = 1
#if N > 2
       :: parked_bit[2] -> target = 2
#endif
       fi;
       parked_bit[target] = false; chosen[target] = true
    :: else
    fi
  };
  if
  :: target < N -> atomic { eventfd[target] = true; target = N }
  :: else
  fi
}

inline put_into_inbox(to) {
  atomic { target = (inbox[to] == 0 -> to : N); inbox[to]++; put++ };
  if
  :: target < N && parked_bit[to] -> eventfd[to] = true
  :: else
  fi;
  target = N
}

proctype injector() {
  byte target;
  atomic { inject++; put++ };
  wake_one()
}

proctype script_injector() {
  byte target;
  atomic { scripts++; put++ };
  wake_one()
}

proctype inboxer(byte to) {
  byte target;
  put_into_inbox(to)
}

proctype kernel(byte to) {
  atomic { events[to]++; put++ }
}

proctype memory() {
  byte k;
end:
  do
  :: atomic { store_buffer[0] > 0 -> store_buffer[0]--; own[0]++ }
  :: atomic { store_buffer[1] > 0 -> store_buffer[1]--; own[1]++ }
#if N > 2
  :: atomic { store_buffer[2] > 0 -> store_buffer[2]--; own[2]++ }
#endif
  od
}

/* A job of each other loop that may be taken: from its queues, or from its epoll set if it hogs. */
inline try_steal_from(k) {
  if
  :: own[k] > 0 -> own[k]--; job = plain
  :: doing[k] == busy && events[k] > 0 -> events[k]--; job = plain
  :: else
  fi
}

/* `there` is a label: an inline cannot take one. */
#define go_if(seen, there) if :: seen -> goto there :: else fi
#if N == 2
#define last_search(there) \
  go_if(inbox[me] > 0, there); go_if(inject + scripts > 0, there); go_if(own[1 - me] > 0, there)
#else
#define last_search(there) \
  go_if(inbox[me] > 0, there); go_if(inject + scripts > 0, there); \
  go_if(own[(me + 1) % N] > 0, there); go_if(own[(me + 2) % N] > 0, there)
#endif

inline leave_searchers() {
  if :: searcher[me] -> searching--; searcher[me] = false; last = (searching == 0) :: else fi
}

mtype = { nothing, plain, script };

proctype loop(byte me) {
  byte target, spawned;
  mtype job = nothing;
  bool flag, last, hit;

own_places:
#ifdef BUG_RUNNING_LOOP_TAKES_THE_TICK
  if :: tick_armed -> tick_armed = false :: true fi;
#endif
  atomic {
    if
    :: inbox[me] > 0 -> inbox[me]--; job = plain
    :: own[me] > 0 -> own[me]--; job = plain
    :: store_buffer[me] > 0 -> store_buffer[me]--; job = plain
    :: events[me] > 0 -> events[me]--; job = plain
    :: inject > 0 -> inject--; job = plain
    :: scripts > 0 -> scripts--; job = script
    :: else
    fi;
    if :: job != nothing -> goto run_job :: else fi
  };
  /* 1. Search, as one of at most half of the running loops. */
  atomic {
    if
    :: !searcher[me] && 2 * searching < running -> searching++; searcher[me] = true
    :: !searcher[me] -> goto announce
    :: true
    fi
  };
search:
  atomic {
    if
    :: inject > 0 -> inject--; job = plain
    :: scripts > 0 -> scripts--; job = script
    :: else
    fi;
    if :: job != nothing -> goto run_job :: else fi
  };
  atomic { try_steal_from((me + 1) % N); go_if(job != nothing, run_job) };
#if N > 2
  atomic { try_steal_from((me + 2) % N); go_if(job != nothing, run_job) };
#endif

  /* 2. Announce. */
announce:
#ifdef BUG_LOOK_THEN_ANNOUNCE
  last_search(own_places);
#endif
  atomic {
#ifndef BUG_SEARCHER_LEAVES_AFTER_ITS_LAST_SEARCH
    leave_searchers();
#endif
    parked_bit[me] = true; last = false;
    if
    :: !sentinel_flag && running > 0 -> sentinel_flag = true; sentinel[me] = true
    :: else
    fi
  };

  /* 3. Search once more. */
#ifndef BUG_LOOK_THEN_ANNOUNCE
  last_search(found_at_last);
#endif
#ifdef BUG_SEARCHER_LEAVES_AFTER_ITS_LAST_SEARCH
  atomic { leave_searchers() };
#endif

  /* 4. Sleep. */
sleep:
  doing[me] = asleep;
end_asleep:
  atomic {
    if
    :: eventfd[me] -> eventfd[me] = false; doing[me] = looking
    :: events[me] > 0 -> doing[me] = looking
    :: sentinel[me] && ANY(hog_with_work) -> doing[me] = looking
    :: sentinel[me] && running == 0 -> sentinel[me] = false; sentinel_flag = false; goto end_asleep
    :: tick_armed -> tick_armed = false; doing[me] = looking; goto ticked
    fi
  };

  /* 5. Withdraw. */
  goto withdraw;
found_at_last:
  hit = true;
withdraw:
  atomic {
    if
    :: parked_bit[me] ->
       parked_bit[me] = false;
#ifndef BUG_LAST_SEARCH_OWES_NOTHING
       if
       :: hit && 2 * searching < running -> searching++; searcher[me] = true
       :: else
       fi
#endif
#ifndef BUG_WITHDRAWS_WITHOUT_NOTICING
    :: else -> assert(chosen[me]); chosen[me] = false; searcher[me] = true
#else
    :: else
#endif
    fi;
    if :: sentinel[me] -> sentinel[me] = false; sentinel_flag = false :: else fi;
    flag = (!sentinel_flag && parked > 0); hit = false
  };
#ifdef BUG_ARMS_ONLY_AFTER_SLEEP
  flag = flag && slept; slept = false;
#endif
  if :: flag -> atomic { tick_armed = true; flag = false } :: else fi;
  goto own_places;

ticked:
  atomic {
    if
    :: !sentinel_flag && running > 0 -> sentinel_flag = true; sentinel[me] = true
    :: else
    fi
  };
  goto sleep;

run_job:
  atomic {
    leave_searchers()
  };
#ifdef BUG_NO_TOKEN_PASSED_ON
  last = false;
#endif
  if :: last -> wake_one() :: else fi;
  atomic { last = false; ran++; doing[me] = busy };
  if
  :: job == script ->
     do
     :: spawned < SPAWNS ->
        atomic { store_buffer[me]++; put++; spawned++; flag = (store_buffer[me] + own[me] > 1) };
        if :: flag -> wake_one() :: else fi
     :: else -> break
     od;
     if
     :: true
     :: HOGS -> 
end_hogging: false
     fi
  :: else
  fi;
  atomic { doing[me] = looking; job = nothing; spawned = 0; flag = false };
  goto own_places
}

proctype every_state() {
end:
  atomic { !(books_agree && hogs_are_watched) -> assert(books_agree); assert(hogs_are_watched) }
}

init {
  byte k;
  atomic {
    for (k : 0 .. N - 1) { run loop(k) }
    k = 0; do :: k < INJECTORS -> run injector(); k++ :: else -> break od;
    k = 0; do :: k < INBOXERS -> run inboxer(k); k++ :: else -> break od;
    k = 0;
    if
    :: KERNEL -> for (k : 0 .. N - 1) { run kernel(k) }
    :: else
    fi;
    if :: SPAWNS + HOGS > 0 -> run script_injector(); run memory() :: else fi;
    run every_state()
  };
  timeout;
  /* Only what is pinned to a loop that hogs may wait. */
  assert(put == ran + SUM(inbox) && !ANY(has_mail_and_could_run));
  assert(running <= HOGS && searching == 0);
  assert(sentinel_flag == (running > 0 && parked > 0))
}
