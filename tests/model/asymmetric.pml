/* SPDX-License-Identifier: MIT
 * The asymmetric spinlock: the protocol of runtime/src/base/README.md, "The lock whose owner pays
 * nothing", steps O1, O2, T1 to T3. Its owner takes it OWN times; TAKERS others come TWICE times
 * each, and go away if somebody else is at it. OWN_FENCE=1: the kernel has no heavy fence, and the
 * owner makes its own in O1.
 *
 * Checked: two never hold the lock; whoever holds it sees what was written under it before (a plain
 * counter, which each holder increments); nobody waits for ever (no run is endless, so it is enough
 * that none gets stuck).
 *
 * Stores of the owner's thread, to the counter too, are seen by others when its store buffer is
 * drained, in their order, at the latest by another's heavy fence. Those of the others are seen at
 * once: each begins with a locked instruction, and lets go by its last store. The owner counts as a
 * holder until others can see that it is none.
 *
 * BUG_*: mistakes that the run must find; see run_models.py.
 */
#ifndef OWN
#define OWN 3
#endif
#ifndef TAKERS
#define TAKERS 1
#endif
#ifndef TWICE
#define TWICE 2
#endif
#ifndef OWN_FENCE
#define OWN_FENCE 0
#endif

/* What the owner has stored. */
mtype = { comes, takes_it_back, writes, leaves };

bool wanted;
bool says_inside;           /* inside_, as it is in memory */
byte count;                 /* what the lock guards, as it is in memory */
chan buffer = [10] of { mtype, byte };
byte inside;                /* how many hold the lock */
byte of_owner;              /* of these, the owner: it may come again before all see that it left */
byte made;                  /* increments */

inline apply(store, value) {
  if
  :: store == comes -> says_inside = true
  :: store == takes_it_back -> says_inside = false
  :: store == writes -> count = value
  :: store == leaves -> says_inside = false; inside--; of_owner--
  fi;
  store = 0;
  value = 0
}

inline drain(store, value) {
  do
  :: nempty(buffer) -> buffer?store, value; apply(store, value)
  :: empty(buffer) -> break
  od
}

inline owner_enters() { assert(inside == of_owner); inside++; of_owner++ }

proctype memory() {
  mtype store;
  byte value;
end:
  do
  :: atomic { buffer?store, value -> apply(store, value) }
  od
}

proctype owner() {
  mtype store;
  byte value;
  byte round;
  byte own_count;           /* what it has written last: sees it before others do */
  bool has;
  for (round : 1 .. OWN) {
    has = false;
    do
    :: has -> break
    :: else ->
#ifdef BUG_LOOKS_BEFORE_IT_SAYS
       atomic { if :: !wanted -> has = true; owner_enters() :: else fi };
       buffer!comes, 0;
#else
#if OWN_FENCE
       atomic { drain(store, value); says_inside = true };             /* O1 */
#else
       buffer!comes, 0;                                                /* O1 */
#endif
       atomic { if :: !wanted -> has = true; owner_enters() :: else fi };  /* O2 */
#endif
       if
       :: has
       :: !has ->
#ifndef BUG_STAYS_WHILE_IT_WAITS
          buffer!takes_it_back, 0;
#endif
          !wanted
       fi
    od;

    atomic { if :: buffer??[writes, _] :: else -> own_count = count fi };
#ifdef BUG_LETS_GO_AND_THEN_WRITES
    atomic { made++; buffer!leaves, 0 };
    own_count++;
    buffer!writes, own_count
#else
    atomic { own_count++; made++; buffer!writes, own_count };
    buffer!leaves, 0
#endif
  }
}

proctype taker() {
  mtype store;
  byte value;
  byte round;
  byte seen;
  for (round : 1 .. TWICE) {
    if                                                                 /* T1 */
    :: atomic { !wanted -> wanted = true };
#if !defined(BUG_NO_HEAVY_FENCE) && !OWN_FENCE
       atomic { drain(store, value) };                                 /* T2 */
#endif
#ifndef BUG_DOES_NOT_WAIT
       !says_inside;                                                   /* T3 */
#endif
       atomic { assert(inside == 0); inside++; seen = count };
       atomic { seen++; count = seen; made++; seen = 0 };
       atomic { inside--; wanted = false }
    :: wanted                       /* somebody else is at it: goes away */
    fi
  }
}

init {
  atomic {
    run memory(); run owner();
    byte n;
    for (n : 1 .. TAKERS) { run taker() }
  };
  (_nr_pr == 2 && empty(buffer));
  assert(inside == 0 && !wanted && !says_inside);
  assert(count == made)
}
