-- For sysbench: one statement, with READ_SQL from the environment; says what it saw as a line of JSON.
-- sysbench's driver stores every result, and has no SQLSTATE to show.
function thread_init()
  connection = sysbench.sql.driver():connect()
end

local function quoted(text)
  return '"' .. tostring(text):gsub('[\\"]', '\\%0'):gsub("\n", "\\n") .. '"'
end

-- Called where a statement fails; sysbench goes on where it returns true.
function sysbench.hooks.sql_error_ignorable(failure)
  seen_error = string.format('{"code":%d,"sqlState":%s,"message":%s}', failure.sql_errno,
    quoted(failure.sql_state), quoted(failure.sql_errmsg))
  return true
end

function event()
  local rows, sum = 0, 0
  local ok, result = pcall(connection.query, connection, os.getenv("READ_SQL"))
  if ok and result then
    rows = result.nrows
    for _ = 1, rows do
      sum = sum + tonumber(result:fetch_row()[1])
    end
  end
  local row = connection:query_row("SELECT CONCAT(42, ':', CONNECTION_ID())")
  local answer, id = string.match(row, "(%d+):(%d+)")
  local after = string.format('{"answer":%s,"connectionId":%s}', answer, id)
  print(string.format('{"rows":%d,"sum":%d,"error":%s,"after":%s,"afterError":null}', rows, sum,
    seen_error or "null", after))
end
