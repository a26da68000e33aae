#!/usr/bin/perl
# t/chain/check.pl: a third party's checkpassword program, in Perl: ann, "s p a c e"; and what else helpers do.
# CHECK_LOG notes each run. The user's name asks for trouble: exit-N, signal, hang, no-CODE, silent.
use strict;
use warnings;
$^F = 255;    # descriptors stay open over exec
my $input = '';
{
	open(my $in, '<&=', 3) or exit 2;
	local $/;
	$input = <$in> // '';
	close($in);
}
if ($ENV{CHECK_LOG}) {
	open(my $log, '>>', $ENV{CHECK_LOG});
	print $log "$0 ", length($input), " $ENV{IMAPMECHANISM} ", join(' ', @ARGV), "\n";
}
my ($user, $password, $stamp) = split(/\0/, $input, 4);
exit 2 unless defined $stamp;
exit $1 if $user =~ /^exit-(\d+)$/;
kill 'SEGV', $$ if $user eq 'signal';
sleep 1000 if $user eq 'hang';
if ($user =~ /^no-([A-Z-]+)-(\d+)$/) {
	open(my $status, '+<&=', $ENV{IMAPSTATUSFD}) or exit 2;
	send($status, "NO $1 says the helper", 0);
	exit $2;
}
if ($user eq 'silent') {    # closes what it does not know
	require POSIX;
	POSIX::close($_) for 3 .. 255;
}
exit 1 unless $user =~ /^(ann|silent|die|nogo|fail|slow)$/ and $password eq 's p a c e';
$ENV{USER} = $user;
exec { $ARGV[0] } @ARGV or exit 111;
