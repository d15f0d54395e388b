-- Gives the time of this server and the logs of layers, and writes nothing.
--
-- KEYS: the lists, as in admit.lua.
-- ARGV: how many of the newest times matter of each.
--
-- Answers {{time}, {time, …}, …}, each log newest first.

local call = redis.call
local clock = call('TIME')
local answer = { { string.format('%.0f', tonumber(clock[1]) * 1000000 + tonumber(clock[2])) } }
for layer, key in ipairs(KEYS) do answer[layer + 1] = call('LRANGE', key, 0, ARGV[layer] - 1) end
return answer
