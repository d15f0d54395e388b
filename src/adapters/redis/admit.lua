-- Admits one request in every layer, or refuses it and writes nothing; a layer in shadow never refuses. The law is src/domain/window.rs; the tests in
-- tests/it/contract/limiter compare the two.
--
-- KEYS: one list for each layer: the times of its admitted requests in microseconds, newest first.
-- ARGV: for each layer, 1 where it may refuse or 0 where it is in shadow, how many times are kept of its log and for how
-- many microseconds, the number of its windows, then for each window its limit and its span in microseconds.
-- Times stay below 2^53 until the year 2255, so they are exact as Lua's numbers and as integers in the answer.
--
-- Answers {1, limit, remaining, reset, wait, time, …} with the tightest window of each layer and its new entry; the wait is
-- 0 but for a layer in shadow that would have refused, which has not recorded the request (its time is 0),
-- or {0, layer, limit, wait, …} with each layer that refuses, counted from 1, and its longest wait.

local call, floor, max, min = redis.call, math.floor, math.max, math.min

local clock = call('TIME')
local now = tonumber(clock[1]) * 1000000 + tonumber(clock[2])

local function time_at(key, index)
  return tonumber(call('LINDEX', key, index))
end

-- Of the request at `entry` and the newest `length - 1` before it: how many are later than `start`, and the oldest of
-- those. The expired ones are at the end and mostly few, so the search doubles its steps from there, then halves them.
local function counted(key, entry, length, start)
  local low, oldest = 1, entry
  local high, step = length, 1
  while high > low do
    local probe = max(length - step, 1)
    local time = time_at(key, probe - 1)
    if time > start then
      low, oldest = probe + 1, time
      break
    end
    high, step = probe, step * 2
  end
  while low < high do
    local middle = floor((low + high) / 2)
    local time = time_at(key, middle - 1)
    if time > start then low, oldest = middle + 1, time else high = middle end
  end
  return low, oldest
end

-- Does every layer admit?
local lengths, entries, shadowed = {}, {}, {}
local refused, at = { 0 }, 1
for layer, key in ipairs(KEYS) do
  local enforced, length, entry = ARGV[at] == '1', call('LLEN', key), now
  at = at + 3
  local last = at + 2 * ARGV[at]
  if length > 0 then
    -- A clock that stepped back, as after a failover, must not mint budget.
    entry = max(now, time_at(key, 0))
    local wait, told = 0, 0
    for i = at + 1, last, 2 do
      local limit, span = tonumber(ARGV[i]), tonumber(ARGV[i + 1])
      local places = max(limit, 1)
      if length >= places then
        local leaves = time_at(key, places - 1) + span
        if leaves > entry and leaves - now > wait then wait, told = leaves - now, limit end
      end
    end
    if wait > 0 and not enforced then
      shadowed[layer] = { told, wait }
    elseif wait > 0 then
      local n = #refused
      refused[n + 1], refused[n + 2], refused[n + 3] = layer, told, wait
    end
  end
  lengths[layer], entries[layer], at = length, entry, last + 1
end
if #refused > 1 then return refused end

-- Record it, and tell the tightest window of each layer.
local admitted
admitted, at = { 1 }, 1
for layer, key in ipairs(KEYS) do
  local length, entry = lengths[layer] + 1, entries[layer]
  local places, longest = tonumber(ARGV[at + 1]), tonumber(ARGV[at + 2])
  at = at + 3
  local last = at + 2 * ARGV[at]
  local limit, remaining, reset, wait = 0, nil, 0, 0
  local kept
  if shadowed[layer] then
    limit, remaining, reset, wait = shadowed[layer][1], 0, shadowed[layer][2], shadowed[layer][2]
  else
    for i = at + 1, last, 2 do
      local this_limit, span = tonumber(ARGV[i]), tonumber(ARGV[i + 1])
      local count, oldest = counted(key, entry, min(length, max(this_limit, 1)), entry - span)
      local left, leaves = max(this_limit - count, 0), oldest + span - now
      if not remaining or left < remaining or (left == remaining and leaves > reset) then
        limit, remaining, reset = this_limit, left, leaves
      end
      if span == longest and max(this_limit, 1) == places then kept = count end
    end
    if remaining then
      -- Mostly the longest window is also the one with the most places, and has been counted.
      kept = kept or counted(key, entry, min(length, places), entry - longest)
      call('LPUSH', key, string.format('%.0f', entry))
      if length > kept then call('LTRIM', key, 0, kept - 1) end
      call('PEXPIRE', key, string.format('%.0f', math.ceil((entry + longest - now) / 1000)))
    end
  end
  local n = #admitted
  admitted[n + 1], admitted[n + 2], admitted[n + 3] = limit, remaining or 0, reset
  admitted[n + 4], admitted[n + 5] = wait, wait == 0 and entry or 0
  at = last + 1
end
return admitted
