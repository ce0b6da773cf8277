#!/usr/bin/perl
# read.pl MODE HOST PORT USER PASSWORD SCHEMA SQL: reads a result row by row and says what it saw.
# MODE: buffered, streaming, prepared-buffered, prepared-streaming.
use strict;
use warnings;
use DBI;
use JSON::PP;

my ($mode, $host, $port, $user, $password, $schema, $sql) = @ARGV;
my %seen = (rows => 0, sum => 0, error => undef, after => undef, afterError => undef);

sub as_error {
    my ($code, $state, $message) = @_;
    return { code => $code, sqlState => $state, message => $message };
}

my $db = DBI->connect("DBI:mysql:database=$schema;host=$host;port=$port", $user, $password,
    { RaiseError => 0, PrintError => 0 });
if (!$db) {
    $seen{error} = as_error($DBI::err, $DBI::state, $DBI::errstr);
} else {
    my %attributes = (
        mysql_use_result => $mode =~ /streaming/ ? 1 : 0,
        mysql_server_prepare => $mode =~ /prepared/ ? 1 : 0,
    );
    my $statement = $db->prepare($sql, \%attributes);
    if ($statement && $statement->execute) {
        while (my $row = $statement->fetchrow_arrayref) {
            $seen{rows}++;
            $seen{sum} += $row->[0];
        }
    }
    my $failed = $statement // $db;
    $seen{error} = as_error($failed->err, $failed->state, $failed->errstr) if $failed->err;
    $statement->finish if $statement;
    undef $statement;
    my $after = $db->selectrow_arrayref('SELECT 42, CONNECTION_ID()');
    if ($after) {
        $seen{after} = { answer => $after->[0] + 0, connectionId => $after->[1] + 0 };
    } else {
        $seen{afterError} = $db->errstr;
    }
}
print encode_json(\%seen), "\n";
