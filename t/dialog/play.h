/* t/dialog/play.h: one case, played against the server in one mode */
#pragma once
#include "t/dialog/script.h"

struct stage {
	const char *server_dir;	/* where the programs are, absolute */
	const char *tests_dir;	/* t/, absolute */
	const char *certificate;	/* with its key, a file */
	enum mode mode;
};

/* Plays it in the current directory, which is empty and private. What went wrong is written to stdout.
 * Returns whether nothing did.
 */
bool play(const struct script *script, const struct stage *stage);
