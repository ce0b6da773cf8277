#!/usr/bin/perl
# bind.pl HOST PORT USER PASSWORD SCHEMA: binds values as numbers, texts and bytes, and executes twice.
use strict;
use warnings;
use utf8;
use DBI qw(:sql_types);

my ($host, $port, $user, $password, $schema) = @ARGV;
my $db = DBI->connect("DBI:mysql:database=$schema;host=$host;port=$port", $user, $password,
    { RaiseError => 1, mysql_server_prepare => 1, mysql_enable_utf8mb4 => 1 });
my $statement = $db->prepare('SELECT ?, ?, ?, ?, ?');
for my $number (42, 43) {
    $statement->bind_param(1, $number, SQL_INTEGER);
    $statement->bind_param(2, 0.5, SQL_DOUBLE);
    $statement->bind_param(3, 'naïve 日本', SQL_VARCHAR);
    $statement->bind_param(4, "\xff\x00", SQL_BLOB);
    $statement->bind_param(5, undef);
    $statement->execute;
    $statement->fetchall_arrayref;
}
$statement->finish;
undef $statement;
$db->disconnect;
