/* base/base64.h: base64 (RFC 4648 4), as SASL uses it */
#pragma once
#include "base/buf.h"

void base64_encode(struct buf *b, struct str octets);
/* Adds what s stands for. False, and nothing added, unless s is strict base64: padded, with nothing else in it. */
bool base64_decode(struct buf *b, struct str s);
/* The value of one digit of the alphabet, or -1. */
int base64_digit(char c);
