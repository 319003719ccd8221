-- Draws tokens out of the bucket KEYS[1], in one step that nobody else can come between; time is the server's own.
--
-- ARGV: capacity, tokens per second, wanted, needed, returned (tokens put back before; negative for a debt).
-- Answers with the tokens drawn, 0 when there were not as many as needed, and with what is left, as text.
-- A bucket that is full again is forgotten: a new one is full.

local capacity, per_second = tonumber(ARGV[1]), tonumber(ARGV[2])
local wanted, needed, returned = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local state = redis.call('HMGET', KEYS[1], 'left', 'at')
local left, at = tonumber(state[1]) or capacity, tonumber(state[2]) or now

left = math.min(capacity, left + math.max(0, now - at) * per_second + returned)
local drawn = 0
if left >= math.max(1, needed) then
    drawn = math.min(wanted, math.floor(left))
    left = left - drawn
end

local text = string.format('%.17g', left)
redis.call('HSET', KEYS[1], 'left', text, 'at', string.format('%.17g', now))
redis.call('PEXPIRE', KEYS[1], math.min(1e12, math.ceil((capacity - left) / per_second * 1000) + 1000))
return {drawn, text}
