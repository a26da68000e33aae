# units/install.mk: make install DESTDIR= PREFIX=, and the way back. Included by the Makefile.
SYSCONFDIR  ?= $(if $(filter /usr /usr/local,$(PREFIX)),/etc,$(PREFIX)/etc)
DOCDIR      ?= $(PREFIX)/share/doc/imapd
SYSUSERSDIR ?= $(PREFIX)/lib/sysusers.d
TMPFILESDIR ?= $(PREFIX)/lib/tmpfiles.d
SYSCTLDIR   ?= $(PREFIX)/lib/sysctl.d
EXAMPLEDIR  := $(DOCDIR)/examples
INSTALL     ?= install

UNITS    := imapd.socket imaps.socket imapd@.service imaps@.service imapd-tls-ticket.service imapd-tls-ticket.timer
EXAMPLES := imapd-hardened.conf imapd-vmail.conf imapd.xinetd
CONFS    := imapd.conf imaps.conf
DOCS     := $(wildcard README.md doc/*.md)
PAGES    := $(wildcard doc/*.1 doc/*.5 doc/*.8)
page     = $(DESTDIR)$(MANDIR)/man$(subst .,,$(suffix $(1)))/$(notdir $(1))

# A file of units/ with the places of this installation in it.
placed = sed 's,@LIBEXECDIR@,$(LIBEXECDIR),g; s,@BINDIR@,$(BINDIR),g; s,@SYSCONFDIR@,$(SYSCONFDIR),g'
$(B)/units/%: units/%.in units/install.mk
	@mkdir -p $(@D)
	$(placed) $< >$@
$(B)/units/%: units/% units/install.mk
	@mkdir -p $(@D)
	$(placed) $< >$@

PLACED := $(addprefix $(B)/units/,$(UNITS) $(EXAMPLES) $(CONFS))

install: all $(PLACED)
	$(INSTALL) -d $(addprefix $(DESTDIR),$(BINDIR) $(LIBEXECDIR) $(UNITDIR) $(SYSUSERSDIR) $(TMPFILESDIR) \
		$(SYSCTLDIR) $(EXAMPLEDIR)/fail2ban) $(sort $(dir $(foreach p,$(PAGES),$(call page,$(p)))))
	$(INSTALL) -d -m 755 $(DESTDIR)$(SYSCONFDIR)/imapd
	$(INSTALL) -m 755 $(BIN) $(DESTDIR)$(BINDIR)
	$(INSTALL) -m 755 $(LIBEXEC) $(DESTDIR)$(LIBEXECDIR)
	$(INSTALL) -m 644 $(addprefix $(B)/units/,$(UNITS)) $(DESTDIR)$(UNITDIR)
	$(INSTALL) -m 644 units/imapd.sysusers $(DESTDIR)$(SYSUSERSDIR)/imapd.conf
	$(INSTALL) -m 644 units/imapd.tmpfiles $(DESTDIR)$(TMPFILESDIR)/imapd.conf
	$(INSTALL) -m 644 units/imapd.sysctl $(DESTDIR)$(SYSCTLDIR)/30-imapd.conf
	$(INSTALL) -m 644 $(addprefix $(B)/units/,$(EXAMPLES)) $(DESTDIR)$(EXAMPLEDIR)
	$(INSTALL) -m 644 units/fail2ban/* $(DESTDIR)$(EXAMPLEDIR)/fail2ban
	$(INSTALL) -m 644 $(DOCS) $(DESTDIR)$(DOCDIR)
	$(foreach p,$(PAGES),$(INSTALL) -m 644 $(p) $(call page,$(p)) &&) true
	$(foreach c,$(CONFS),$(INSTALL) -m 644 $(B)/units/$(c) $(DESTDIR)$(EXAMPLEDIR)/$(c) && { \
		test -e $(DESTDIR)$(SYSCONFDIR)/imapd/$(c) || \
		$(INSTALL) -m 644 $(B)/units/$(c) $(DESTDIR)$(SYSCONFDIR)/imapd/$(c); } &&) true

# What is in SYSCONFDIR is the site's own by now, and stays.
uninstall:
	rm -f $(addprefix $(DESTDIR)$(BINDIR)/,$(notdir $(BIN))) $(addprefix $(DESTDIR)$(UNITDIR)/,$(UNITS)) \
		$(DESTDIR)$(SYSUSERSDIR)/imapd.conf $(DESTDIR)$(TMPFILESDIR)/imapd.conf \
		$(DESTDIR)$(SYSCTLDIR)/30-imapd.conf $(foreach p,$(PAGES),$(call page,$(p)))
	rm -rf $(DESTDIR)$(LIBEXECDIR) $(DESTDIR)$(DOCDIR)

.PHONY: install uninstall
