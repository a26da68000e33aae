/* mail/charset.c: text in any charset to UTF-8 */
#include <string.h>
#include "base/utf8.h"
#include "mail/charset.h"

/* What mail names, and what iconv calls it; NULL: one that is guessed or done here. The names that are wide
 * supersets of others stand for them, since that is what mailers label so (as the WHATWG's list of encodings
 * has it).
 */
static const struct row {
	const char *name, *iconv;
	enum charset_kind kind;
} rows[] = {
	{ "utf-8",             NULL,                CHARSET_UTF8  },
	{ "utf8",              NULL,                CHARSET_UTF8  },
	{ "unicode-1-1-utf-8", NULL,                CHARSET_UTF8  },
	{ "us-ascii",          NULL,                CHARSET_GUESS },
	{ "ascii",             NULL,                CHARSET_GUESS },
	{ "ansi_x3.4-1968",    NULL,                CHARSET_GUESS },
	{ "iso646-us",         NULL,                CHARSET_GUESS },
	{ "iso-8859-1",        NULL,                CHARSET_1252  },
	{ "iso8859-1",         NULL,                CHARSET_1252  },
	{ "iso_8859-1",        NULL,                CHARSET_1252  },
	{ "8859-1",            NULL,                CHARSET_1252  },
	{ "latin1",            NULL,                CHARSET_1252  },
	{ "latin-1",           NULL,                CHARSET_1252  },
	{ "windows-1252",      NULL,                CHARSET_1252  },
	{ "cp1252",            NULL,                CHARSET_1252  },
	{ "cp-1252",           NULL,                CHARSET_1252  },
	{ "x-cp1252",          NULL,                CHARSET_1252  },
	{ "ansi",              NULL,                CHARSET_1252  },
	{ "iso-8859-2",        "ISO-8859-2",        CHARSET_ICONV },
	{ "iso8859-2",         "ISO-8859-2",        CHARSET_ICONV },
	{ "latin2",            "ISO-8859-2",        CHARSET_ICONV },
	{ "iso-8859-3",        "ISO-8859-3",        CHARSET_ICONV },
	{ "iso-8859-4",        "ISO-8859-4",        CHARSET_ICONV },
	{ "iso-8859-5",        "ISO-8859-5",        CHARSET_ICONV },
	{ "iso8859-5",         "ISO-8859-5",        CHARSET_ICONV },
	{ "iso-8859-6",        "ISO-8859-6",        CHARSET_ICONV },
	{ "iso-8859-6-e",      "ISO-8859-6",        CHARSET_ICONV },
	{ "iso-8859-6-i",      "ISO-8859-6",        CHARSET_ICONV },
	{ "iso-8859-7",        "ISO-8859-7",        CHARSET_ICONV },
	{ "iso8859-7",         "ISO-8859-7",        CHARSET_ICONV },
	{ "iso-8859-8",        "ISO-8859-8",        CHARSET_ICONV },
	{ "iso-8859-8-e",      "ISO-8859-8",        CHARSET_ICONV },
	{ "iso-8859-8-i",      "ISO-8859-8",        CHARSET_ICONV },
	{ "iso-8859-9",        "CP1254",            CHARSET_ICONV },
	{ "iso8859-9",         "CP1254",            CHARSET_ICONV },
	{ "latin5",            "CP1254",            CHARSET_ICONV },
	{ "iso-8859-10",       "ISO-8859-10",       CHARSET_ICONV },
	{ "iso-8859-11",       "CP874",             CHARSET_ICONV },
	{ "iso-8859-13",       "ISO-8859-13",       CHARSET_ICONV },
	{ "iso-8859-14",       "ISO-8859-14",       CHARSET_ICONV },
	{ "iso-8859-15",       "ISO-8859-15",       CHARSET_ICONV },
	{ "iso8859-15",        "ISO-8859-15",       CHARSET_ICONV },
	{ "latin9",            "ISO-8859-15",       CHARSET_ICONV },
	{ "iso-8859-16",       "ISO-8859-16",       CHARSET_ICONV },
	{ "windows-874",       "CP874",             CHARSET_ICONV },
	{ "tis-620",           "CP874",             CHARSET_ICONV },
	{ "windows-1250",      "CP1250",            CHARSET_ICONV },
	{ "cp1250",            "CP1250",            CHARSET_ICONV },
	{ "windows-1251",      "CP1251",            CHARSET_ICONV },
	{ "cp1251",            "CP1251",            CHARSET_ICONV },
	{ "cp-1251",           "CP1251",            CHARSET_ICONV },
	{ "win-1251",          "CP1251",            CHARSET_ICONV },
	{ "windows-1253",      "CP1253",            CHARSET_ICONV },
	{ "cp1253",            "CP1253",            CHARSET_ICONV },
	{ "windows-1254",      "CP1254",            CHARSET_ICONV },
	{ "cp1254",            "CP1254",            CHARSET_ICONV },
	{ "windows-1255",      "CP1255",            CHARSET_ICONV },
	{ "cp1255",            "CP1255",            CHARSET_ICONV },
	{ "windows-1256",      "CP1256",            CHARSET_ICONV },
	{ "cp1256",            "CP1256",            CHARSET_ICONV },
	{ "windows-1257",      "CP1257",            CHARSET_ICONV },
	{ "cp1257",            "CP1257",            CHARSET_ICONV },
	{ "windows-1258",      "CP1258",            CHARSET_ICONV },
	{ "koi8-r",            "KOI8-R",            CHARSET_ICONV },
	{ "koi8r",             "KOI8-R",            CHARSET_ICONV },
	{ "koi8",              "KOI8-R",            CHARSET_ICONV },
	{ "koi8-u",            "KOI8-U",            CHARSET_ICONV },
	{ "koi8-t",            "KOI8-T",            CHARSET_ICONV },
	{ "iso-ir-111",        "ECMA-CYRILLIC",     CHARSET_ICONV },
	{ "ibm437",            "CP437",             CHARSET_ICONV },
	{ "cp437",             "CP437",             CHARSET_ICONV },
	{ "ibm850",            "CP850",             CHARSET_ICONV },
	{ "cp850",             "CP850",             CHARSET_ICONV },
	{ "ibm852",            "CP852",             CHARSET_ICONV },
	{ "cp852",             "CP852",             CHARSET_ICONV },
	{ "ibm855",            "CP855",             CHARSET_ICONV },
	{ "ibm857",            "CP857",             CHARSET_ICONV },
	{ "ibm862",            "CP862",             CHARSET_ICONV },
	{ "ibm866",            "CP866",             CHARSET_ICONV },
	{ "cp866",             "CP866",             CHARSET_ICONV },
	{ "macintosh",         "MACINTOSH",         CHARSET_ICONV },
	{ "x-mac-roman",       "MACINTOSH",         CHARSET_ICONV },
	{ "x-mac-cyrillic",    "MAC-CYRILLIC",      CHARSET_ICONV },
	{ "x-mac-ce",          "MAC-CENTRALEUROPE", CHARSET_ICONV },
	{ "viscii",            "VISCII",            CHARSET_ICONV },
	{ "tcvn",              "TCVN",              CHARSET_ICONV },
	{ "armscii-8",         "ARMSCII-8",         CHARSET_ICONV },
	{ "georgian-ps",       "GEORGIAN-PS",       CHARSET_ICONV },
	{ "gb2312",            "GB18030",           CHARSET_ICONV },
	{ "gb_2312-80",        "GB18030",           CHARSET_ICONV },
	{ "gbk",               "GB18030",           CHARSET_ICONV },
	{ "cp936",             "GB18030",           CHARSET_ICONV },
	{ "x-gbk",             "GB18030",           CHARSET_ICONV },
	{ "gb18030",           "GB18030",           CHARSET_ICONV },
	{ "big5",              "BIG5-HKSCS",        CHARSET_ICONV },
	{ "big5-hkscs",        "BIG5-HKSCS",        CHARSET_ICONV },
	{ "x-big5",            "BIG5-HKSCS",        CHARSET_ICONV },
	{ "cp950",             "BIG5-HKSCS",        CHARSET_ICONV },
	{ "euc-tw",            "EUC-TW",            CHARSET_ICONV },
	{ "shift_jis",         "CP932",             CHARSET_ICONV },
	{ "shift-jis",         "CP932",             CHARSET_ICONV },
	{ "sjis",              "CP932",             CHARSET_ICONV },
	{ "x-sjis",            "CP932",             CHARSET_ICONV },
	{ "windows-31j",       "CP932",             CHARSET_ICONV },
	{ "cp932",             "CP932",             CHARSET_ICONV },
	{ "ms_kanji",          "CP932",             CHARSET_ICONV },
	{ "euc-jp",            "EUC-JP-MS",         CHARSET_ICONV },
	{ "x-euc-jp",          "EUC-JP-MS",         CHARSET_ICONV },
	{ "iso-2022-jp",       "ISO-2022-JP-2",     CHARSET_ICONV },
	{ "iso-2022-jp-1",     "ISO-2022-JP-2",     CHARSET_ICONV },
	{ "iso-2022-jp-2",     "ISO-2022-JP-2",     CHARSET_ICONV },
	{ "iso-2022-jp-ms",    "ISO-2022-JP-2",     CHARSET_ICONV },
	{ "cp50220",           "ISO-2022-JP-2",     CHARSET_ICONV },
	{ "csiso2022jp",       "ISO-2022-JP-2",     CHARSET_ICONV },
	{ "iso-2022-kr",       "ISO-2022-KR",       CHARSET_ICONV },
	{ "iso-2022-cn",       "ISO-2022-CN",       CHARSET_ICONV },
	{ "euc-kr",            "CP949",             CHARSET_ICONV },
	{ "ks_c_5601-1987",    "CP949",             CHARSET_ICONV },
	{ "ks_c_5601",         "CP949",             CHARSET_ICONV },
	{ "ksc5601",           "CP949",             CHARSET_ICONV },
	{ "cp949",             "CP949",             CHARSET_ICONV },
	{ "windows-949",       "CP949",             CHARSET_ICONV },
	{ "johab",             "JOHAB",             CHARSET_ICONV },
	{ "utf-7",             "UTF-7",             CHARSET_ICONV },
	{ "unicode-1-1-utf-7", "UTF-7",             CHARSET_ICONV },
	{ "utf-16",            "UTF-16",            CHARSET_ICONV },
	{ "utf-16be",          "UTF-16BE",          CHARSET_ICONV },
	{ "utf-16le",          "UTF-16LE",          CHARSET_ICONV },
	{ "utf-32",            "UTF-32",            CHARSET_ICONV },
	{ "utf-32be",          "UTF-32BE",          CHARSET_ICONV },
	{ "utf-32le",          "UTF-32LE",          CHARSET_ICONV },
	{ 0 },
};

/* 0x80 to 0x9f of windows-1252; the five that it has not are themselves, as everywhere */
static const uint16_t cp1252[32] = {
	0x20ac, 0x0081, 0x201a, 0x0192, 0x201e, 0x2026, 0x2020, 0x2021, 0x02c6, 0x2030, 0x0160,
	0x2039, 0x0152, 0x008d, 0x017d, 0x008f, 0x0090, 0x2018, 0x2019, 0x201c, 0x201d, 0x2022,
	0x2013, 0x2014, 0x02dc, 0x2122, 0x0161, 0x203a, 0x0153, 0x009d, 0x017e, 0x0178,
};

/* The table's names are in lower case. */
static const struct row *find(struct str name)
{
	for (const struct row *row = rows; name.n && row->name; row++)
		if (ascii_lower(name.s[0]) == row->name[0] && str_ieq(name, str_z(row->name)))
			return row;
	return NULL;
}

bool charset_known(struct str name)
{
	return find(name) != NULL;
}

void charset_open(struct charset *c, struct str name)
{
	const struct row *row = find(name);

	*c = (struct charset){ .kind = row ? row->kind : CHARSET_GUESS, .unit = 1 };
	if (c->kind != CHARSET_ICONV)
		return;
	c->cd = iconv_open("UTF-8", row->iconv);
	if (c->cd == (iconv_t)-1)
		c->kind = CHARSET_GUESS;
	else if (str_starts(str_z(row->iconv), STR("UTF-16")))
		c->unit = 2;
	else if (str_starts(str_z(row->iconv), STR("UTF-32")))
		c->unit = 4;
}

void charset_close(struct charset *c)
{
	if (c->kind == CHARSET_ICONV)
		iconv_close(c->cd);
	*c = (struct charset){ 0 };
}

static void put_1252(struct buf *b, unsigned char octet)
{
	utf8_put(b, octet >= 0x80 && octet < 0xa0 ? cp1252[octet - 0x80] : octet);
}

/* How many octets of ASCII s begins with. */
static size_t ascii(struct str s)
{
	size_t i = 0;
	uint64_t eight;

	for (; i + sizeof eight <= s.n; i += sizeof eight) {
		memcpy(&eight, s.s + i, sizeof eight);
		if (eight & UINT64_C(0x8080808080808080))
			break;
	}
	while (i < s.n && (unsigned char)s.s[i] < 0x80)
		i++;
	return i;
}

/* Whether s may be the beginning of a character whose end is still to come. */
static bool cut_character(struct str s)
{
	const unsigned char lead = (unsigned char)s.s[0];
	const size_t need = lead < 0xc2 || lead > 0xf4 ? 1 : lead < 0xe0 ? 2 : lead < 0xf0 ? 3 : 4;

	for (size_t i = 1; i < s.n; i++)
		if (((unsigned char)s.s[i] & 0xc0) != 0x80)
			return false;
	return s.n < need;
}

static void put_invalid(struct charset *c, struct buf *ret)
{
	c->invalid = true;
	utf8_put(ret, 0xfffd);
}

/* One octet that does not begin a character. */
static void put_stray(struct charset *c, char octet, struct buf *ret)
{
	if (c->kind == CHARSET_GUESS)
		put_1252(ret, (unsigned char)octet);
	else
		put_invalid(c, ret);
}

static void add_utf8(struct charset *c, struct str text, struct buf *ret)
{
	while (text.n) {
		const size_t run = ascii(text);
		struct str behind;
		uint32_t character;

		buf_str(ret, str_head(text, run));
		behind = text = str_from(text, run);
		if (text.n == 0)
			break;
		if (utf8_next(&behind, &character)) {
			buf_str(ret, str_head(text, text.n - behind.n));
			text = behind;
		} else if (text.n < 4 && cut_character(text)) {
			memcpy(c->rest, text.s, text.n);
			c->nrest = text.n;
			break;
		} else {
			put_stray(c, text.s[0], ret);
			text = str_from(text, 1);
		}
	}
}

static void add_1252(struct str text, struct buf *ret)
{
	while (text.n) {
		const size_t run = ascii(text);

		buf_str(ret, str_head(text, run));
		if (run < text.n)
			put_1252(ret, (unsigned char)text.s[run]);
		text = str_from(text, run + 1);
	}
}

static void add_iconv(struct charset *c, struct str text, struct buf *ret)
{
	char *in = (char *)(uintptr_t)text.s;
	size_t left = text.n;

	while (left) {
		char *out = buf_reserve(ret, 2 * left + 64);
		size_t room = ret->size - ret->n, skip;
		const size_t r = iconv(c->cd, &in, &left, &out, &room);

		ret->n = ret->size - room;
		if (r != (size_t)-1 || (errno == E2BIG && left))
			continue;
		if (errno == EINVAL && left <= sizeof c->rest) {
			memcpy(c->rest, in, left);
			c->nrest = left;
			return;
		}
		put_invalid(c, ret);
		skip = MIN(left, (size_t)c->unit);
		in += skip;
		left -= skip;
	}
}

static void add(struct charset *c, struct str text, struct buf *ret)
{
	if (c->kind == CHARSET_ICONV)
		add_iconv(c, text, ret);
	else if (c->kind == CHARSET_1252)
		add_1252(text, ret);
	else
		add_utf8(c, text, ret);
}

void charset_add(struct charset *c, struct str text, struct buf *ret)
{
	_cleanup_(buf_release) struct buf joined = { 0 };

	if (c->nrest && text.n) {
		buf_add(&joined, c->rest, c->nrest);
		buf_str(&joined, text);
		text = buf_view(&joined);
		c->nrest = 0;
	}
	add(c, text, ret);
}

void charset_end(struct charset *c, struct buf *ret)
{
	if (c->kind == CHARSET_ICONV) {
		char *out = buf_reserve(ret, 64);
		size_t room = ret->size - ret->n;

		iconv(c->cd, NULL, NULL, &out, &room);
		ret->n = ret->size - room;
	}
	for (size_t i = 0; c->kind == CHARSET_GUESS && i < c->nrest; i++)
		put_stray(c, c->rest[i], ret);
	if (c->kind != CHARSET_GUESS && c->nrest)
		put_invalid(c, ret);
	c->nrest = 0;
}

void charset_guess_utf8(struct buf *b, struct str name, struct str text)
{
	_cleanup_(charset_close) struct charset c;

	charset_open(&c, name);
	charset_add(&c, text, b);
	charset_end(&c, b);
}

bool charset_to_utf8(struct buf *b, struct str name, struct str text)
{
	_cleanup_(charset_close) struct charset c = { 0 };
	const size_t had = b->n;

	if (!charset_known(name))
		return false;
	charset_open(&c, name);
	charset_add(&c, text, b);
	charset_end(&c, b);
	if (c.invalid)
		b->n = had;
	return !c.invalid;
}
