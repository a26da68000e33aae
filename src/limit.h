/* limit.h: how many messages one command may work on (MESSAGELIMIT and SAVELIMIT, RFC 9738) */
#pragma once
#include "command.h"
#include "session.h"

/* Of the messages of the selected folder that a command is about (uids ascending), leaves the last ones, as many as it may
 * work on, and sees to it that the answer tells. False: none had to be left out.
 */
bool limit_messages(struct session *s, struct command *cmd, uint32_t **uids, size_t *n);
/* NO: more messages than it may work on, for who can't do with a part of them. */
enum verdict cmd_limit(struct session *s, struct command *cmd);

/* Whether so many are more than may be copied or appended in one command, which is done whole or not at all. */
bool limit_saves(const struct session *s, size_t n);
enum verdict cmd_save_limit(struct session *s, struct command *cmd);
