#!/usr/bin/perl
# t/chain/rounds.pl PROGRAM...: a helper with rounds that lets nobody in. The message says what it does:
# "challenge N M": N challenges of M octets, whatever is answered; "n,,n=stop,...": one; anything else: none
use strict;
use warnings;
$^F = 255;
if (@ARGV == 1 && $ARGV[0] eq '--mechanisms') { print "SCRAM-SHA-256 X-ROUNDS\n"; exit 0 }
open(my $in, '<&=', 3) or exit 2;
my $message = do { local $/; <$in> } // '';
my ($n, $octets) = $message =~ /^\0challenge (\d+) (\d+)$/ ? ($1, $2) : $message =~ /^\0n,,n=stop,/ ? (1, 4) : (0, 0);
open(my $status, '+<&=', $ENV{IMAPSTATUSFD}) or exit 2;
for (1 .. $n) {
	send($status, 'CHALLENGE ' . 'x' x $octets, 0);
	recv($status, my $answer, 65536, 0);
}
exit 1;
