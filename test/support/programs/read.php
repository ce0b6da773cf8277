<?php
// read.php MODE HOST PORT USER PASSWORD SCHEMA SQL: reads a result row by row and says what it saw.
// MODE: buffered, streaming, prepared-buffered, prepared-streaming, prepared-cursor.
// With READ_COMPRESSED in the environment it compresses.
declare(strict_types=1);
mysqli_report(MYSQLI_REPORT_ERROR | MYSQLI_REPORT_STRICT);
[, $mode, $host, $port, $user, $password, $schema, $sql] = $argv;
$seen = ['rows' => 0, 'sum' => 0, 'error' => null, 'after' => null, 'afterError' => null];

function asError(int $code, string $sqlState, string $message): array
{
    return ['code' => $code, 'sqlState' => $sqlState, 'message' => $message];
}

function count_row(array $row): void
{
    global $seen;
    $seen['rows']++;
    $seen['sum'] += (int) $row[0];
}

/** Reads a text result; false from fetch_row is an error in its midst, null its end. */
function readText(mysqli $db, string $sql, int $how): void
{
    $result = $db->query($sql, $how);
    while (is_array($row = $result->fetch_row())) {
        count_row($row);
    }
    if ($db->errno !== 0) {
        throw new mysqli_sql_exception($db->error, $db->errno);
    }
    $result->free();
}

function readPrepared(mysqli $db, string $sql, string $mode): void
{
    $statement = $db->prepare($sql);
    if ($mode === 'prepared-cursor') {
        $statement->attr_set(MYSQLI_STMT_ATTR_CURSOR_TYPE, MYSQLI_CURSOR_TYPE_READ_ONLY);
        $statement->attr_set(MYSQLI_STMT_ATTR_PREFETCH_ROWS, 1);
    }
    try {
        $statement->execute();
        if ($mode === 'prepared-buffered') {
            $statement->store_result();
        }
        $columns = array_fill(0, $statement->field_count, null);
        $bound = [];
        foreach (array_keys($columns) as $index) {
            $bound[] = &$columns[$index];
        }
        $statement->bind_result(...$bound);
        while (($fetched = $statement->fetch()) === true) {
            count_row($columns);
        }
        if ($fetched === false) {
            throw new mysqli_sql_exception($statement->error, $statement->errno);
        }
    } finally {
        $statement->close();
    }
}

try {
    $db = mysqli_init();
    $flags = getenv('READ_COMPRESSED') === false ? 0 : MYSQLI_CLIENT_COMPRESS;
    $db->real_connect($host, $user, $password, $schema, (int) $port, null, $flags);
    try {
        match ($mode) {
            'buffered' => readText($db, $sql, MYSQLI_STORE_RESULT),
            'streaming' => readText($db, $sql, MYSQLI_USE_RESULT),
            default => readPrepared($db, $sql, $mode),
        };
    } catch (mysqli_sql_exception $error) {
        $seen['error'] = asError($error->getCode(), $error->getSqlState(), $error->getMessage());
    }
    try {
        [$answer, $connectionId] = $db->query('SELECT 42, CONNECTION_ID()')->fetch_row();
        $seen['after'] = ['answer' => (int) $answer, 'connectionId' => (int) $connectionId];
    } catch (mysqli_sql_exception $error) {
        $seen['afterError'] = $error->getMessage();
    }
} catch (mysqli_sql_exception $error) {
    $seen['error'] = asError($error->getCode(), $error->getSqlState(), $error->getMessage());
}
echo json_encode($seen), "\n";
