/* section.c: what "[1.2.HEADER]" means of a message: octets of its file, or fields put together (RFC 9051 6.4.5.1) */
#include "mail/header.h"
#include "mail/sent.h"
#include "section.h"

void piece_release(struct piece *p)
{
	buf_release(&p->text);
}

static int range(off_t from, off_t to, bool body, struct piece *ret)
{
	ret->from = from;
	ret->to = to;
	ret->body = body;
	return 0;
}

static bool wanted(const struct section *section, struct str name)
{
	for (size_t i = 0; i < section->fields.n; i++)
		if (str_ieq(section->fields.v[i], name))
			return section->what == SECTION_FIELDS;
	return section->what == SECTION_FIELDS_NOT;
}

/* Some fields of a header section, as they stand, and an empty line. */
static int fields(struct str header, const struct section *section, struct piece *ret)
{
	struct field field;

	while (header_next(&header, &field)) {
		if (field.name.n == 0 || !wanted(section, field.name))
			continue;
		sent_str(&ret->text, field.line);
		if (!str_ends(buf_view(&ret->text), STR("\n")))
			buf_z(&ret->text, "\r\n");
	}
	buf_z(&ret->text, "\r\n");
	ret->in_text = true;
	return 0;
}

/* A header section that is not the message's own: of a part, or of a message in it. */
static int part_fields(struct fetching *f, const struct part *part, const struct section *section, struct piece *ret)
{
	_cleanup_(buf_release) struct buf header = { 0 };
	const int r = header_read(f->fd, part->header, part->body, HEADER_MAX, &header);

	return r < 0 ? r : fields(buf_view(&header), section, ret);
}

/* The MIME fields of what is not a part but the whole message, "BODY[1.MIME]" of a message without parts. */
static int root_mime(struct fetching *f, const struct part *root, struct piece *ret)
{
	static const struct str names[] = {
		{ "MIME-Version", 12 },	       { "Content-Type", 12 },	     { "Content-Transfer-Encoding", 25 },
		{ "Content-ID", 10 },	       { "Content-Description", 19 }, { "Content-Disposition", 19 },
		{ "Content-Language", 16 },    { "Content-Location", 16 },   { "Content-MD5", 11 },
	};
	const struct section mime = { .what = SECTION_FIELDS, .fields = { (struct str *)(uintptr_t)names, COUNT(names) } };

	return part_fields(f, root, &mime, ret);
}

static int in_part(struct fetching *f, const struct section *section, struct piece *ret)
{
	const struct part *part = mime_find(f->parts, section->part, section->parts);
	const struct part *message = part && part->kind == PART_MESSAGE ? part->child : NULL;

	if (part && section->what == SECTION_ALL)
		return range(part->body, part->end, true, ret);
	if (part && section->what == SECTION_MIME)
		return part->parent && part->parent->kind == PART_MULTIPART ?
			       range(part->header, part->body, false, ret) :
			       root_mime(f, part, ret);
	if (message && section->what == SECTION_HEADER)
		return range(message->header, message->body, false, ret);
	if (message && section->what == SECTION_TEXT)
		return range(message->body, message->end, true, ret);
	if (message && (section->what == SECTION_FIELDS || section->what == SECTION_FIELDS_NOT))
		return part_fields(f, message, section, ret);
	return -ENOENT;
}

bool section_is_kept(const struct section *section)
{
	for (size_t i = 0; i < section->fields.n; i++)
		if (!fields_kept(section->fields.v[i]))
			return false;
	return section->what == SECTION_FIELDS && !section->parts;
}

int section_find(struct fetching *f, const struct section *section, struct piece *ret)
{
	const bool whole = !section->parts && section->what == SECTION_ALL;
	const bool kept = section_is_kept(section);
	const int r = section->parts ? fetching_places(f) :
				       fetching_need(f, whole ? NEEDS_FILE : kept ? NEEDS_FIELDS : NEEDS_HEADER);

	*ret = (struct piece){ 0 };
	if (r < 0)
		return r;
	if (section->parts)
		return in_part(f, section, ret);
	if (whole)
		return range(0, f->file_size, true, ret);
	if (section->what == SECTION_HEADER)
		return range(0, f->body, false, ret);
	if (section->what == SECTION_TEXT)
		return range(f->body, f->file_size, true, ret);
	return fields(kept ? f->fields.text : f->header, section, ret);
}
