/* base/user.c: from root to nobody in particular */
#define _GNU_SOURCE
#include <grp.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
#include "base/str.h"
#include "base/user.h"

enum { NOBODY = 65534 };

/* name:password:uid:gid:..., without fgetpwent(3), which asks the kernel where it is after each line. */
static bool is_entry(struct str line, const char *name, uint32_t *ret_uid, uint32_t *ret_gid)
{
	struct str field[4];

	for (size_t i = 0; i < COUNT(field); i++)
		if (!str_cut(&line, ':', &field[i]))
			return false;
	return str_eq(field[0], str_z(name)) && str_u32(field[2], ret_uid) && str_u32(field[3], ret_gid);
}

static void look_up(const char *name, uid_t *ret_uid, gid_t *ret_gid)
{
	FILE *f = fopen("/etc/passwd", "re");
	uint32_t uid = 0, gid = 0;
	char *line = NULL;
	size_t room = 0;
	ssize_t n;

	if (!f)
		return;
	while ((n = getline(&line, &room, f)) > 0 && !is_entry((struct str){ line, (size_t)n }, name, &uid, &gid))
		;
	if (n > 0 && uid != 0) {
		*ret_uid = uid;
		*ret_gid = gid;
	}
	free(line);
	fclose(f);
}

int user_become(const char *name)
{
	uid_t uid = NOBODY;
	gid_t gid = NOBODY;

	if (geteuid() != 0)
		return 0;
	look_up(name, &uid, &gid);
	if (setgroups(0, NULL) < 0 || setresgid(gid, gid, gid) < 0 || setresuid(uid, uid, uid) < 0)
		return -errno;
	return geteuid() == 0 ? -EPERM : 0;
}
