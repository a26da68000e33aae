/* maildir/foldername.c: what folders are called, on disk and above */
#include <uninorm.h>
#include "base/utf7.h"
#include "base/utf8.h"
#include "maildir/foldername.h"

static bool is_control(uint32_t c)
{
	return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x2028 || c == 0x2029;
}

static bool has_control(struct str name)
{
	uint32_t c;

	while (utf8_next(&name, &c))
		if (is_control(c))
			return true;
	return false;
}

static bool has_empty_level(struct str name)
{
	struct str level;

	while (str_cut(&name, '.', &level))
		if (level.n == 0)
			return true;
	return false;
}

bool folder_name_ascii(struct str s)
{
	for (size_t i = 0; i < s.n; i++)
		if (s.s[i] & 0x80)
			return false;
	return true;
}

/* Whether it is modified UTF-7 that stands for something else, by more than "&-": so that directories of
 * other programs with an ampersand in their names go by the name they have.
 */
static bool means_other(struct str s, struct buf *ret)
{
	struct str rest = s, skipped;

	if (str_find(s, '&') == s.n || !utf7_decode(ret, s))
		return false;
	while (str_cut(&rest, '&', &skipped))
		if (rest.n && rest.s[0] != '-')
			return true;
	return false;
}

bool folder_name_possible(struct str name)
{
	struct str rest = name;
	uint32_t c;

	if (name.n == 0 || name.n > FOLDER_NAME_MAX)
		return false;
	while (rest.n)
		if (!utf8_next(&rest, &c) || is_control(c) || c == '/')
			return false;
	return !has_empty_level(name);
}

bool folder_name_of_dir(struct str dir, struct arena *a, struct str *ret, bool *ret_utf7)
{
	_cleanup_(buf_release) struct buf utf8 = { 0 };
	struct str name = str_from(dir, 1);
	const bool utf7 = dir.n > 1 && dir.s[0] == '.' && means_other(name, &utf8);

	if (utf7)
		name = buf_view(&utf8);
	if (dir.n < 2 || dir.s[0] != '.' || !folder_name_possible(name))
		return false;
	*ret = utf7 ? arena_str(a, name) : name;
	*ret_utf7 = utf7;
	return true;
}

const char *folder_name_dir(struct str name, bool utf7, struct arena *a)
{
	_cleanup_(buf_release) struct buf b = { 0 };

	if (!utf7)
		return means_other(name, &b) ? NULL : arena_cat(a, STR("."), name, STR("")).s;
	if (folder_name_ascii(name) || !utf7_encode(&b, name))
		return NULL;
	return b.n > FOLDER_NAME_MAX ? NULL : arena_cat(a, STR("."), buf_view(&b), STR("")).s;
}

struct str folder_name_nfc(struct str name, struct arena *a)
{
	size_t n = name.n * 3 + 64; /* nothing grows to more than three times its octets (UAX 15) */
	uint8_t *room;

	if (folder_name_ascii(name))
		return arena_str(a, name);
	room = arena_alloc(a, n);
	room = u8_normalize(UNINORM_NFC, (const uint8_t *)name.s, name.n, room, &n);
	return room ? (struct str){ (const char *)room, n } : name;
}

const struct folder_fault *folder_name_fault(struct str name)
{
	static const struct folder_fault empty = { -EINVAL, "the name is empty" };
	static const struct folder_fault not_utf8 = { -EILSEQ, "the name is not UTF-8" };
	static const struct folder_fault level = { -EINVAL, "a level of the name is empty" };
	static const struct folder_fault control = { -EINVAL, "there is a control character in the name" };
	static const struct folder_fault slash = { -EINVAL, "there is a slash in the name" };
	static const struct folder_fault utf7 = { -EINVAL, "the name would be read as modified UTF-7" };
	static const struct folder_fault longer = { -ENAMETOOLONG, "the name is too long" };
	static const struct folder_fault nfc = { -EILSEQ, "the name is not in Unicode normalization form C" };
	_cleanup_(arena_free) struct arena arena = { 0 };
	_cleanup_(buf_release) struct buf meant = { 0 };

	if (name.n == 0)
		return &empty;
	if (!utf8_valid(name))
		return &not_utf8;
	if (has_empty_level(name))
		return &level;
	if (has_control(name))
		return &control;
	if (str_find(name, '/') < name.n)
		return &slash;
	if (name.n > FOLDER_NAME_MAX)
		return &longer;
	if (means_other(name, &meant))
		return &utf7;
	return str_eq(folder_name_nfc(name, &arena), name) ? NULL : &nfc;
}
