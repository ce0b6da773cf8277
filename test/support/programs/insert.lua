-- Inserts rows one by one, over a new connection whenever the last one was lost, and says at the end how many inserts
-- were confirmed and how many connections were lost.

local function connect()
  while true do
    local is_made, made = pcall(drv.connect, drv)
    if is_made then return made end
  end
end

function thread_init()
  drv = sysbench.sql.driver()
  connection = connect()
  confirmed, lost = 0, 0
end

function event()
  local is_done = pcall(connection.query, connection, "INSERT INTO inserted VALUES ()")
  if is_done then
    confirmed = confirmed + 1
  else
    lost = lost + 1
    connection = connect()
  end
end

function thread_done()
  print(string.format("confirmed %d lost %d", confirmed, lost))
end
