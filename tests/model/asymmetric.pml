/* SPDX-License-Identifier: MIT
 * The asymmetric spinlock: the protocol of runtime/src/base/README.md, "The lock whose owner pays
 * nothing", steps O1 to O3, T1 to T4. Its owner takes it OWN times, and answers whoever has asked;
 * TAKERS others ask TWICE times each, and go away if somebody else does, or the owner is inside.
 * OWN_FENCE=1: the kernel has no heavy fence, and the owner makes its own in O1.
 *
 * What the lock guards is a number that counts up: who holds the lock takes the next, and the owner
 * takes one for whoever it answers. Checked: two never hold the lock; each number is taken once,
 * and the answer that an asker reads is the one that was made for it; nobody waits for ever (no run
 * is endless, so it is enough that none gets stuck).
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
#ifndef OWN_FENCE
#define OWN_FENCE 0
#endif

/* What the owner has stored. */
mtype = { comes, writes, gives, answers, leaves };

#define FREE 0
#define ASKED 1
#define ANSWERING 2
#define ANSWERED 3
#define HELD 4

byte state;                 /* state_, inside_, and what the lock guards, as they are in memory */
bool says_inside;
byte count;
byte answer;
byte due;                   /* the answer that was made last */
chan buffer = [12] of { mtype, byte };
byte inside;                /* how many hold the lock */
byte of_owner;              /* of these, the owner: it may come again before all see that it left */
byte made;                  /* numbers taken */

inline apply(store, value) {
  if
  :: store == comes -> says_inside = true
  :: store == writes -> count = value
  :: store == gives -> answer = value
  :: store == answers -> state = ANSWERED
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
  byte seen;
  bool has;
  bool asked;
  for (round : 1 .. OWN) {
    has = false;
    asked = false;
#ifndef BUG_LOOKS_BEFORE_IT_SAYS
#if OWN_FENCE
    atomic { drain(store, value); says_inside = true };                   /* O1 */
#else
    buffer!comes, 0;                                                      /* O1 */
#endif
#endif
    do
    :: has -> break
    :: else ->
       atomic {                                                           /* O2 */
         if
         :: buffer??[answers, _] -> seen = ANSWERED
         :: else -> seen = state
         fi;
         if
         :: seen == FREE || seen == ANSWERED -> has = true; owner_enters()
         :: else
         fi
       };
       if
       :: has
       :: !has && seen == ASKED ->
#ifdef BUG_ANSWERS_BY_A_STORE
          atomic { drain(store, value) };
          atomic { state = ANSWERING; has = true; asked = true; owner_enters() }
#else
          atomic {                                                        /* a CAS */
            drain(store, value);
            if
            :: state == ASKED -> state = ANSWERING; has = true; asked = true; owner_enters()
            :: else
            fi
          }
#endif
       :: !has && seen == HELD -> state != HELD
       fi
    od;
#ifdef BUG_LOOKS_BEFORE_IT_SAYS
    buffer!comes, 0;
#endif

    atomic { if :: buffer??[writes, _] :: else -> own_count = count fi };
    if
    :: asked ->                                                           /* O3 */
       atomic { own_count++; made++; due = own_count };
#ifdef BUG_SAYS_SO_BEFORE_IT_ANSWERS
       buffer!answers, 0;
       buffer!writes, own_count;
       buffer!gives, own_count
#else
       buffer!writes, own_count;
       buffer!gives, own_count;
       buffer!answers, 0
#endif
    :: !asked
    fi;
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

inline fetch_answer() {
  state == ANSWERED;
  assert(answer == due);
  state = FREE
}

proctype taker() {
  mtype store;
  byte value;
  byte round;
  byte seen;
  bool owner_is_inside;
  for (round : 1 .. TWICE) {
    if                                                                    /* T1 */
    :: atomic { state == FREE -> state = ASKED };
       if                                                                 /* T2 */
       :: fetch_answer()
       :: true ->
#if !defined(BUG_NO_HEAVY_FENCE) && !OWN_FENCE
          atomic { drain(store, value) };                                 /* T3 */
#endif
#ifdef BUG_DOES_NOT_LOOK
          owner_is_inside = false;
#else
          owner_is_inside = says_inside;                                  /* T4 */
#endif
          if
#ifdef BUG_TAKES_BY_A_STORE
          :: atomic { !owner_is_inside -> state = HELD; assert(inside == 0); inside++ };
#else
          :: atomic { !owner_is_inside && state == ASKED ->
                      state = HELD; assert(inside == 0); inside++ };
#endif
             seen = count;
             atomic { seen++; count = seen; made++; seen = 0 };
             atomic { inside--; state = FREE }
          :: atomic { owner_is_inside && state == ASKED -> state = FREE }
          :: state != ASKED ->
             fetch_answer()
          fi
       fi
    :: state != FREE                 /* somebody else asks: goes away */
    fi;
    owner_is_inside = false
  }
}

init {
  atomic {
    run memory(); run owner();
    byte n;
    for (n : 1 .. TAKERS) { run taker() }
  };
  (_nr_pr == 2 && empty(buffer));
  assert(inside == 0 && state == FREE && !says_inside);
  assert(count == made)
}
