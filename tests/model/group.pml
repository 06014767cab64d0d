/* SPDX-License-Identifier: MIT
 * A request on its way down: the protocol of runtime/src/scope/README.md, "Groups". A parent makes
 * group G inside a scope, spawns a child and waits for it. The child suspends, which makes it a
 * member of G, makes group S of its own, waits, and ends both. SCOPE=1: somebody cancels the
 * scope; GROUP=1: somebody cancels G itself, as a failing sibling does, before the child has ended.
 * SHIELDED=1: the child then waits, or computes, where it does not hear of anything.
 *
 * Checked: nobody touches a group that is gone, or a member that has left; at rest, if
 * something was cancelled, the child does not sleep and S, while it stands, is cancelled.
 *
 * One step is one atomic access, or what is done under the lock of a domain; what is done under the
 * lock of a group is several steps, with the lock held. How a request ends a wait is scope.pml's
 * matter: here it is a flag and a look. BUG_*: mistakes that the run must find.
 */
#ifndef SCOPE
#define SCOPE 1
#endif
#ifndef GROUP
#define GROUP 0
#endif
#ifndef SHIELDED
#define SHIELDED 0
#endif

bool parent_told;           /* the parent's m */
bool child_told;            /* the child's m, at depth 0 */
bool asked;

/* The groups, and the domain that each is in. */
#define G 0
#define S 1
bool stands[2];
bool in_domain[2];
bool queued[2];
byte busy[2];
bool lock[2];
bool flag[2];

bool member;                /* the child, of G */
bool domain_known;          /* the child's, to others */
bool asleep, over;
byte pending;

inline acquire(g) { atomic { !lock[g] -> lock[g] = true } }
inline release(g) { lock[g] = false }

/* The child becomes a member of G, unless it is one, and is told what was said before. */
inline enter_group() {
  if
  :: !member ->
     acquire(G);
     assert(stands[G]);
#ifdef BUG_LOOKS_BEFORE_IT_ENTERS
     seen = flag[G];
     release(G);
     acquire(G);
     member = true;
#else
     member = true;
     seen = flag[G];
#endif
     if :: seen -> child_told = true :: else fi;
     release(G)
  :: else
  fi
}

inline make_subgroup() {
  domain_known = true;
  stands[S] = true;
#ifdef BUG_LOOKS_BEFORE_IT_LINKS
  if :: child_told -> flag[S] = true :: else fi;
  in_domain[S] = true;
#else
  in_domain[S] = true;
  if :: child_told -> flag[S] = true :: else fi;
#endif
}

proctype child() {
  bool seen;
#ifndef BUG_MAKES_A_GROUP_AS_NOBODY
  enter_group();
#endif
  make_subgroup();
#if SHIELDED
end_shielded:
  false;
#endif
  atomic { if :: !child_told -> asleep = true :: else fi }
end_asleep:
  !asleep;
  in_domain[S] = false;
#ifndef BUG_GOES_WHILE_BUSY
  busy[S] == 0;
#endif
  stands[S] = false;
  acquire(G);
  member = false;
  release(G);
  assert(stands[G]);
  atomic { pending--; over = true }
}

proctype parent() {
  stands[G] = true;
  in_domain[G] = true;
  if :: parent_told -> flag[G] = true :: else fi;
  pending++;
  run child();
end_joins:
  pending == 0;
  in_domain[G] = false;
  busy[G] == 0;
  stands[G] = false
}

/* Puts g on the worklist, under the lock of its domain. */
inline put_on_list(g, got) {
  atomic {
    if :: in_domain[g] && !queued[g] -> queued[g] = true; busy[g]++; got = true :: else fi
  }
}

inline cancel_group() {
  acquire(G);
  assert(stands[G]);
  if
  :: !flag[G] ->
     flag[G] = true;
     if
     :: member ->
        child_told = true;
        assert(!over);
        asleep = false;
        if :: domain_known -> put_on_list(S, got_s) :: else fi
     :: else
     fi
  :: else
  fi;
  release(G)
}

inline cancel_subgroup() {
  if
  :: got_s -> assert(stands[S]); flag[S] = true; busy[S]--; got_s = false
  :: else
  fi
}

proctype scope_canceller() {
  bool got_g, got_s;
  asked = true;
  parent_told = true;
  put_on_list(G, got_g);
  if
  :: got_g -> cancel_group(); busy[G]--; cancel_subgroup()
  :: else
  fi
}

proctype group_canceller() {
  bool got_s;
end_nobody:
  atomic { stands[G] && pending > 0 -> pending++ }   /* a sibling that has not ended */
  asked = true;
  cancel_group();
  cancel_subgroup();
  assert(stands[G]);
  pending--
}

init {
  atomic {
    run parent();
    if :: SCOPE -> run scope_canceller() :: else fi;
    if :: GROUP -> run group_canceller() :: else fi
  }
  timeout;
  assert(!(asked && asleep));
  assert(!(asked && stands[S] && !flag[S]))
}
