<?php
// change-user.php HOST PORT USER PASSWORD SCHEMA NEW_USER NEW_PASSWORD NEW_SCHEMA SQL: connects, becomes
// another user on the same connection, reads SQL's rows, and says who it was, how many rows, which error.
// With READ_COMPRESSED in the environment it compresses.
declare(strict_types=1);
mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
[, $host, $port, $user, $password, $schema, $newUser, $newPassword, $newSchema, $sql] = $argv;
$who = "SELECT SUBSTRING_INDEX(USER(), '@', 1), DATABASE(), CONNECTION_ID()";
$db = mysqli_init();
$flags = getenv('READ_COMPRESSED') === false ? 0 : MYSQLI_CLIENT_COMPRESS;
$db->real_connect($host, $user, $password, $schema, (int) $port, null, $flags);
$seen = ['before' => $db->query($who)->fetch_row(), 'rows' => 0, 'code' => 0];
try {
    $db->change_user($newUser, $newPassword, $newSchema);
    $seen['after'] = $db->query($who)->fetch_row();
    $seen['rows'] = $db->query($sql)->num_rows;
} catch (mysqli_sql_exception $error) {
    $seen['code'] = $error->getCode();
}
echo json_encode($seen), "\n";
