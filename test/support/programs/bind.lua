-- For sysbench: binds a number and a text once, and executes three times with what they have become.
function thread_init()
  local connection = sysbench.sql.driver():connect()
  statement = connection:prepare("SELECT ?, ?")
  number = statement:bind_create(sysbench.sql.type.INT)
  text = statement:bind_create(sysbench.sql.type.VARCHAR, 10)
  statement:bind_param(number, text)
end

function event()
  for i = 1, 3 do
    number:set(i)
    text:set("text " .. i)
    statement:execute():free()
  end
end
