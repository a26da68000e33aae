/* login/report.h: what the log and systemctl status are told, in the words of Courier's log */
#pragma once
#include "base/status.h"

struct monitor;

/* method is "" for the LOGIN command. */
void report_failed(const struct monitor *m, struct str user, struct str method);
/* The client was told of another server. */
void report_referred(const struct monitor *m, struct str user, struct str url);
void report_login(const struct monitor *m);
/* counts is NULL if imapd ended without a word. */
void report_end(const struct monitor *m, enum status_end how, const struct status_counts *counts);
/* The client went without a login. logout: in the orderly way. The counts are the dialogue's. */
void report_gone(const struct monitor *m, bool logout, struct str rcvd, struct str sent);
/* Something is wrong; text says what, and the address is added. */
void report_trouble(const struct monitor *m, int level, const char *text, ...) _printf_(3, 4);

/* For systemctl status: who, from where, and what he does. */
void report_status(const struct monitor *m, struct str doing);
