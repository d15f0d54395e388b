-- Admits one request in every layer, or refuses it and writes nothing. The law is src/domain/window.rs; the tests in
-- tests/it/contract/limiter compare the two.
--
-- KEYS: one list for each layer: the times of its admitted requests in microseconds, newest first.
-- ARGV: for each layer, the number of its windows, then for each window its limit and its span in microseconds.
-- Times stay below 2^53 until the year 2255, so they are exact as Lua's numbers and as integers in the answer.
--
-- Answers {1, limit, remaining, reset, …} with the tightest window of each layer,
-- or {0, layer, limit, wait, …} with each layer that refuses, counted from 1, and its longest wait.

local time = redis.call('TIME')
local now = tonumber(time[1]) * 1000000 + tonumber(time[2])

-- Reads the layer whose arguments begin at `at`.
local function read(key, at)
  local layer = { key = key, length = redis.call('LLEN', key), windows = {} }
  for i = 1, tonumber(ARGV[at]) do
    local limit, span = tonumber(ARGV[at + 2 * i - 1]), tonumber(ARGV[at + 2 * i])
    layer.windows[i] = { limit = math.max(limit, 1), span = span, stated = limit }
  end
  local known = {}
  -- The time of the request with so many newer ones.
  layer.admitted = function(newer)
    known[newer] = known[newer] or tonumber(redis.call('LINDEX', key, newer))
    return known[newer]
  end
  -- A clock that stepped back, as after a failover, must not mint budget.
  layer.entry = now
  if layer.length > 0 then layer.entry = math.max(now, layer.admitted(0)) end
  return layer
end

-- How long the layer's fullest window refuses, and that window's limit; 0 where all admit.
local function refusal(layer)
  local wait, limit = 0, 0
  for _, window in ipairs(layer.windows) do
    if layer.length >= window.limit then
      local leaves = layer.admitted(window.limit - 1) + window.span
      if leaves > layer.entry and leaves - now > wait then wait, limit = leaves - now, window.stated end
    end
  end
  return wait, limit
end

-- How many of the log's newest `length` times, the request itself among them, are later than `start`. The expired ones
-- are at the end and mostly few, so the search doubles its steps from there and then halves them.
local function counted(time_at, length, start)
  local low, high, step = 0, length, 1
  while high > low do
    local probe = math.max(length - step, 0)
    if time_at(probe) > start then
      low = probe + 1
      break
    end
    high, step = probe, step * 2
  end
  while low < high do
    local middle = math.floor((low + high) / 2)
    if time_at(middle) > start then low = middle + 1 else high = middle end
  end
  return low
end

-- Records the request, and tells the tightest window after it.
local function record(layer)
  local function time_at(newer)
    if newer == 0 then return layer.entry end
    return layer.admitted(newer - 1)
  end
  local longest, kept, tightest = 0, 0, nil
  for _, window in ipairs(layer.windows) do
    local count = counted(time_at, math.min(layer.length + 1, window.limit), layer.entry - window.span)
    local remaining = math.max(window.stated - count, 0)
    local reset = time_at(count - 1) + window.span - now
    if not tightest or remaining < tightest.remaining
      or (remaining == tightest.remaining and reset > tightest.reset) then
      tightest = { limit = window.stated, remaining = remaining, reset = reset }
    end
    if window.span > longest then longest, kept = window.span, 0 end
    if window.span == longest then kept = math.max(kept, count) end
  end
  if tightest then
    redis.call('LPUSH', layer.key, string.format('%.0f', layer.entry))
    if layer.length + 1 > kept then redis.call('LTRIM', layer.key, 0, kept - 1) end
    redis.call('PEXPIRE', layer.key, string.format('%.0f', math.ceil((layer.entry + longest - now) / 1000)))
  end
  return tightest or { limit = 0, remaining = 0, reset = 0 }
end

local layers, refused, at = {}, { 0 }, 1
for index, key in ipairs(KEYS) do
  local layer = read(key, at)
  local wait, limit = refusal(layer)
  if wait > 0 then
    table.insert(refused, index)
    table.insert(refused, limit)
    table.insert(refused, wait)
  end
  layers[index] = layer
  at = at + 1 + 2 * #layer.windows
end
if #refused > 1 then return refused end

local admitted = { 1 }
for _, layer in ipairs(layers) do
  local standing = record(layer)
  table.insert(admitted, standing.limit)
  table.insert(admitted, standing.remaining)
  table.insert(admitted, standing.reset)
end
return admitted
