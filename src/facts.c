/* facts.c: what is worth being remembered of a message once it was read */
#include <endian.h>
#include <string.h>
#include "facts.h"
#include "mail/date.h"
#include "mail/fold.h"
#include "mail/header.h"
#include "mail/msgid.h"
#include "mail/sent.h"
#include "mail/subject.h"
#include "mail/text.h"

const char *const fact_names[FACTS] = {
	[FACT_DATE] = "date",	  [FACT_FIELDS] = "fields",    [FACT_ENVELOPE] = "envelope",
	[FACT_BODY] = "body",	  [FACT_STRUCTURE] = "structure", [FACT_PREVIEW] = "preview",
	[FACT_SIZE] = "size",	  [FACT_ORDER] = "order",      [FACT_DIGEST] = "digest",
	[FACT_PLACES] = "places",	  [FACT_TEXTS] = "texts",
};

static bool is_among(const char *const *names, struct str name)
{
	for (; *names; names++)
		if (str_ieq(str_z(*names), name))
			return true;
	return false;
}

static bool begins_with(const char *const *names, struct str name)
{
	for (; *names; names++)
		if (str_istarts(name, str_z(*names)))
			return true;
	return false;
}

bool fields_kept(struct str name)
{
	/* What is in the way and what is checked; signatures and keys; pictures. */
	static const char *const left_out[] = {
		"Received",	  "Received-SPF", "Authentication-Results", "Authentication-Results-Original",
		"DKIM-Signature", "DKIM-Filter",  "DomainKey-Signature",    "Autocrypt",
		"Face",		  "OpenPGP",	  NULL,
	};
	static const char *const left_out_families[] = { "ARC-", "Autocrypt-", "X-", NULL };
	static const char *const kept[] = {
		"X-Priority",	    "X-MSMail-Priority", "X-Mailer",	     "X-Newsreader",   "X-Original-To",
		"X-Delivered-To",   "X-Forwarded-To",	 "X-Mailing-List",   "X-BeenThere",    "X-Loop",
		"X-Spam-Flag",	    "X-Spam-Level",	 "X-Spam-Score",     "X-Spam-Status",  "X-Virus-Status",
		"X-Label",	    "X-Keywords",	 "X-Account-Key",    "X-Identity-Key", "X-TUID",
		"X-OfflineIMAP",    "X-Draft-Info",	 "X-K9mail-Identity", "X-Uniform-Type-Identifier",
		"X-Universally-Unique-Identifier",	 "X-Mail-Created-Date", NULL,
	};
	static const char *const kept_families[] = { "X-Mozilla-", NULL };

	if (name.n == 0)
		return false;
	if (begins_with(left_out_families, name))
		return is_among(kept, name) || begins_with(kept_families, name);
	return !is_among(left_out, name);
}

/* The numbers are in the cache's file, so they stay: new ones come behind them. */
#define NAME(literal) { literal, sizeof(literal) - 1 }
static const struct str numbered[] = {
	NAME("Date"), NAME("Subject"), NAME("From"), NAME("Sender"), NAME("Reply-To"), NAME("To"), NAME("Cc"),
	NAME("Bcc"), NAME("In-Reply-To"), NAME("Message-ID"), NAME("References"), NAME("Content-Type"),
	NAME("MIME-Version"), NAME("Newsgroups"), NAME("Priority"), NAME("X-Priority"), NAME("Importance"),
	NAME("List-ID"), NAME("List-Post"), NAME("List-Unsubscribe"), NAME("Delivered-To"), NAME("Return-Path"),
	NAME("Return-Receipt-To"), NAME("Disposition-Notification-To"), NAME("X-Mailer"), NAME("User-Agent"),
	NAME("X-Spam-Flag"), NAME("X-Spam-Status"), NAME("X-Spam-Level"), NAME("X-Spam-Score"),
	NAME("Followup-To"), NAME("Mail-Followup-To"), NAME("Mail-Reply-To"), NAME("Content-Transfer-Encoding"),
	NAME("Precedence"), NAME("Auto-Submitted"), NAME("X-Draft-Info"), NAME("X-Label"), NAME("Lines"),
	NAME("Keywords"), NAME("X-TUID"), NAME("X-OfflineIMAP"), NAME("X-Original-To"), NAME("Resent-From"),
	NAME("Resent-To"), NAME("Resent-Date"), NAME("List-Unsubscribe-Post"), NAME("Organization"),
};

unsigned field_number(struct str name)
{
	for (size_t i = 0; i < COUNT(numbered); i++)
		if (name.n == numbered[i].n && ascii_lower(name.s[0]) == ascii_lower(numbered[i].s[0]) && str_ieq(name, numbered[i]))
			return (unsigned)i + 1;
	return 0;
}

/* First how many there are, then for each its length and its number, in 4 octets; then the fields, each with a line end. */
void fields_make(struct buf *ret, struct str header)
{
	_cleanup_(buf_release) struct buf index = { 0 }, text = { 0 };
	struct field field;
	uint32_t n = 0;

	buf_reserve(&text, header.n + header.n / 32);	/* most of it, and some CRs */
	while (header_next(&header, &field)) {
		const unsigned number = field_number(field.name);
		const size_t had = text.n;
		uint32_t entry;

		if (!number && !fields_kept(field.name))
			continue;
		sent_str(&text, field.line);
		if (!str_ends(buf_view(&text), STR("\n")))
			buf_z(&text, "\r\n");
		entry = htole32((uint32_t)(text.n - had) << 8 | number);
		buf_add(&index, &entry, sizeof entry);
		n++;
	}
	n = htole32(n);
	buf_add(ret, &n, sizeof n);
	buf_str(ret, buf_view(&index));
	buf_str(ret, buf_view(&text));
}

bool fields_next(struct fields *f, unsigned *ret_number, struct str *ret_line)
{
	uint32_t entry;

	if (f->index.n < sizeof entry)
		return false;
	memcpy(&entry, f->index.s, sizeof entry);
	entry = le32toh(entry);
	*ret_number = entry & 0xff;
	*ret_line = (struct str){ f->text.s, entry >> 8 };
	f->index.s += sizeof entry;
	f->index.n -= sizeof entry;
	f->text.s += entry >> 8;
	f->text.n -= entry >> 8;
	return true;
}

struct str field_value(struct str line)
{
	line = str_from(line, str_find(line, ':') + 1);
	if (str_ends(line, STR("\r\n")))
		line.n -= 2;
	return line;
}

bool fields_value(struct fields *f, unsigned number, struct str *ret)
{
	size_t i = 0, at = 0;
	struct str line;
	uint32_t entry;
	unsigned got;

	for (; i < f->index.n; i += sizeof entry) {	/* as fields_next() would, but each has some ten of others */
		memcpy(&entry, f->index.s + i, sizeof entry);
		entry = le32toh(entry);
		if ((entry & 0xff) == number)
			break;
		at += entry >> 8;
	}
	f->index = str_from(f->index, i);
	f->text = str_from(f->text, at);
	if (!fields_next(f, &got, &line))
		return false;
	*ret = field_value(line);
	return true;
}

bool fields_open(struct str fact, struct fields *ret)
{
	struct fields f;
	size_t sum = 0;
	uint32_t n, entry;

	if (fact.n < sizeof n)
		return false;
	memcpy(&n, fact.s, sizeof n);
	n = le32toh(n);
	fact = str_from(fact, sizeof n);
	if (n > fact.n / sizeof entry)
		return false;
	f.index = str_head(fact, n * sizeof entry);
	f.text = str_from(fact, n * sizeof entry);
	for (size_t i = 0; i < n; i++) {
		memcpy(&entry, f.index.s + i * sizeof entry, sizeof entry);
		sum += le32toh(entry) >> 8;
	}
	if (sum != f.text.n)
		return false;
	*ret = f;
	return true;
}

/* An order is: arrived and sent, 8 octets each; flags, one octet; subject and id, and each reference, all with their length, 4 octets,
 * before them. Numbers are little-endian.
 */
enum { REPLY = 1 };

static void put_number(struct buf *b, int64_t v)
{
	const uint64_t little = htole64((uint64_t)v);

	buf_add(b, &little, sizeof little);
}

static void put_text(struct buf *b, struct str s)
{
	const uint32_t little = htole32((uint32_t)s.n);

	buf_add(b, &little, sizeof little);
	buf_str(b, s);
}

static bool take_text(struct str *rest, struct str *ret)
{
	uint32_t n;

	if (rest->n < sizeof n)
		return false;
	memcpy(&n, rest->s, sizeof n);
	n = le32toh(n);
	if (rest->n - sizeof n < n)
		return false;
	*ret = str_head(str_from(*rest, sizeof n), n);
	*rest = str_from(*rest, sizeof n + n);
	return true;
}

bool texts_have(unsigned number)
{
	return number == FIELD_SUBJECT || number == FIELD_FROM || number == FIELD_TO || number == FIELD_CC || number == FIELD_BCC;
}

/* The number of a field, an octet, and its text with its length before it; then the next. */
void texts_make(struct buf *ret, struct fields f)
{
	_cleanup_(buf_release) struct buf folded = { 0 };
	struct str line;
	unsigned number;

	while (fields_next(&f, &number, &line)) {
		if (!texts_have(number))
			continue;
		buf_clear(&folded);
		text_fold(&folded, field_value(line), I_UNICODE_CASEMAP);
		buf_c(ret, (char)number);
		put_text(ret, buf_view(&folded));
	}
}

bool texts_next(struct str *texts, unsigned *ret_number, struct str *ret)
{
	struct str rest = str_from(*texts, 1);

	if (texts->n == 0 || !take_text(&rest, ret))
		return false;
	*ret_number = (unsigned char)texts->s[0];
	*texts = rest;
	return true;
}

/* The Message-IDs in a field, the last `most` of them. */
static size_t ids_in(struct arena *a, struct str fields, struct str name, size_t most, struct str **ret)
{
	struct str *ids = NULL, id;
	struct field field;
	size_t n = 0;

	if (!header_find(fields, name, &field))
		return 0;
	while (msgid_next(a, &field.value, &id)) {
		ids = arena_grow(a, ids, n + 1, sizeof *ids);
		ids[n++] = id;
	}
	*ret = ids + (n > most ? n - most : 0);
	return MIN(n, most);
}

static int64_t sent_date(struct str fields, int64_t arrived)
{
	struct field field;
	int64_t date;
	int zone;

	return header_find(fields, STR("Date"), &field) && date_parse(field.value, &date, &zone) ? date : arrived;
}

struct str fields_base_subject(struct fields f, struct arena *a)
{
	struct str value;

	return fields_value(&f, FIELD_SUBJECT, &value) ? subject_base(a, value, NULL) : STR("");
}

void order_make(struct buf *ret, struct arena *a, struct str fields, int64_t arrived)
{
	_cleanup_(buf_release) struct buf folded = { 0 };
	struct str *ids;
	struct field field;
	bool reply = false;
	size_t n;

	if (header_find(fields, STR("Subject"), &field))
		fold_to_order(&folded, I_UNICODE_CASEMAP, subject_base(a, field.value, &reply), ORDER_TEXT);
	put_number(ret, arrived);
	put_number(ret, sent_date(fields, arrived));
	buf_c(ret, reply ? REPLY : 0);
	put_text(ret, str_head(buf_view(&folded), ORDER_TEXT));
	put_text(ret, ids_in(a, fields, STR("Message-ID"), SIZE_MAX, &ids) ? ids[0] : STR(""));
	n = ids_in(a, fields, STR("References"), ORDER_REFERENCES, &ids);
	if (n == 0)	/* then the first of this one (RFC 5256 3, REFERENCES) */
		n = MIN(ids_in(a, fields, STR("In-Reply-To"), SIZE_MAX, &ids), (size_t)1);
	for (size_t i = 0; i < n; i++)
		put_text(ret, ids[i]);
}

bool order_read(struct str fact, struct order *ret)
{
	struct order o = { 0 };
	uint64_t numbers[2];
	struct str rest, id;
	char flags;

	if (fact.n < sizeof numbers + 1)
		return false;
	memcpy(numbers, fact.s, sizeof numbers);
	flags = fact.s[sizeof numbers];
	rest = str_from(fact, sizeof numbers + 1);
	o.arrived = (int64_t)le64toh(numbers[0]);
	o.sent = (int64_t)le64toh(numbers[1]);
	o.reply = flags & REPLY;
	if (!take_text(&rest, &o.subject) || !take_text(&rest, &o.id))
		return false;
	o.references = rest;
	for (; rest.n; o.nreferences++)
		if (!take_text(&rest, &id))
			return false;
	*ret = o;
	return true;
}

bool order_reference(struct str *references, struct str *ret)
{
	return take_text(references, ret);
}
