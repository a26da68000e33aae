/* version.h: what this is called */
#pragma once

#define IMAPD_VERSION "0.1"
