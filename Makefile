# imapd: make; make check; make quick; make run; make install DESTDIR= PREFIX=
#
# Objects of each room go into an archive, programs and tests link the archives, so a test can reach everything
# but main(). V names the variant: release, or asan (what make check builds).

V          ?= release
PREFIX     ?= /usr/local
BINDIR     ?= $(PREFIX)/bin
LIBEXECDIR ?= $(PREFIX)/libexec/imapd
MANDIR     ?= $(PREFIX)/share/man
UNITDIR    ?= $(if $(filter /usr,$(PREFIX)),/lib,$(PREFIX)/lib)/systemd/system
B          := build/$(V)

CC       ?= gcc
# -Wmaybe-uninitialized does not see that a ret is set when its function returns true.
WARN      = -Wall -Wextra -Wpedantic -Wshadow -Wconversion -Wmissing-prototypes -Wstrict-prototypes -Wvla \
            $(if $(findstring clang,$(CC)),,-Wno-maybe-uninitialized)
CPPFLAGS += -Isrc -I. -DLIBEXECDIR='"$(LIBEXECDIR)"'
STD      := -std=gnu17

ifeq ($(V),asan)
CFLAGS   ?= -O1 -g -fno-omit-frame-pointer
CFLAGS   += -fsanitize=address,undefined -fno-sanitize-recover=all -Werror
LDFLAGS  += -fsanitize=address,undefined
STATIC   :=
else ifeq ($(V),fuzz)
CC       := clang-14
CFLAGS   ?= -O1 -g -fno-omit-frame-pointer
CFLAGS   += -fsanitize=fuzzer-no-link,address,undefined -fno-sanitize-recover=all
LDFLAGS  += -fsanitize=address,undefined
STATIC   :=
else
CFLAGS   ?= -O2 -g
CFLAGS   += -fstack-protector-strong -D_FORTIFY_SOURCE=2
# Rooms call each other's small functions: optimizing across files saves a tenth of the instructions, and more.
ifeq ($(findstring clang,$(CC)),)
CFLAGS   += -flto=auto
AR       := gcc-ar
endif
LDFLAGS  += -Wl,-z,relro,-z,now -Wl,--as-needed
STATIC   := -static
endif

# Rooms, and the files in them that hold a main().
MAINS := src/imapd.c src/login/imaplogin.c src/tls/imaptls.c auth/auth-file.c auth/auth-unix.c \
         auth/imapd-passwd.c maildir/maildir-check.c src/imapd-cache.c
ROOMS := base mail imap wire server login tls auth maildir
SRC_base := $(wildcard src/base/*.c)
SRC_mail := $(wildcard src/mail/*.c)
SRC_imap := $(wildcard src/imap/*.c)
SRC_wire := $(wildcard src/wire/*.c)
SRC_server := $(wildcard src/*.c src/cmd/*.c)
SRC_login := $(wildcard src/login/*.c)
SRC_tls := $(wildcard src/tls/*.c)
SRC_auth := $(wildcard auth/*.c)
SRC_maildir := $(wildcard maildir/*.c)
objects = $(patsubst %.c,$(B)/%.o,$(filter-out $(MAINS),$(1)))
archive = $(B)/lib$(1).a

BIN     := $(B)/imapd $(B)/imapd-passwd $(B)/maildir-check $(B)/imapd-cache
LIBEXEC := $(B)/imaplogin $(B)/imaptls $(B)/auth-file $(B)/auth-unix
TESTS   := $(patsubst t/%.c,$(B)/t/%,$(wildcard t/t_*.c))

all: $(BIN) $(LIBEXEC)

$(foreach r,$(ROOMS),$(eval $(call archive,$(r)): $(call objects,$(SRC_$(r)))))
$(B)/lib%.a:
	@rm -f $@
	$(AR) rcs $@ $^

$(B)/%.o: %.c Makefile
	@mkdir -p $(@D)
	$(CC) $(STD) $(WARN) $(CPPFLAGS) $(CFLAGS) -MMD -MP -c $< -o $@

link = $(CC) $(CFLAGS) $(LDFLAGS) $(filter %.o,$^) -Wl,--start-group $(filter %.a,$^) -Wl,--end-group

$(B)/imapd $(B)/imapd-cache: $(B)/%: $(B)/src/%.o $(foreach r,server mail maildir imap wire base,$(call archive,$(r)))
	$(link) -l:libz.a -l:libunistring.a -l:liblmdb.a -o $@
$(B)/imaplogin: $(B)/src/login/imaplogin.o $(foreach r,login imap base,$(call archive,$(r)))
	$(link) $(STATIC) -o $@
$(B)/imaptls: $(B)/src/tls/imaptls.o $(foreach r,tls base,$(call archive,$(r)))
	$(link) -lgnutls -o $@
$(B)/auth-file $(B)/auth-unix $(B)/imapd-passwd: $(B)/%: $(B)/auth/%.o $(foreach r,auth base,$(call archive,$(r)))
	$(link) -l:libcrypt.a -l:libnettle.a -l:libunistring.a -o $@

$(B)/maildir-check: $(B)/maildir/maildir-check.o $(foreach r,maildir base,$(call archive,$(r)))
	$(link) -l:libunistring.a -l:liblmdb.a -o $@

T_ROOMS ?= $(ROOMS)
$(B)/t/t_%: $(B)/t/t_%.o $(foreach r,$(T_ROOMS),$(call archive,$(r)))
	$(link) -lcheck -lsubunit -lm -lrt -lpthread -lgnutls -lcrypt -l:libnettle.a -l:libz.a -l:libunistring.a -l:liblmdb.a -o $@

# The player of dialogues: t/imap/AREA/CASE.imap.
$(B)/dialog: $(B)/t/dialog.o $(patsubst %.c,$(B)/%.o,$(wildcard t/dialog/*.c)) $(call archive,base)
	$(link) -lcrypt -lgnutls -lz -o $@

tests: $(TESTS) $(B)/dialog

# Fuzzers: make V=fuzz fuzzers; then t/fuzz build/fuzz/t/fuzz_NAME.
$(B)/t/fuzz_%: $(B)/t/fuzz_%.o $(foreach r,$(T_ROOMS),$(call archive,$(r)))
	$(link) -fsanitize=fuzzer -lgnutls -lcrypt -l:libnettle.a -l:libz.a -l:libunistring.a -l:liblmdb.a -o $@
fuzzers: $(patsubst t/%.c,$(B)/t/%,$(wildcard t/fuzz_*.c))

check:
	@t/run
quick:
	@t/run --quick
run:
	@t/demo
# Compares with Courier and Dovecot; as root. BENCH holds options of t/bench/compare.sh.
bench:
	@t/bench/compare.sh $(BENCH)

include units/install.mk

clean:
	rm -rf build

.PHONY: all tests fuzzers check quick run bench clean
.SECONDARY:
-include $(shell find $(B) -name '*.d' 2>/dev/null)
