/* t/dialog/prepare.h: what is there before a case begins: the Maildir, its mail, the account */
#pragma once
#include "t/dialog/play.h"

/* Makes all of it in the current directory. False, with a line on stdout, if that can't be done. */
bool prepare(const struct script *script, const struct stage *stage);

/* Runs a command of the shell there, with the functions of t/dialog/actions.sh. Whether it succeeded. */
bool prepare_shell(struct str command);
