/* extensions.c: the table of all extensions, and looking up their rows */
#include "extension.h"

extern const struct extension ext_base, ext_auth, ext_mailbox, ext_list, ext_select, ext_append, ext_search, ext_fetch,
	ext_store, ext_copy, ext_expunge, ext_idle, ext_namespace, ext_children, ext_id, ext_enable, ext_unselect,
	ext_uidplus, ext_move, ext_literal_plus, ext_sasl_ir, ext_special_use, ext_appendlimit;
extern const struct extension ext_login_referrals, ext_unauthenticate, ext_compress, ext_multiappend, ext_catenate, ext_replace, ext_binary, ext_preview, ext_url_partial;
extern const struct extension ext_condstore, ext_qresync, ext_uidonly, ext_objectid, ext_savedate;
extern const struct extension ext_status, ext_status_size, ext_list_status, ext_xlist, ext_metadata, ext_list_metadata,
	ext_utf8, ext_notify, ext_rev2;
extern const struct extension ext_esearch, ext_searchres, ext_within, ext_fuzzy;
extern const struct extension ext_language, ext_i18nlevel, ext_sort, ext_sort_display, ext_esort, ext_context;
extern const struct extension ext_thread, ext_partial, ext_multisearch, ext_filters, ext_inprogress;
extern const struct extension ext_messagelimit, ext_savelimit, ext_uidbatches, ext_urlauth;

/* In the order in which capabilities are announced. */
const struct extension *const extensions[] = {
	&ext_base,   &ext_rev2,	&ext_literal_plus, &ext_sasl_ir, &ext_uidplus,	&ext_children, &ext_namespace,
	&ext_idle,   &ext_id,		&ext_enable,  &ext_unselect,	&ext_move,     &ext_special_use,
	&ext_list_status, &ext_status_size, &ext_status, &ext_xlist,
	&ext_metadata, &ext_list_metadata, &ext_utf8, &ext_notify,
	&ext_esearch, &ext_searchres, &ext_within,
	&ext_language, &ext_i18nlevel, &ext_sort, &ext_sort_display, &ext_esort, &ext_context,
	&ext_thread, &ext_partial, &ext_multisearch, &ext_filters, &ext_fuzzy, &ext_inprogress,
	&ext_appendlimit, &ext_messagelimit, &ext_savelimit, &ext_uidbatches,
	&ext_login_referrals, &ext_unauthenticate, &ext_compress, &ext_multiappend, &ext_catenate, &ext_replace, &ext_binary, &ext_preview, &ext_url_partial, &ext_urlauth,
	&ext_condstore, &ext_qresync, &ext_uidonly, &ext_objectid, &ext_savedate,
	&ext_mailbox,	&ext_list,    &ext_select,	&ext_append,   &ext_search,
	&ext_fetch,  &ext_store,	&ext_copy,    &ext_expunge,	NULL,
};

/* Looking a name up is linear: 200 rows cost half a microsecond. */
#define FIND(type, member, matches)                                                                       \
	for (const struct extension *const *e = extensions; *e; e++)                                       \
		for (const struct type *row = (*e)->member; row && row->name; row++)                        \
			if (matches)                                                                        \
				return row;                                                                 \
	return NULL

const struct command_row *command_row_find(struct str name)
{
	FIND(command_row, commands, str_ieq(name, str_z(row->name)));
}

const struct status_row *status_row_find(struct str name)
{
	FIND(status_row, status, str_ieq(name, str_z(row->name)));
}

const struct search_row *search_row_find(struct str name)
{
	FIND(search_row, search, str_ieq(name, str_z(row->name)));
}

const struct list_row *list_row_find(struct str name)
{
	FIND(list_row, list, str_ieq(name, str_z(row->name)));
}

const struct create_row *create_row_find(struct str name)
{
	FIND(create_row, create, str_ieq(name, str_z(row->name)));
}

const struct thread_row *thread_row_find(struct str name)
{
	FIND(thread_row, thread, str_ieq(name, str_z(row->name)));
}

const struct sort_row *sort_row_find(struct str name)
{
	FIND(sort_row, sort, str_ieq(name, str_z(row->name)));
}

const struct return_row *return_row_find(struct str name)
{
	FIND(return_row, returns, str_ieq(name, str_z(row->name)));
}

const struct select_row *select_row_find(struct str name)
{
	FIND(select_row, select, str_ieq(name, str_z(row->name)));
}

const struct fetch_modifier_row *fetch_modifier_find(struct str name)
{
	FIND(fetch_modifier_row, fetch_modifiers, str_ieq(name, str_z(row->name)));
}

const struct store_modifier_row *store_modifier_find(struct str name)
{
	FIND(store_modifier_row, store_modifiers, str_ieq(name, str_z(row->name)));
}

const struct fetch_row *fetch_row_find(struct str rest)
{
	const struct fetch_row *longest = NULL;

	for (const struct extension *const *e = extensions; *e; e++)
		for (const struct fetch_row *row = (*e)->fetch; row && row->name; row++)
			if (str_istarts(rest, str_z(row->name)) && (!longest || str_z(row->name).n > str_z(longest->name).n))
				longest = row;
	return longest;
}

#define HAS(type, member)                                                                         \
	for (const struct type *row = (*e)->member; row && row->name; row++)                       \
		if (row == asked)                                                                  \
			return (*e)->enable_bit

unsigned row_enables(const void *asked)
{
	for (const struct extension *const *e = extensions; *e; e++) {
		if (!(*e)->asking_enables)
			continue;
		HAS(fetch_row, fetch);
		HAS(status_row, status);
		HAS(search_row, search);
		HAS(select_row, select);
		HAS(fetch_modifier_row, fetch_modifiers);
		HAS(store_modifier_row, store_modifiers);
	}
	return 0;
}
