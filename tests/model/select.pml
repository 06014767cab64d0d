/* SPDX-License-Identifier: MIT
 * Channels and select: the protocol of sync/src/README.md, steps S1 to S6, T1 to T3. Two channels,
 * A and B, with room for CAP values each; up to three fibers, of which each makes one select (or,
 * with one case, one send or receive). MASK0 to MASK2 say among which cases: 1 send to A, 2
 * receive from A, 4 send to B, 8 receive from B; 0: no such fiber. CLOSE=1: A is closed at some
 * time. TIMER=1: the wait of fiber 0 may time out at any time (a cancellation is the same claim).
 *
 * Checked: a party is touched only while its frame stands, and never by itself; values are moved
 * once, none is lost, and the receiver has its value when it goes on; a wait that timed out has
 * given and taken nothing; at the end nobody sleeps beside what could end its wait, and no lock is
 * held.
 *
 * One step is one atomic access, or what is done under a lock between two touches of another's
 * party. The parking itself is waker.pml's; lists are sets here: any order of arrival.
 *
 * BUG_*: mistakes that the run must find; see run_models.py.
 */
#ifndef MASK0
#define MASK0 5
#endif
#ifndef MASK1
#define MASK1 10
#endif
#ifndef MASK2
#define MASK2 0
#endif
#ifndef CAP
#define CAP 0
#endif
#ifndef CLOSE
#define CLOSE 0
#endif
#ifndef TIMER
#define TIMER 0
#endif

#define N 3
#define nobody 255
#define PARTY(p, c) ((p) * 4 + (c))
#define CHANNEL(c) ((c) / 2)
#define SENDS(c) (((c) & 1) == 0)
#define PARTNER(c) ((c) ^ 1)
#define HAS(mask, c) ((((mask) >> (c)) & 1) == 1)
#define USES(mask, ch) ((((mask) >> (2 * (ch))) & 3) != 0)

mtype = { idle, waiting, by_event, by_time };

bool locked[2];
bool is_closed[2];
byte buffered[2];
bool listed[12];        /* a party is in the list of its channel */
bool settled[12];
mtype word[N] = idle;   /* the wake word: waiting, or who has won */
byte tag[N];
bool stands[N];         /* the frame with the parties */
byte mine[N];           /* values to give: two for who may send, of which one is sent */
byte got[N];
byte made;

inline acquire(ch) { atomic { !locked[ch] -> locked[ch] = true } }
inline release(ch) { locked[ch] = false }

/* T1: takes some party of `kind` out of its list and claims it; sets q, and won. */
inline claim_one(kind) {
  won = false;
  do
  :: atomic { !won && listed[PARTY(0, kind)] -> q = 0; listed[PARTY(0, kind)] = false };
     try_claim(kind)
  :: atomic { !won && listed[PARTY(1, kind)] -> q = 1; listed[PARTY(1, kind)] = false };
     try_claim(kind)
  :: atomic { !won && listed[PARTY(2, kind)] -> q = 2; listed[PARTY(2, kind)] = false };
     try_claim(kind)
  :: atomic {
       won || (!listed[PARTY(0, kind)] && !listed[PARTY(1, kind)] && !listed[PARTY(2, kind)]) ->
       break
     }
  od
}

inline try_claim(kind) {
#ifdef BUG_MOVES_BEFORE_THE_CLAIM
  atomic {
    assert(stands[q]);
    if :: SENDS(kind) -> mine[q]--; got[p]++ :: else -> mine[p]--; got[q]++ fi
  };
#endif
  atomic {
    assert(q != p);
    assert(stands[q]);
    if
    :: word[q] == waiting -> word[q] = by_event; tag[q] = kind; won = true
    :: else
    fi
  }
}

/* T3, for what T1 has won under the locks that are released now. */
inline settle_owed() {
  if
  :: owed != nobody -> atomic { assert(stands[owed / 4]); settled[owed] = true }
  :: else
  fi
}

/* S2, for one case. */
inline try_send(c) {
  if
  :: is_closed[CHANNEL(c)] -> done = true
  :: else ->
     claim_one(PARTNER(c));
     if
     :: won ->
#ifndef BUG_MOVES_BEFORE_THE_CLAIM
        atomic { assert(stands[q]); mine[p]--; got[q]++ };  /* T2 */
#endif
        owed = PARTY(q, PARTNER(c));
        done = true
     :: !won && buffered[CHANNEL(c)] < CAP -> mine[p]--; buffered[CHANNEL(c)]++; done = true
     :: else
     fi
  fi
}

inline try_receive(c) {
  if
  :: buffered[CHANNEL(c)] > 0 ->
     buffered[CHANNEL(c)]--; got[p]++; done = true;
     claim_one(PARTNER(c));
     if
     :: won -> atomic { assert(stands[q]); mine[q]--; buffered[CHANNEL(c)]++ };
        owed = PARTY(q, PARTNER(c))
     :: else
     fi
  :: else ->
     claim_one(PARTNER(c));
     if
     :: won ->
#ifndef BUG_MOVES_BEFORE_THE_CLAIM
        atomic { assert(stands[q]); mine[q]--; got[p]++ };
#endif
        owed = PARTY(q, PARTNER(c));
        done = true
#ifndef BUG_SLEEPS_ON_A_CLOSED_CHANNEL
     :: !won && is_closed[CHANNEL(c)] -> done = true
#endif
     :: else
     fi
  fi
}

inline try_case(c) {
  if
  :: !done && HAS(mask, c) -> if :: SENDS(c) -> try_send(c) :: else -> try_receive(c) fi
  :: else
  fi
}

inline leave(ch) {
  if
  :: !USES(mask, ch)
  :: USES(mask, ch) && word[p] == by_event && CHANNEL(tag[p]) == ch &&
     !HAS(mask, PARTNER(tag[p]))
     /* T1 has taken it out of its only list there: the channel is not touched again */
  :: else ->
#ifdef BUG_LEAVES_WITHOUT_THE_LOCK
     atomic { listed[PARTY(p, 2 * ch)] = false; listed[PARTY(p, 2 * ch + 1)] = false }
#else
     acquire(ch);
     atomic {
       listed[PARTY(p, 2 * ch)] = false; listed[PARTY(p, 2 * ch + 1)] = false;
       release(ch)
     }
#endif
  fi
}

inline lock_all() {
#ifdef BUG_LOCKS_IN_ANY_ORDER
  if :: p == 1 && USES(mask, 1) -> acquire(1) :: else fi;
  if :: USES(mask, 0) -> acquire(0) :: else fi;
  if :: p != 1 && USES(mask, 1) -> acquire(1) :: else fi
#else
  if :: USES(mask, 0) -> acquire(0) :: else fi;
  if :: USES(mask, 1) -> acquire(1) :: else fi
#endif
}

inline enlist(c) {
  if :: HAS(mask, c) -> listed[PARTY(p, c)] = true :: else fi
}

inline unlock_all() {
  if :: USES(mask, 1) -> release(1) :: else fi;
  if :: USES(mask, 0) -> release(0) :: else fi
}

proctype chooser(byte p; byte mask) {
  bool done, won;
  byte q, before;
  byte owed = nobody;
  before = mine[p];
  lock_all();  /* S1 */
#ifdef BUG_ENLISTS_AS_IT_LOOKS
  atomic { word[p] = waiting; stands[p] = true };
#endif
#ifdef BUG_UNLOCKS_BETWEEN_LOOKING_AND_ENLISTING
  try_case(0); try_case(1); try_case(2); try_case(3);
  if :: !done -> unlock_all(); lock_all() :: else fi;
#elif defined(BUG_ENLISTS_AS_IT_LOOKS)
  try_case(0); enlist(0); try_case(1); enlist(1); try_case(2); enlist(2); try_case(3); enlist(3);
#else
  if
  :: true -> try_case(0); try_case(1); try_case(2); try_case(3)
  :: true -> try_case(3); try_case(2); try_case(1); try_case(0)
  fi;
#endif
  if
  :: done -> unlock_all(); settle_owed()
  :: else ->
     /* S3 */
     atomic {
       word[p] = waiting; stands[p] = true;
       enlist(0); enlist(1); enlist(2); enlist(3)
     };
     unlock_all();
end_asleep:
     word[p] != waiting;  /* S4 */
     leave(0); leave(1);  /* S5 */
#ifndef BUG_GOES_ON_BEFORE_THE_SETTLEMENT
     if :: word[p] == by_event -> settled[PARTY(p, tag[p])] :: else fi;
#endif
     atomic {
       stands[p] = false;
       if
       :: word[p] == by_event -> assert(settled[PARTY(p, tag[p])])
       :: else -> assert(word[p] == by_time && mine[p] == before && got[p] == 0)
       fi
     }
  fi
}

proctype closer() {
  byte p = N;
  byte q;
  bool won;
  bool owes[12];
  acquire(0);
  is_closed[0] = true;
  do
  :: claim_one(0); if :: won -> owes[PARTY(q, 0)] = true :: else -> break fi
  od;
  do
  :: claim_one(1); if :: won -> owes[PARTY(q, 1)] = true :: else -> break fi
  od;
  release(0);
  /* T3 */
  for (q : 0 .. 11) {
    if :: owes[q] -> atomic { assert(stands[q / 4]); settled[q] = true } :: else fi
  }
}

proctype timer() {
end:
  atomic { word[0] == waiting -> word[0] = by_time }
}

#define ASLEEP(p) (word[p] == waiting)
#define SLEEPS_IN(p, c) (ASLEEP(p) && listed[PARTY(p, c)])
#define SOMEBODY(c) (SLEEPS_IN(0, c) || SLEEPS_IN(1, c) || SLEEPS_IN(2, c))
#define MEET(p, r, c) (SLEEPS_IN(p, c) && SLEEPS_IN(r, PARTNER(c)))
#define MEET_ANY(c) \
  (MEET(0, 1, c) || MEET(0, 2, c) || MEET(1, 0, c) || MEET(1, 2, c) || \
   MEET(2, 0, c) || MEET(2, 1, c))

init {
  atomic {
    if :: ((MASK0) & 5) != 0 -> mine[0] = 2; made = made + 2 :: else fi;
    if :: ((MASK1) & 5) != 0 -> mine[1] = 2; made = made + 2 :: else fi;
    if :: ((MASK2) & 5) != 0 -> mine[2] = 2; made = made + 2 :: else fi;
    run chooser(0, MASK0);
    if :: MASK1 != 0 -> run chooser(1, MASK1) :: else fi;
    if :: MASK2 != 0 -> run chooser(2, MASK2) :: else fi;
    if :: CLOSE -> run closer() :: else fi;
    if :: TIMER -> run timer() :: else fi
  };
  timeout;
  assert(!locked[0] && !locked[1]);
  assert(mine[0] + mine[1] + mine[2] + got[0] + got[1] + got[2] +
         buffered[0] + buffered[1] == made);
  assert(got[0] <= 1 && got[1] <= 1 && got[2] <= 1);
  assert(!MEET_ANY(0) && !MEET_ANY(2));
  assert(!(SOMEBODY(1) && buffered[0] > 0) && !(SOMEBODY(3) && buffered[1] > 0));
  assert(!(SOMEBODY(0) && buffered[0] < CAP) && !(SOMEBODY(2) && buffered[1] < CAP));
  assert(!(is_closed[0] && (SOMEBODY(0) || SOMEBODY(1))))
}
