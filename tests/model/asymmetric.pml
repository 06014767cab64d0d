/* SPDX-License-Identifier: MIT
 * The asymmetric spinlock: the protocol of runtime/src/base/README.md, "The lock whose owner pays
 * nothing", steps O1 to O3, T1 to T5. Its owner takes it OWN times, and may make it biased again
 * whenever it lets go of it after O3; TAKERS others come TWICE times each, and may give up wherever
 * they may go away. UNBIASED=1: the kernel has no heavy fence, and the lock is never biased.
 *
 * What the lock guards is a number that counts up: who holds the lock takes the next. Checked: two
 * never hold the lock; each number is taken once; nobody waits for ever (no run is endless, so it
 * is enough that none gets stuck).
 *
 * Stores of the owner's thread are seen by others when its store buffer is drained, in their order,
 * at the latest by its own locked instruction, or another's heavy fence; it sees them itself at
 * once. Those of the others are seen at once: each begins with a locked instruction, and lets go by
 * its last store. The owner counts as a holder until others can see that it is none.
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
#ifndef UNBIASED
#define UNBIASED 0
#endif

/* A state is a kind and an epoch. */
#define BIASED 0
#define ASKED 1
#define OPEN 2
#define HELD 3
#define kind(state) ((state) & 3)
#define same_epoch(state, k) (((state) & ~3) | (k))
#ifdef BUG_NO_EPOCH
#define next_epoch(state) BIASED
#else
#define next_epoch(state) (((state) & ~3) + 4)
#endif

/* What the owner has stored. */
mtype = { comes, goes, writes, leaves, sets };

byte state = (UNBIASED -> OPEN : BIASED);   /* as it is in memory, like the next two */
bool says_inside;
byte count;                 /* what the lock guards */
chan buffer = [12] of { mtype, byte };
byte inside;                /* how many hold the lock */
byte of_owner;              /* of these, the owner: it may come again before all see that it left */
byte made;                  /* numbers taken */

inline apply(store, value) {
  if
  :: store == comes -> says_inside = true
  :: store == goes -> says_inside = false
  :: store == writes -> count = value
  :: store == leaves -> says_inside = false; inside--; of_owner--
  :: store == sets -> state = value; inside--; of_owner--
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
inline taker_enters() { assert(inside == 0); inside++ }

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
  byte own_state;           /* the same */
  bool has;
  bool by_state;
  for (round : 1 .. OWN) {
    has = false;
    by_state = false;
#ifndef BUG_LOOKS_BEFORE_IT_SAYS
    buffer!comes, 0;                                                      /* O1 */
#endif
    atomic {                                                              /* O2 */
      if :: buffer??[sets, _] :: else -> own_state = state fi;
      if
      :: kind(own_state) == BIASED -> has = true; owner_enters()
      :: else
      fi
    };
#ifdef BUG_LOOKS_BEFORE_IT_SAYS
    buffer!comes, 0;
#endif
    if
    :: has
    :: !has ->                                                            /* O3 */
       buffer!goes, 0;
       atomic {
         drain(store, value);
         kind(state) != HELD ->
         state = same_epoch(state, HELD);
         own_state = state;
         by_state = true;
         owner_enters()
       }
    fi;
    atomic { if :: buffer??[writes, _] :: else -> own_count = count fi };
#ifndef BUG_LETS_GO_AND_THEN_WRITES
    atomic { own_count++; made++; buffer!writes, own_count };
#endif
    if
    :: !by_state -> buffer!leaves, 0
    :: by_state ->
       if
       :: own_state = same_epoch(own_state, OPEN)
#if !UNBIASED
       :: own_state = next_epoch(own_state)
#endif
       fi;
       buffer!sets, own_state
    fi;
#ifdef BUG_LETS_GO_AND_THEN_WRITES
    atomic { own_count++; made++; buffer!writes, own_count };
#endif
    skip
  }
}

inline use_and_let_go() {
  seen = count;
  atomic { seen++; count = seen; made++ };
  atomic { inside--; state = same_epoch(state, OPEN); seen = 0 }
}

inline take_open() {                                                      /* T5 */
  if
  :: atomic { kind(state) == OPEN -> state = same_epoch(state, HELD); taker_enters() };
     use_and_let_go()
  :: true
  fi
}

proctype taker() {
  mtype store;
  byte value;
  byte round;
  byte seen;
  byte mine;                /* my question */
  bool owner_is_inside;
  for (round : 1 .. TWICE) {
    if
    :: atomic { kind(state) == BIASED ->                                  /* T1 */
                state = same_epoch(state, ASKED); mine = state };
       if
       :: atomic { state != mine -> mine = 0 };                           /* T2 */
          take_open()
       :: true ->
#ifndef BUG_NO_HEAVY_FENCE
          atomic { drain(store, value) };                                 /* T3 */
#endif
#ifdef BUG_DOES_NOT_LOOK
          owner_is_inside = false;
#else
          owner_is_inside = says_inside;                                  /* T4 */
#endif
          if
          :: atomic { owner_is_inside && state == mine ->
#ifdef BUG_GOES_AWAY_AND_LEAVES_IT_OPEN
                      state = same_epoch(mine, OPEN);
#else
                      state = same_epoch(mine, BIASED);
#endif
                      owner_is_inside = false; mine = 0 }
#ifdef BUG_TAKES_BY_A_STORE
          :: atomic { !owner_is_inside ->
                      state = same_epoch(state, HELD); taker_enters(); mine = 0 };
#else
          :: atomic { !owner_is_inside && state == mine ->
                      state = same_epoch(mine, HELD); taker_enters(); mine = 0 };
#endif
             use_and_let_go()
#ifdef BUG_TAKES_BY_A_STORE
          :: atomic { owner_is_inside && state != mine -> owner_is_inside = false; mine = 0 };
#else
          :: atomic { state != mine -> owner_is_inside = false; mine = 0 };
#endif
             take_open()
          fi
       fi
    :: atomic { kind(state) != BIASED };
       take_open()
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
  assert(inside == 0 && !says_inside);
  assert(kind(state) == BIASED || kind(state) == OPEN);
  assert(count == made)
}
