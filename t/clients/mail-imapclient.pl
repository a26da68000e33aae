# t/clients/mail-imapclient.pl: Perl's Mail::IMAPClient does what a client does:
# mail-imapclient.pl HOST PORT USER PASSWORD CERT FILE
use strict;
use warnings;
use Mail::IMAPClient;
my ($host, $port, $user, $password, $cert, $path) = @ARGV;
my $m = Mail::IMAPClient->new(
    Server => $host, Port => $port, User => $user, Password => $password, Uid => 1, Timeout => 60,
    Starttls => [ SSL_ca_file => $cert ],
) or die "no connection: $@";

sub ok { my ($what, $good) = @_; die "$what: " . ($m->LastError || '') . "\n" unless $good }

ok('folders', join(',', sort $m->folders) eq 'Archive,INBOX,Work');
ok('capabilities', $m->has_capability('UIDPLUS') && $m->has_capability('MOVE'));
ok('select', $m->select('INBOX'));
ok('messages', join(',', $m->messages) eq '1,2,3');
ok('search', join(',', $m->search(SUBJECT => $m->Quote('hello'))) eq '1,2');
ok('subject', $m->subject(1) eq 'Hello');
my $body = $m->body_string(1) // "none";
ok("body <$body>", $body =~ m{^Hello Bert\.\r?\n$});
ok('structure', $m->get_bodystructure(3)->bodytype eq 'MULTIPART');
ok('envelope', $m->get_envelope(2)->subject eq 'Re: Hello');
ok('flag', $m->set_flag('Flagged', 1));
ok('flags', grep { $_ eq '\\Flagged' } $m->flags(1));
ok('move', $m->move('Archive', 2));
ok('delete', $m->delete_message(3) == 1);
ok('expunge', $m->expunge);
ok('count', $m->message_count('INBOX') == 1);
open my $f, '<', $path or die $path;
my $text = do { local $/; <$f> };
$text =~ s/\n/\r\n/g;
my $uid = $m->append_string('Work', $text, '\\Seen \\Draft');
ok('append', $uid);
ok('select Work', $m->select('Work'));
ok('appended', $m->message_string($uid) eq $text);
ok('create', $m->create('a.b'));
ok('rename', $m->rename('a.b', 'a.c'));
ok('is there', $m->exists('a.c'));
ok('delete', $m->delete('a.c'));
ok('subscribe', $m->subscribe('Work') && join(',', $m->subscribed) eq 'Work' && $m->unsubscribe('Work'));
ok('idle', $m->idle && $m->done);
ok('unseen', $m->unseen_count('INBOX') == 0);
ok('logout', $m->logout);
print "done\n";
