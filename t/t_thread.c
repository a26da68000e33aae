/* t/t_thread.c: which message answers which */
#include "base/buf.h"
#include "mail/subject.h"
#include "t/t.h"
#include "thread.h"

struct fixture {
	struct arena arena;
	struct threading t;
};

static void begin(struct fixture *f)
{
	*f = (struct fixture){ 0 };
	f->t.arena = f->t.ids.arena = f->t.subjects.arena = &f->arena;
}

/* "id|references|subject|date": references are separated by commas. */
static void add(struct fixture *f, struct str line)
{
	struct thread_message m = { .uid = (uint32_t)f->t.n + 1 };
	struct str field, one;
	uint32_t date = 0;

	str_cut(&line, '|', &field);
	m.id = intern(&f->t.ids, field);
	str_cut(&line, '|', &field);
	while (field.n && str_cut(&field, ',', &one)) {
		m.references = arena_grow(&f->arena, m.references, m.nreferences + 1, sizeof *m.references);
		m.references[m.nreferences++] = intern(&f->t.ids, one);
	}
	str_cut(&line, '|', &field);
	m.subject = intern(&f->t.subjects, subject_base(&f->arena, field, &m.reply));
	ck_assert(str_u32(line, &date));
	m.sent = m.arrived = date;
	threading_add(&f->t, m);
}

/* As THREAD has it, but recursive and with each message's children in parentheses when there are several. */
static void show(struct buf *b, const struct thread *x)
{
	for (bool first = true; x; x = x->child, first = false) {
		if (x->message) {
			if (!first)
				buf_c(b, ' ');
			buf_u64(b, x->message->uid);
		}
		if (!x->child || !x->child->next)
			continue;
		for (const struct thread *c = x->child; c; c = c->next) {
			buf_c(b, '(');
			show(b, c);
			buf_c(b, ')');
		}
		return;
	}
}

static void check(struct thread *(*build)(struct threading *), const char *messages, const char *want)
{
	_cleanup_(buf_release) struct buf got = { 0 };
	struct str rest = str_z(messages), line;
	struct fixture f;

	begin(&f);
	while (str_cut(&rest, ';', &line))
		add(&f, line);
	for (const struct thread *x = build(&f.t); x; x = x->next) {
		buf_c(&got, '(');
		show(&got, x);
		buf_c(&got, ')');
	}
	t_str_eq(buf_view(&got), str_z(want));
	arena_free(&f.arena);
}

static const struct {
	const char *what, *messages, *threads;
} references[] = {
	{ "a chain", "a|||1;b|a||2;c|a,b||3", "(1 2 3)" },
	{ "a chain that came backwards", "c|a,b||3;b|a||2;a|||1", "(3 2 1)" },
	{ "siblings go by date", "a|||1;b|a||3;c|a||2", "(1(3)(2))" },
	{ "and then by number", "a|||1;b|a||2;c|a||2", "(1(2)(3))" },
	{ "a parent that is not there", "b|a||1;c|a||2", "((1)(2))" },
	{ "its only child", "b|a||1", "(1)" },
	{ "its only child with children", "b|a||1;c|b||2;d|b||3", "(1(2)(3))" },
	{ "one in the middle that is not there", "a|||1;c|a,b||2;d|a,b||3", "(1(2)(3))" },
	{ "none above that is there", "d|a,b,c||1;e|a,b,c||2", "((1)(2))" },
	{ "two answer each other", "a|b||1;b|a||2", "(2 1)" },
	{ "one answers itself", "a|a||1", "(1)" },
	{ "a circle of three", "a|c||1;b|a||2;c|b||3", "(3 1 2)" },
	{ "a circle in one field", "x|a,b,c,a,b||1;a|||2;b|||3", "(2)(3 1)" },
	{ "two of one name", "a|||1;a|||2;b|a||3", "(1 3)(2)" },
	{ "no names", "|||1;|||2", "(1)(2)" },
	{ "no names, but answers", "a|||1;|a||2;|a||3", "(1(2)(3))" },
	{ "references that were cut", "a|||1;b|a||2;c|b||3;d|a,c||4", "(1 2 3 4)" },
	{ "its own references count more", "c|a,b||3;b|x||2", "(2 1)" },
	{ "even if it has none", "c|a,b||2;b|||1", "(2 1)" },
	{ "threads go by date", "a|||5;b|||1", "(2)(1)" },
	{ "what is not there by its first child", "b|a||5;c|a||2;d|||3", "((2)(1))(3)" },
	{ "an answer by its subject", "a||x|1;b||Re: x|2", "(1 2)" },
	{ "also if it is older", "a||Re: x|1;b||x|2", "(2 1)" },
	{ "two of one subject", "a||x|1;b||x|2", "((1)(2))" },
	{ "two answers", "a||Re: x|1;b||Re: x|2", "((1)(2))" },
	{ "three of one subject", "a||x|1;b||x|2;c||x|3", "((1)(2)(3))" },
	{ "two, and an answer", "a||x|1;b||x|2;c||Re: x|3", "((1)(2)(3))" },
	{ "one joins what is not there", "b|a|Re: x|1;c|a|y|2;d||x|3", "((1)(2)(3))" },
	{ "two that are not there", "b|a|x|1;c|a|x|2;e|d|x|3;f|d|x|4", "((1)(2)(3)(4))" },
	{ "what is not there takes an older one in", "a||x|1;c|b|x|2;d|b|x|3", "((1)(2)(3))" },
	{ "no subject joins nothing", "a|||1;b||Re:|2", "(1)(2)" },
	{ "answers keep their answers", "a||x|1;b||Re: x|2;c|b|z|3", "(1 2 3)" },
	{ "only threads are joined", "a||x|1;b|a|y|2;c||y|3", "(1 2)(3)" },
	{ "nothing", "", "" },
};

START_TEST(by_references)
{
	if (*references[_i].messages)
		check(thread_references, references[_i].messages, references[_i].threads);
}
END_TEST

START_TEST(by_references_alone)
{
	check(thread_refs, "a||x|1;b||Re: x|2", "(1)(2)");
	check(thread_refs, "a|||1;b|||2;c|a||3", "(2)(1 3)");
	check(thread_refs, "b|a||1;c|a||5;d|||3;e|d||4", "(3 4)((1)(2))");
	check(thread_refs, "a|||1;b|||2;d|a,c||5;e|x,y||4", "(2)(4)(1 3)");
}
END_TEST

START_TEST(by_subject)
{
	check(thread_ordered_subject, "a||x|3;b||y|2;c||Re: x|1;d||x|4", "(3(1)(4))(2)");
	check(thread_ordered_subject, "a||x|1;b||Fwd: x|2", "(1 2)");
	check(thread_ordered_subject, "a|||1;b|a||2;c||Re:|2", "(1(2)(3))");
	check(thread_ordered_subject, "a||x|1;b|a|y|1", "(1)(2)");
}
END_TEST

/* How many messages are below all of list, walking without recursion; each is looked at once. */
static size_t count(const struct thread *x)
{
	size_t n = 0;

	while (x) {
		n += x->message != NULL;
		if (x->child) {
			ck_assert_ptr_eq(x->child->parent, x);
			x = x->child;
			continue;
		}
		while (x && !x->next)
			x = x->parent;
		x = x ? x->next : NULL;
	}
	return n;
}

/* n messages, number i with id i + 1 and the references that how gives it. */
static void many(struct thread *(*build)(struct threading *), size_t n,
		 size_t (*how)(struct arena *a, size_t i, size_t n, uint32_t **ret))
{
	struct fixture f;

	begin(&f);
	for (size_t i = 0; i < n; i++) {
		char id[16];
		const int length = snprintf(id, sizeof id, "%zu", i);

		ck_assert_uint_eq(intern(&f.t.ids, (struct str){ id, (size_t)length }), i + 1);
	}
	for (size_t i = 0; i < n; i++) {
		struct thread_message m = { .uid = (uint32_t)i + 1, .id = (uint32_t)i + 1, .sent = (int64_t)(i * 7 % n) };

		m.nreferences = how(&f.arena, i, n, &m.references);
		threading_add(&f.t, m);
	}
	ck_assert_uint_eq(count(build(&f.t)), n);
	arena_free(&f.arena);
}

static uint32_t *one(struct arena *a, size_t id)
{
	uint32_t *v = arena_alloc(a, sizeof *v);

	*v = (uint32_t)id;
	return v;
}

static size_t upwards(struct arena *a, size_t i, size_t n, uint32_t **ret)
{
	(void)n;
	*ret = one(a, i);
	return i > 0;
}

static size_t downwards(struct arena *a, size_t i, size_t n, uint32_t **ret)
{
	*ret = one(a, i + 2);
	return i + 1 < n;
}

static size_t circle(struct arena *a, size_t i, size_t n, uint32_t **ret)
{
	*ret = one(a, (i + 1) % n + 1);
	return 1;
}

/* From the middle outwards, so that both ends of each link are deep already. */
static size_t halves(struct arena *a, size_t i, size_t n, uint32_t **ret)
{
	*ret = one(a, i == n / 2 ? n : i ? i : 1);
	return 1;
}

static size_t star(struct arena *a, size_t i, size_t n, uint32_t **ret)
{
	(void)i, (void)n;
	*ret = one(a, 1);
	return 1;
}

static size_t anything(struct arena *a, size_t i, size_t n, uint32_t **ret)
{
	unsigned seed = (unsigned)i;

	*ret = arena_alloc(a, 10 * sizeof **ret);
	for (size_t k = 0; k < 10; k++)
		(*ret)[k] = (uint32_t)((size_t)rand_r(&seed) % n) + 1;
	return 10;
}

static size_t (*const shapes[])(struct arena *, size_t, size_t, uint32_t **) = { upwards, downwards, circle, halves, star,
										  anything };

START_TEST(thousands_in_any_shape_lose_none)
{
	many(thread_references, 30000, shapes[_i]);
	many(thread_refs, 30000, shapes[_i]);
	many(thread_ordered_subject, 30000, shapes[_i]);
}
END_TEST

T_SUITE("thread", T_LOOP(by_references, references), T_TEST(by_references_alone), T_TEST(by_subject),
	T_LOOP(thousands_in_any_shape_lose_none, shapes))
