-- SPDX-License-Identifier: Apache-2.0
-- Makes wrk send exactly the number of requests that its argument says, on any number of
-- connections of one thread: once that many have been given out, every further one is delayed for
-- ever, and with the last answer the thread stops and says so in the file of the second argument.
local limit, marker, sent, answered = 0, nil, 0, 0

function init(args)
   limit = tonumber(args[1])
   marker = args[2]
end

function delay()
   if sent >= limit then
      return 1e9
   end
   sent = sent + 1
   return 0
end

function response(status)
   answered = answered + 1
   if answered == limit then
      io.open(marker, "w"):close()
      wrk.thread:stop()
   end
end
