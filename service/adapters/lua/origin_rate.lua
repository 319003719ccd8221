-- How often one origin is asked by all processes together, in one step that nobody else can come between.
--
-- KEYS: what is known of the origin, who asks it now. Time is the server's own.
-- ARGV: the process's name, its answers and good answers since it last told, 1 if somebody had to wait for the rate,
-- seconds of a pause that the origin has asked for, then the rate to begin with, the least, the most, how many answers are
-- looked at together, and for how many seconds a process counts that says nothing.
-- Answers with the rate, the share of good answers, the processes that ask and the seconds of the pause that are left.

local answers, good, held, pause = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
local first, least, most = tonumber(ARGV[6]), tonumber(ARGV[7]), tonumber(ARGV[8])
local window, silence = tonumber(ARGV[9]), tonumber(ARGV[10])
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local state = redis.call('HMGET', KEYS[1], 'rate', 'share', 'answers', 'good', 'held', 'resumes')
local rate, share = math.min(most, tonumber(state[1]) or first), tonumber(state[2]) or 1
answers, good = answers + (tonumber(state[3]) or 0), good + (tonumber(state[4]) or 0)
held = math.max(held, tonumber(state[5]) or 0)
local resumes = math.max(tonumber(state[6]) or 0, pause > 0 and now + pause or 0)

if answers >= window then
    share = good / answers
    if share < 0.8 then
        rate = math.max(math.min(least, most), rate * 0.9)
    elseif share > 0.95 and held == 1 then
        rate = math.min(most, rate * 1.1)
    end
    answers, good, held = 0, 0, 0
end

local function text(number) return string.format('%.17g', number) end
redis.call('HSET', KEYS[1], 'rate', text(rate), 'share', text(share), 'answers', answers, 'good', good, 'held', held,
    'resumes', text(resumes))
redis.call('EXPIRE', KEYS[1], 900)
redis.call('ZADD', KEYS[2], text(now), ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[2], '-inf', '(' .. text(now - silence))
redis.call('EXPIRE', KEYS[2], 60)
return {text(rate), text(share), redis.call('ZCARD', KEYS[2]), text(math.max(0, resumes - now))}
