-- Admits one request in every layer, or refuses it and writes nothing; a layer in shadow never refuses. The law is src/domain/window.rs; the tests in
-- tests/it/contract/limiter compare the two.
--
-- KEYS: one list for each layer: the times of its admitted requests in microseconds, newest first.
-- ARGV: for each layer one text of numbers: 1 where it may refuse or 0 where it is in shadow, how many times are kept of
-- its log and for how many microseconds, then for each window its limit and its span in microseconds.
-- Times stay below 2^53 until the year 2255, so they are exact as Lua's numbers.
--
-- Answers a text of numbers: 1, then limit, remaining, reset, wait and time for each layer: its tightest window and its
-- new entry; the wait is 0 but for a layer in shadow that would have refused, which has not recorded the request (its
-- time is 0). Or 0, then layer, limit and wait of each layer that refuses, counted from 1, with its longest wait.
--
-- A text of numbers holds eight bytes of each, the highest first: thirty arguments that have to be read as digits, and
-- twenty numbers in an answer, take Redis longer than the decision.

local call, floor, max, min = redis.call, math.floor, math.max, math.min
local format, rep = string.format, string.rep

-- The numbers of a text; behind them stands one more, where the reading ended.
local function numbers_of(text) return { struct.unpack('>' .. rep('i8', #text / 8), text) } end
local function text_of(numbers) return struct.pack('>' .. rep('i8', #numbers), unpack(numbers)) end

local clock = call('TIME')
local now = tonumber(clock[1]) * 1000000 + tonumber(clock[2])

-- Each question to Redis costs more than what is done with its answer, so no place is asked for twice. To read a text of
-- sixteen digits takes nearly as long as a question, so only those times are read that decide.
local function time_at(log, index)
  local time = log.times[index]
  if not time then
    local text = log.oldest[index - log.length + #log.oldest + 1] or call('LINDEX', log.key, format('%d', index))
    time = tonumber(text)
    log.times[index] = time
  end
  return time
end

-- Of the request that enters the log and the newest `length - 1` before it: how many are later than `start`, and the
-- oldest of those. Mostly all of them are. Else the expired ones are at the end and mostly few, so the search doubles its
-- steps from there, then halves them.
local function counted(log, length, start)
  local low, oldest = 1, log.entry
  if length == 1 then return low, oldest end
  local last = log.times[length - 2] or time_at(log, length - 2)
  if last > start then return length, last end
  local high, step = length - 1, 2
  while high > low do
    local probe = max(length - step, 1)
    local time = time_at(log, probe - 1)
    if time > start then
      low, oldest = probe + 1, time
      break
    end
    high, step = probe, step * 2
  end
  while low < high do
    local middle = floor((low + high) / 2)
    local time = time_at(log, middle - 1)
    if time > start then low, oldest = middle + 1, time else high = middle end
  end
  return low, oldest
end

-- Does every layer admit?
local logs, refused = {}, { 0 }
for layer, key in ipairs(KEYS) do
  -- Most of what is looked at is the oldest few and the newest: a short log is read as a whole.
  local oldest = call('LRANGE', key, '-8', '-1')
  local length = #oldest < 8 and #oldest or call('LLEN', key)
  local log = { key = key, rule = numbers_of(ARGV[layer]), length = length, oldest = oldest, entry = now, times = {} }
  local rule = log.rule
  logs[layer] = log
  if length > 0 then
    -- A clock that stepped back, as after a failover, must not mint budget.
    log.entry = max(now, time_at(log, 0))
    local wait, told = 0, 0
    for i = 4, #rule - 2, 2 do
      local limit, span = rule[i], rule[i + 1]
      if length >= limit then
        local leaves = time_at(log, max(limit, 1) - 1) + span
        if leaves > log.entry and leaves - now > wait then wait, told = leaves - now, limit end
      end
    end
    if wait > 0 and rule[1] == 0 then
      log.shadowed = { told, wait }
    elseif wait > 0 then
      local n = #refused
      refused[n + 1], refused[n + 2], refused[n + 3] = layer, told, wait
    end
  end
end
if #refused > 1 then return text_of(refused) end

-- Record it, and tell the tightest window of each layer.
local admitted = { 1 }
for _, log in ipairs(logs) do
  local rule, length, entry = log.rule, log.length + 1, log.entry
  local places, longest = rule[2], rule[3]
  local limit, remaining, reset, wait = 0, nil, 0, 0
  local kept
  if log.shadowed then
    limit, remaining, reset, wait = log.shadowed[1], 0, log.shadowed[2], log.shadowed[2]
  else
    for i = 4, #rule - 2, 2 do
      local this_limit, span = rule[i], rule[i + 1]
      local most = this_limit > 0 and this_limit or 1
      local count, oldest = counted(log, length < most and length or most, entry - span)
      local left, leaves = this_limit > count and this_limit - count or 0, oldest + span - now
      if not remaining or left < remaining or (left == remaining and leaves > reset) then
        limit, remaining, reset = this_limit, left, leaves
      end
      if span == longest and most == places then kept = count end
    end
    if remaining then
      -- Mostly the longest window is also the one with the most places, and has been counted.
      kept = kept or counted(log, min(length, places), entry - longest)
      call('LPUSH', log.key, format('%d', entry))
      if length > kept then call('LTRIM', log.key, '0', format('%d', kept - 1)) end
      call('PEXPIRE', log.key, format('%d', math.ceil((entry + longest - now) / 1000)))
    end
  end
  local n = #admitted
  admitted[n + 1], admitted[n + 2], admitted[n + 3] = limit, remaining or 0, reset
  admitted[n + 4], admitted[n + 5] = wait, wait == 0 and entry or 0
end
return text_of(admitted)
