# t/clients/mail-imaptalk.pl: Perl's Mail::IMAPTalk, and every extension that it knows but IDLE (it wants the words "+ idling"):
# mail-imaptalk.pl HOST TLS-PORT USER PASSWORD CERT FILE
use strict;
use warnings;
use Mail::IMAPTalk;
my ($host, $port, $user, $password, $cert, $path) = @ARGV;
my $m = Mail::IMAPTalk->new(
    Server => $host, Port => $port, Username => $user, Password => $password, UseSSL => 1, SSL_ca_file => $cert,
    UseCompress => 1, PreserveINBOX => 1, Uid => 1, Pedantic => 1,
) or die "no connection: $@";

sub ok { my ($what, $good) = @_; die "$what: " . ($@ || '') . "\n" unless $good }
sub is { my ($what, $got, $want) = @_; ok("$what is <" . ($got // 'undef') . ">", defined $got && $got eq $want) }

my $capability = $m->capability;
ok("capability $_", $capability->{$_}) for qw(condstore qresync compress=deflate id metadata xlist uidplus move sort thread=references);
ok('id', $m->id(name => 'talk', version => '1') && $m->get_response_code('remainder'));
ok('namespace', $m->namespace);
is('folders', join(',', sort map { $_->[2] } @{ $m->list('', '*') }), 'Archive,INBOX,Work');
ok('xlist', grep { grep { lc $_ eq '\\inbox' } @{ $_->[0] } } @{ $m->xlist('', '*') });
is('list with status', ($m->list([ 'SUBSCRIBED' ], '', '*') // 'none') && $m->get_last_completion_response, 'ok');
ok('enable', $m->enable('qresync'));

ok('select', $m->select('INBOX'));
is('exists', $m->get_response_code('exists'), 3);
my ($validity, $modseq) = ($m->get_response_code('uidvalidity'), $m->get_response_code('highestmodseq'));
is('status', join(',', map { $_->{messages} } @{ $m->multistatus('(MESSAGES UIDNEXT)', 'INBOX', 'Work') }{'INBOX', 'Work'}), '3,1');
my $fetched = $m->fetch('1:*', '(envelope bodystructure flags modseq rfc822.size emailid savedate)');
is('subject', $fetched->{1}{envelope}{Subject}, 'Hello');
is('structure', $fetched->{3}{bodystructure}{'MIME-Subparts'}[1]{'MIME-Type'}, 'application');
is('decoded', $m->fetch('3', '(binary.peek[2])')->{3}{binary}, "\0\1\2\3\4\5") if $fetched->{3}{binary};
like('headers', $m->fetch('2', '(body.peek[header.fields (subject from)])')->{2}{headers}{subject}[0], qr/^Re: Hello/);
sub like { my ($what, $got, $want) = @_; ok("$what is <$got>", $got =~ $want) }

is('search', join(',', @{ $m->search('1:*', 'SUBJECT', { Quote => 'hello' }) }), '1,2');
is('sort', join(',', @{ $m->sort('(REVERSE SIZE)', 'UTF-8', 'ALL') }), '3,2,1');
ok('thread', ref $m->thread('REFERENCES', 'UTF-8', 'ALL'));

ok('flag', $m->store('1', '+flags', '(\\Flagged blue)'));
is("flags", join(",", sort grep { !/Recent/ } @{ $m->fetch("1", "flags")->{1}{flags} }), "\\Flagged,blue");
$fetched = $m->fetch('1:*', 'flags', [ 'changedsince', $modseq ]);
is('changed', join(',', keys %$fetched), 1);
ok('no blue', $m->store('1', '-flags.silent', '(blue)'));
ok('move', $m->move('2', 'Archive'));
is('vanished', $m->get_response_code('vanished')->[-1], 2);
ok('mark', $m->store('3', '+flags.silent', '(\\Deleted)'));
ok('expunge', $m->uidexpunge('3'));
ok('unselect', $m->unselect);
ok('select with qresync', $m->select('INBOX', ReadOnly => 0));

open my $f, '<', $path or die $path;
my $text = do { local $/; <$f> };
$text =~ s/\n/\r\n/g;
ok('append', $m->append('Work', '(\\Seen)', { Literal => $text }));
is('appended', $m->get_response_code('appenduid')->[1], 2);
ok('copy', $m->select('Work') && $m->copy('2', 'Archive'));
is('copied', $m->get_response_code('copyuid')->[1], 2);
ok('the copy goes', $m->select('Archive') && $m->store('2', '+flags', '(\\Deleted)') && $m->expunge);

$m->set_unicode_folders(1);
my $name = "a.\x{fc}\x{263a}";
ok('create', $m->create($name));
ok('it is there', grep { $_->[2] eq $name } @{ $m->list('', '*') });
ok('subscribe', $m->subscribe($name) && (grep { $_->[2] eq $name } @{ $m->lsub('', '*') }) && $m->unsubscribe($name));
ok('rename', $m->rename($name, 'a.b'));
ok('metadata', $m->setmetadata('a.b', '/private/comment', 'a "quoted" one'));
is('comment', $m->getmetadata('a.b', { depth => 'infinity' }, '/private')->{'a.b'}{'/private/comment'}, 'a "quoted" one');
ok('server metadata', $m->setmetadata('', '/private/comment', 'x') && $m->getmetadata('', '/private/comment')->{''}{'/private/comment'} eq 'x');
ok('delete', $m->delete('a.b'));
ok('logout', $m->logout);
print "done\n";
