-- Adds to one log requests that were admitted elsewhere, in the order of their times.
--
-- KEYS[1]: the list, as in admit.lua.
-- ARGV: how many of the newest times matter, for how many microseconds one does, then the age of each request.

local call, min = redis.call, math.min
local clock = call('TIME')
local now = tonumber(clock[1]) * 1000000 + tonumber(clock[2])
local capacity, retention = tonumber(ARGV[1]), tonumber(ARGV[2])

local times, added = call('LRANGE', KEYS[1], 0, -1), false
for i = 1, #times do times[i] = tonumber(times[i]) end
for i = 3, #ARGV do
  local age = tonumber(ARGV[i])
  if age < retention then times[#times + 1], added = now - age, true end
end
if not added then return end

table.sort(times, function(a, b) return a > b end)
call('DEL', KEYS[1])
for first = 1, min(#times, capacity), 500 do
  local part = {}
  for i = first, min(first + 499, #times, capacity) do part[#part + 1] = string.format('%.0f', times[i]) end
  call('RPUSH', KEYS[1], unpack(part))
end
call('PEXPIRE', KEYS[1], string.format('%.0f', math.ceil((times[1] + retention - now) / 1000)))
