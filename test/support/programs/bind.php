<?php
// bind.php HOST PORT USER PASSWORD SCHEMA: binds one value of each kind that mysqli knows, and executes twice.
declare(strict_types=1);
mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
[, $host, $port, $user, $password, $schema] = $argv;
$db = new mysqli($host, $user, $password, $schema, (int) $port);
$db->set_charset('utf8mb4');
$statement = $db->prepare('SELECT ?, ?, ?, ?, ?, ?, ?');
[$small, $large, $double, $text, $bytes] = [42, -9007199254740993, 0.1, 'naïve 日本', "\xff\x00"];
[$null, $blob] = [null, null];
$statement->bind_param('iidsssb', $small, $large, $double, $text, $bytes, $null, $blob);
$statement->send_long_data(6, str_repeat("\xfe", 70000));
$statement->send_long_data(6, 'end');
$statement->execute();
$statement->get_result()->fetch_row();
$small = 43;
$statement->execute();
$statement->get_result()->fetch_row();
