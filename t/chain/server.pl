#!/usr/bin/perl
# t/chain/server.pl: stands in for imapd at the end of the chain: READY, GO, tagged OK, then it echoes lines until LOGOUT.
# SERVER_SHOWS names a file for its environment and descriptors. The user's name asks for trouble.
use strict;
use warnings;
my $user = $ENV{AUTHENTICATED};
exit 100 unless defined $ENV{IMAPSTATUSFD};    # the session fails closed
open(my $status, '+<&=', $ENV{IMAPSTATUSFD}) or do { print "* BYE no status\r\n"; exit 100 };
if ($ENV{SERVER_SHOWS}) {
	open(my $out, '>', "$ENV{SERVER_SHOWS}.new");
	print $out "$_=$ENV{$_}\n" for sort keys %ENV;
	print $out "argv=@ARGV\n";
	print $out "fd=$_\n" for grep { -e "/proc/self/fd/$_" } 0 .. 2, 5 .. 255;
	close($out);
	rename("$ENV{SERVER_SHOWS}.new", $ENV{SERVER_SHOWS});
}
if ($user eq 'fail') { send($status, 'NO CONTACTADMIN Your Maildir is not there', 0); exit 111 }
send($status, "READY $user", 0);
my $go = '';
recv($status, $go, 16, 0);
exit 111 unless $go eq 'GO';
syswrite(STDOUT, "$ENV{IMAPLOGINTAG} OK logged in\r\n");
kill 'KILL', $$ if $user eq 'die';
send($status, 'STATUS reading INBOX', 0);
my ($rcvd, $buffer) = (0, '');
while (1) {
	my $ready = '';
	vec($ready, fileno($status), 1) = vec($ready, 0, 1) = 1;
	select($ready, undef, undef, undef);
	if (vec($ready, fileno($status), 1)) {    # the monitor ends the session
		syswrite(STDOUT, "* BYE stopped\r\n");
		send($status, "END SIGNAL rcvd=$rcvd sent=0 headers=0 body=0", 0);
		exit 0;
	}
	my $n = sysread(STDIN, $buffer, 65536, length $buffer);
	if (!$n) {
		send($status, "END DISCONNECTED rcvd=$rcvd sent=0 headers=0 body=0", 0);
		exit 0;
	}
	$rcvd += $n;
	while ($buffer =~ s/^([^\n]*\n)//) {
		my $line = $1;
		if ($line =~ /LOGOUT/) {
			syswrite(STDOUT, "* BYE\r\n");
			send($status, "END LOGOUT rcvd=$rcvd sent=22 headers=33 body=44", 0);
			exit 0;
		}
		syswrite(STDOUT, "* ECHO $line");
	}
}
