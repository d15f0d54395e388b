-- Answers when this memory began and how far it has come, and writes, so that a Redis that cannot write fails here as it would
-- for a request. One that came back from an older copy of itself began when it did, and has come less far.
--
-- KEYS[1]: the beginning of this memory: set where there is none, and gone with everything else.
-- KEYS[2]: how often it was asked, in the same slot.

local call = redis.call
local began = call('GET', KEYS[1])
if not began then
  local clock = call('TIME')
  began = clock[1] .. '.' .. clock[2]
end
call('SET', KEYS[1], began)
return {began, call('INCR', KEYS[2])}
