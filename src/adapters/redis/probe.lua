-- Answers when this memory began, and writes, so that a Redis that cannot write fails here as it would for a request.
--
-- KEYS[1]: the beginning of this memory: set where there is none, and gone with everything else.

local call = redis.call
local began = call('GET', KEYS[1])
if not began then
  local clock = call('TIME')
  began = clock[1] .. '.' .. clock[2]
end
call('SET', KEYS[1], began)
return began
