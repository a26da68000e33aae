/* thread.h: which message answers which (THREAD, RFC 5256 3) */
#pragma once
#include "base/intern.h"
#include "forest.h"

/* What is to be known of a message. */
struct thread_message {
	uint32_t uid;
	int64_t sent, arrived;	/* seconds since 1970 */
	uint32_t subject;	/* its base subject, folded and interned */
	bool reply;		/* a reply or a forward, by its subject */
	uint32_t id;		/* its Message-ID, interned; 0: it has none */
	uint32_t *references;	/* interned, the oldest first */
	size_t nreferences;
};

/* A message with those that answer it. */
struct thread {
	const struct thread_message *message;	/* NULL: one that is not there, and has two children or more */
	struct thread *parent, *child, *next;	/* parent: NULL for what begins a thread */
	/* For building it. */
	struct tree tree;
	struct thread *stays;	/* itself, or what takes its place */
	size_t children;
	int64_t date;		/* what it is sorted by */
	size_t place;		/* and if that is equal, its message's place in the mailbox */
};

/* Messages in the order of the mailbox. All zero but for arena, ids.arena and subjects.arena at first. */
struct threading {
	struct arena *arena;
	struct intern ids, subjects;
	struct thread_message **v;
	size_t n;
};

void threading_add(struct threading *t, struct thread_message message);

/* The algorithms: the first thread of all, or NULL; siblings, and threads, are in order. To be called once. The cost is n log n,
 * with n messages and references; nothing recurses.
 */
struct thread *thread_ordered_subject(struct threading *t);
struct thread *thread_references(struct threading *t);
/* As REFERENCES, without joining threads by their subjects; by the dates of arrival, threads by that of the newest message. */
struct thread *thread_refs(struct threading *t);
